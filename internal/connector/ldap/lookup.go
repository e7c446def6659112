package ldap

import (
	"context"
	"fmt"
	"slices"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector/ldap/wire"
	"synccenter.dev/synccenter/internal/directory"
)

// lookupBatch is how many IDs one filter asks for. Where entryUUID is not indexed a server walks through everything for each filter,
// and larger filters do not make that faster.
const lookupBatch = 100

// Lookup reads entries by their entryUUIDs, whatever the filters of the configuration say. Those that a filter leaves out say so.
func (s *Source) Lookup(ctx context.Context, kind directory.Kind, ids, fields []string) ([]directory.Entry, error) {
	if err := s.loadDepartments(ctx); err != nil {
		return nil, err
	}
	r, err := s.reader(ctx, kind, fields)
	if err != nil {
		return nil, err
	}
	var entries []directory.Entry
	for batch := range slices.Chunk(uniqueUUIDs(ids), lookupBatch) {
		filters := make([]string, len(batch))
		for i, id := range batch {
			filters[i] = holds(entryUUID, id.String())
		}
		found, err := s.lookupBatch(ctx, r, anyOf(filters...))
		if err != nil {
			return nil, err
		}
		entries = append(entries, found...)
	}
	return entries, nil
}

// lookupBatch reads the entries of one filter.
func (s *Source) lookupBatch(ctx context.Context, r *reader, filter string) ([]directory.Entry, error) {
	base, name := s.baseOf(r.kind)
	if base == "" {
		return nil, nil // a directory without departments
	}
	q := query{
		attempt: fmt.Sprintf("looking up entries by ID under %s %q", name, base), base: base,
		scope: goldap.ScopeWholeSubtree, filter: filter, attributes: r.attributes,
	}
	var entries []directory.Entry
	err := s.search(ctx, q, func(e *wire.Entry) error {
		entry, err := s.convert(r, e)
		entries = append(entries, entry)
		return err
	})
	if err == nil && len(entries) > 0 {
		err = s.noteFiltered(ctx, q, r.kind, entries)
	}
	if err != nil || r.kind != directory.User || s.config.Departments.Type != Groups {
		return entries, err
	}
	for i := range entries { // groups may have changed since they were read
		if entries[i].Departments, err = s.groupsOf(ctx, entries[i].Place); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// noteFiltered asks the server which of the entries that a query found pass the filter of the configuration.
func (s *Source) noteFiltered(ctx context.Context, q query, kind directory.Kind, entries []directory.Entry) error {
	passes := s.config.Users.Filter
	if kind == directory.Department {
		passes = s.config.Departments.Filter
	}
	q.filter, q.attributes = allOf(passes, q.filter), []string{entryUUID}
	passing := make(map[string]bool, len(entries))
	err := s.search(ctx, q, func(e *wire.Entry) error {
		if id, ok := parseUUID(firstValue(e, entryUUID)); ok {
			passing[id.String()] = true
		}
		return nil
	})
	for i := range entries {
		entries[i].Filtered = !passing[entries[i].ID]
	}
	return err
}

// convert turns a result into an entry with all that belongs to it.
func (s *Source) convert(r *reader, e *wire.Entry) (directory.Entry, error) {
	if r.kind == directory.User {
		return s.user(r, e)
	}
	entry, _, normal, err := s.department(r, e)
	if err == nil && s.config.Departments.Type == OrganizationalUnits {
		s.setParent(&entry, normal)
	}
	return entry, err
}

// groupsOf asks the server which groups name a user.
func (s *Source) groupsOf(ctx context.Context, dn string) ([]string, error) {
	q := s.everyDepartment([]string{entryUUID})
	q.attempt = fmt.Sprintf("reading the groups of %q", printable(dn))
	q.filter = allOf(s.config.Departments.Filter, holds(s.config.Departments.MemberAttribute, dn))
	var ids []string
	err := s.search(ctx, q, func(e *wire.Entry) error {
		id, ok := parseUUID(firstValue(e, entryUUID))
		if !ok {
			return invalid("%s: %s: %q has no %s that can be read", s.server.url, q.attempt, printable(e.DN), entryUUID)
		}
		ids = append(ids, id.String())
		return nil
	})
	slices.Sort(ids)
	return ids, err
}

// loadDepartments makes sure that departments are known, when nobody has read them in this run.
func (s *Source) loadDepartments(ctx context.Context) error {
	s.loading.Lock()
	defer s.loading.Unlock()
	if s.departments.complete() {
		return nil
	}
	_, err := s.readDepartments(ctx, nil)
	return err
}

// baseOf is where entries of a kind stand, with the name of the field that says so.
func (s *Source) baseOf(kind directory.Kind) (dn, field string) {
	if kind == directory.Department {
		return s.config.Departments.BaseDN, "departments.baseDN"
	}
	return s.config.Users.BaseDN, "users.baseDN"
}

// uniqueUUIDs leaves out what is repeated and what cannot be an ID, and so names nobody.
func uniqueUUIDs(ids []string) []uuid {
	seen := make(map[uuid]bool, len(ids))
	var unique []uuid
	for _, text := range ids {
		if id, ok := parseUUID(text); ok && !seen[id] {
			seen[id] = true
			unique = append(unique, id)
		}
	}
	return unique
}
