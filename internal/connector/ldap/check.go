package ldap

import (
	"context"
	"fmt"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector/ldap/wire"
	"synccenter.dev/synccenter/internal/directory"
)

// Check proves that the schema, both bases, a department and a user can be read, with their IDs. A directory that is
// empty so far passes: it may be about to be filled.
func (s *Source) Check(ctx context.Context) error {
	if _, err := s.Identity(ctx); err != nil {
		return err
	}
	if _, err := s.Schema(ctx); err != nil {
		return err
	}
	if err := s.checkOne(ctx, directory.Department, s.config.Departments.Filter); err != nil {
		return err
	}
	return s.checkOne(ctx, directory.User, s.config.Users.Filter)
}

// checkOne reads one entry of a kind, if there is one.
func (s *Source) checkOne(ctx context.Context, kind directory.Kind, filter string) error {
	base, field := s.baseOf(kind)
	if base == "" {
		return nil // a directory without departments
	}
	r, err := s.reader(ctx, kind, nil)
	if err != nil {
		return err
	}
	one := query{
		attempt: fmt.Sprintf("reading one entry under %s %q", field, base), base: base, scope: goldap.ScopeWholeSubtree,
		filter: filter, attributes: r.attributes, atMost: 1,
	}
	return s.search(ctx, one, func(e *wire.Entry) error {
		_, _, err := r.entry(e)
		return err
	})
}
