package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
	"golang.org/x/sync/errgroup"

	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
)

// loadPart fills an empty target with what a first run would write, in the plainest way: parents first, then all users on a number of
// connections, each added and then read for its entryUUID. Everything is prepared in memory before the clock runs.
func loadPart(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	sourceURL := flags.String("source", "", "address of the source")
	targetURL := flags.String("target", "", "address of the target")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	watch := newStopwatch()
	watch.enter("prepare")
	departments, users, err := preparedRequests(*sourceURL)
	if err != nil {
		return fmt.Errorf("preparing what is to be added: %w", err)
	}
	watch.enter("load")
	if err := addAll(ctx, *targetURL, departments, 1); err != nil {
		return fmt.Errorf("adding departments: %w", err)
	}
	if err := addAll(ctx, *targetURL, users, connections); err != nil {
		return fmt.Errorf("adding users: %w", err)
	}
	return watch.tell()
}

// preparedRequests reads the source and makes the requests for the target. Parents stand first.
func preparedRequests(url string) (departments, users []*goldap.AddRequest, err error) {
	conn, err := dial(url)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	err = eachPage(conn, sourceOrg, departmentFilter, append([]string{"entryUUID"}, departmentFields...), func(entries []*goldap.Entry) {
		for _, entry := range entries {
			if entry.DN != sourceOrg {
				departments = append(departments, addRequest(entry, "organizationalUnit", departmentFields))
			}
		}
	})
	if err != nil {
		return nil, nil, err
	}
	slices.SortStableFunc(departments, func(a, b *goldap.AddRequest) int { return strings.Count(a.DN, ",") - strings.Count(b.DN, ",") })
	err = eachPage(conn, sourcePeople, userFilter, readAttributes(false), func(entries []*goldap.Entry) {
		for _, entry := range entries {
			request := addRequest(entry, "inetOrgPerson", userFields)
			names := entry.GetAttributeValues(departmentAttribute)
			for i := range names {
				names[i] = inTarget(names[i])
			}
			request.Attribute(departmentAttribute, names)
			request.Attribute(markAttribute, []string{"bench/bench#" + entry.GetAttributeValue("entryUUID")})
			users = append(users, request)
		}
	})
	return departments, users, err
}

func addRequest(entry *goldap.Entry, class string, fields []string) *goldap.AddRequest {
	request := goldap.NewAddRequest(inTarget(entry.DN), nil)
	request.Attribute("objectClass", []string{class})
	for _, field := range fields {
		if values := entry.GetAttributeValues(field); len(values) > 0 {
			request.Attribute(field, values)
		}
	}
	return request
}

// inTarget is a name of the source below the target's suffix.
func inTarget(dn string) string { return strings.TrimSuffix(dn, sourceSuffix) + slapdtest.Suffix }

// addAll adds entries on a number of connections.
func addAll(ctx context.Context, url string, requests []*goldap.AddRequest, connections int) error {
	group, ctx := errgroup.WithContext(ctx)
	todo := make(chan *goldap.AddRequest)
	for range connections {
		group.Go(func() (err error) {
			conn, err := dial(url)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, conn.Close()) }()
			for request := range todo {
				if err := addOne(conn, request); err != nil {
					return fmt.Errorf("%s: %w", request.DN, err)
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(todo)
		for _, request := range requests {
			select {
			case todo <- request:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return group.Wait()
}

func addOne(conn *goldap.Conn, request *goldap.AddRequest) error {
	if err := conn.Add(request); err != nil {
		return err
	}
	read := goldap.NewSearchRequest(request.DN, goldap.ScopeBaseObject, goldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"entryUUID"}, nil)
	result, err := conn.Search(read)
	if err == nil && (len(result.Entries) != 1 || result.Entries[0].GetAttributeValue("entryUUID") == "") {
		err = errors.New("it has no entryUUID")
	}
	return err
}
