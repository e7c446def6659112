package ldap

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap/wire"
)

// pageSize is how many entries a page has: what Active Directory allows at most by default, and large enough for others.
const pageSize = 1000

// query is a search for a whole answer.
type query struct {
	// attempt is what is done, for messages.
	attempt    string
	base       string
	scope      int
	filter     string
	attributes []string
	// atMost makes do with so many entries, when it is not 0. The answer is not proven to be whole then.
	atMost int64
}

// search reads all pages of an answer on one connection. No error means that nothing is missing from it. An error of each ends
// the search and is returned as it is.
func (s *Source) search(ctx context.Context, q query, each func(*wire.Entry) error) error {
	for {
		conn, used, err := s.server.borrow(ctx)
		if err != nil {
			return err
		}
		started, err := s.searchOn(ctx, conn, q, each)
		stale := used && conn.Broken() && !started && ctx.Err() == nil
		s.server.giveBack(conn)
		if !stale {
			return err
		} // the server dropped the connection while it was idle; nothing of the answer was seen
	}
}

// searchOn reads all pages on a connection. It reports whether any part of the answer came.
func (s *Source) searchOn(ctx context.Context, conn *wire.Conn, q query, each func(*wire.Entry) error) (started bool, err error) {
	request := wire.Request{Base: q.base, Scope: q.scope, Filter: q.filter, Attributes: q.attributes, SizeLimit: q.atMost}
	if q.scope != goldap.ScopeBaseObject && q.atMost == 0 {
		request.PageSize = pageSize
	}
	var refused error
	for {
		result, err := conn.Search(ctx, request, func(e *wire.Entry) error {
			started = true
			refused = each(e)
			return refused
		})
		switch {
		case refused != nil:
			return started, refused
		case q.atMost > 0 && isResult(err, goldap.LDAPResultSizeLimitExceeded):
			return started, nil
		case err != nil:
			return started, s.server.failed(ctx, q.attempt, err)
		case len(result.References) > 0 && s.config.Referrals != IgnoreReferrals:
			return started, s.referred(q, result.References)
		}
		s.leftOut.note(q.base, result.References)
		if len(result.Cookie) == 0 {
			return started, nil
		}
		started = true
		request.Cookie = result.Cookie
	}
}

// referred is the error of an answer with references.
func (s *Source) referred(q query, references []string) error {
	return &connector.Error{Class: connector.Incomplete, Err: fmt.Errorf(
		"%s: %s: a part of it stands on another server (%s) and was not read: read from a server that has everything, or set referrals to Ignore if that part does not matter",
		s.server.url, q.attempt, printable(strings.Join(references, ", ")))}
}

// readEntry reads one entry, which must exist.
func (s *Source) readEntry(ctx context.Context, attempt, dn string, attributes []string, each func(*wire.Entry) error) error {
	found := false
	q := query{attempt: attempt, base: dn, scope: goldap.ScopeBaseObject, filter: "(objectClass=*)", attributes: attributes}
	err := s.search(ctx, q, func(e *wire.Entry) error {
		found = true
		return each(e)
	})
	if err == nil && !found {
		err = &connector.Error{Class: connector.NotFound, Err: fmt.Errorf("%s: %s: the account may not see it: give it the right to read", s.server.url, attempt)}
	}
	return err
}

// errStop ends a search when nobody wants the rest.
var errStop = errors.New("the reader stopped")

// values are the values of an attribute.
func values(e *wire.Entry, name string) []string {
	for i := range e.Attributes {
		if strings.EqualFold(e.Attributes[i].Name, name) {
			return e.Attributes[i].Values
		}
	}
	return nil
}

// firstValue is the first value of an attribute, or "".
func firstValue(e *wire.Entry, name string) string {
	if v := values(e, name); len(v) > 0 {
		return v[0]
	}
	return ""
}
