package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector/ldap"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/connector/ldap/wire"
)

const pageSize = 1000

// reading takes the flags of a part that reads the source's users and checks that it found some.
func reading(name string, arguments []string, read func(url string) (users int, err error)) error {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	url := flags.String("source", "", "address of the source")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	watch := newStopwatch()
	watch.enter("read")
	users, err := read(*url)
	if err == nil && users == 0 {
		err = errors.New("no user was found")
	}
	if err != nil {
		return fmt.Errorf("reading with %s: %w", name, err)
	}
	return watch.tell()
}

// wirePart reads users with the decoder alone.
func wirePart(ctx context.Context, arguments []string) error {
	return reading("wire", arguments, func(url string) (users int, err error) {
		conn, err := wire.Dial(ctx, wire.Options{Address: strings.TrimPrefix(url, "ldap://"), Timeout: time.Minute})
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		if err := conn.Bind(ctx, slapdtest.AdminDN, slapdtest.AdminPassword); err != nil {
			return 0, err
		}
		request := wire.Request{Base: sourcePeople, Scope: goldap.ScopeWholeSubtree, Filter: userFilter, Attributes: readAttributes(false), PageSize: pageSize}
		for {
			result, err := conn.Search(ctx, request, func(*wire.Entry) error {
				users++
				return nil
			})
			if err != nil || len(result.Cookie) == 0 {
				return users, err
			}
			request.Cookie = result.Cookie
		}
	})
}

// entriesPart reads users with the connector, which makes entries of what the decoder gives.
func entriesPart(ctx context.Context, arguments []string) error {
	return reading("entries", arguments, func(url string) (users int, err error) {
		source, err := ldap.NewSource(ctx, readConfig(url))
		if err != nil {
			return 0, err
		}
		defer source.Close()
		for _, err := range source.Departments(ctx, departmentFields) {
			if err != nil {
				return 0, err
			}
		}
		for _, err := range source.Users(ctx, userFields) {
			if err != nil {
				return 0, err
			}
			users++
		}
		return users, nil
	})
}

// goLDAPPart reads users with go-ldap.
func goLDAPPart(_ context.Context, arguments []string) error {
	return reading("go-ldap", arguments, func(url string) (users int, err error) {
		conn, err := dial(url)
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		err = eachPage(conn, sourcePeople, userFilter, readAttributes(false), func(entries []*goldap.Entry) { users += len(entries) })
		return users, err
	})
}

func dial(url string) (*goldap.Conn, error) {
	conn, err := goldap.DialURL(url)
	if err != nil {
		return nil, err
	}
	if err := conn.Bind(slapdtest.AdminDN, slapdtest.AdminPassword); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// eachPage reads with go-ldap page by page, so that one page at a time is in memory.
func eachPage(conn *goldap.Conn, base, filter string, attributes []string, use func([]*goldap.Entry)) error {
	paging := goldap.NewControlPaging(pageSize)
	for {
		request := goldap.NewSearchRequest(base, goldap.ScopeWholeSubtree, goldap.NeverDerefAliases, 0, 0, false, filter, attributes, []goldap.Control{paging})
		result, err := conn.Search(request)
		if err != nil {
			return err
		}
		use(result.Entries)
		next, ok := goldap.FindControl(result.Controls, goldap.ControlTypePaging).(*goldap.ControlPaging)
		if !ok || len(next.Cookie) == 0 {
			return nil
		}
		paging.SetCookie(next.Cookie)
	}
}
