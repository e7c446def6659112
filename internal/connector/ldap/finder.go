package ldap

import (
	"context"
	"fmt"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap/wire"
	"synccenter.dev/synccenter/internal/directory"
)

var _ connector.Finder = (*Source)(nil)

// Finds compares the equality with the one of the server's own matching rule. Of phone numbers a server ignores less than we do.
func (s *Source) Finds(ctx context.Context, name string, equality directory.Equality) (bool, error) {
	schema, err := s.Schema(ctx)
	if err != nil {
		return false, err
	}
	field, ok := schema.Field(directory.User, name)
	rule, compares := s.rules[field.Name]
	if !ok || !compares || field.Type == directory.Bytes {
		return false, nil
	}
	return equality == directory.Exact || equality == rule && equality != directory.Phone, nil
}

// FindUsers asks for so many criteria at once as for IDs.
func (s *Source) FindUsers(ctx context.Context, criteria []connector.Criterion, fields []string) ([]directory.Entry, error) {
	r, err := s.reader(ctx, directory.User, fields)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var found []directory.Entry
	for batch := range slices.Chunk(criteria, lookupBatch) {
		filter, err := s.criteria(ctx, r, batch)
		if err != nil {
			return nil, err
		}
		q := query{
			attempt: fmt.Sprintf("looking for users by their values under users.baseDN %q", s.config.Users.BaseDN), base: s.config.Users.BaseDN,
			scope: goldap.ScopeWholeSubtree, filter: allOf(s.config.Users.Filter, filter), attributes: r.attributes,
		}
		err = s.search(ctx, q, func(e *wire.Entry) error {
			entry, err := s.user(r, e)
			if err == nil && !seen[entry.ID] {
				seen[entry.ID] = true
				found = append(found, entry)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// criteria is the filter for criteria of which one is met.
func (s *Source) criteria(ctx context.Context, r *reader, criteria []connector.Criterion) (string, error) {
	schema, err := s.Schema(ctx)
	if err != nil {
		return "", err
	}
	var filters []string
	for _, criterion := range criteria {
		if criterion.Mark != nil {
			if r.mark != "" {
				filters = append(filters, holds(r.mark, formatMark(*criterion.Mark)))
			}
			continue
		}
		var all []string
		for _, wanted := range criterion.Values {
			field, ok := schema.Field(directory.User, wanted.Field)
			if !ok {
				return "", invalid("%s: the server's schema has no attribute %q", s.server.url, wanted.Field)
			}
			value, err := native(&field, wanted.Value)
			if err != nil {
				return "", err
			}
			all = append(all, holds(field.Name, value))
		}
		filters = append(filters, allOf(all...))
	}
	return anyOf(filters...), nil
}

// ResolveOne reads the one entry that a name names.
func (s *Source) ResolveOne(ctx context.Context, reference string) (string, bool, error) {
	normal, ok := directory.NormalDN(reference)
	if !ok {
		return "", false, nil
	}
	if id, ok := s.Resolve(reference); ok {
		return id, true, nil
	}
	if base, _ := directory.NormalDN(s.config.Users.BaseDN); normal != base && !strings.HasSuffix(normal, ","+base) {
		return "", false, nil // users stand below their base only
	}
	q := query{
		attempt: fmt.Sprintf("reading %q, which another entry names", printable(reference)), base: reference, scope: goldap.ScopeBaseObject,
		filter: s.config.Users.Filter, attributes: []string{entryUUID},
	}
	id := ""
	err := s.search(ctx, q, func(e *wire.Entry) error {
		if found, ok := parseUUID(firstValue(e, entryUUID)); ok {
			id = found.String()
		}
		return nil
	})
	if isResult(err, goldap.LDAPResultNoSuchObject) {
		return "", false, nil
	}
	return id, id != "", err
}
