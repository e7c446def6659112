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
	for kind, filter := range map[directory.Kind]string{directory.User: s.config.Users.Filter, directory.Department: s.config.Departments.Filter} {
		base, field := s.baseOf(kind)
		if base == "" {
			continue
		}
		r, err := s.reader(ctx, kind, nil)
		if err != nil {
			return err
		}
		one := query{
			attempt: fmt.Sprintf("reading one entry under %s %q", field, base), base: base, scope: goldap.ScopeWholeSubtree,
			filter: filter, attributes: r.attributes, atMost: 1,
		}
		if err := s.search(ctx, one, func(e *wire.Entry) error {
			_, _, err := r.entry(e)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}
