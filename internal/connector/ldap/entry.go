package ldap

import (
	"context"
	"fmt"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector/ldap/wire"
	"synccenter.dev/synccenter/internal/directory"
)

const entryUUID = "entryUUID"

// reader turns search results of one kind into entries with the fields that were asked for.
type reader struct {
	source     *Source
	kind       directory.Kind
	fields     []directory.Field // in the order of their names
	unreadable []string
	attributes []string // what to ask the server for
	mark       string
	// slots say where in fields an attribute belongs, by the server's spelling; -1 for those that belong nowhere.
	slots map[string]int
	found [][]string
	// named are the departments that values of the department attribute were found to name.
	named map[string]named
}

// reader prepares to read entries with the given fields.
func (s *Source) reader(ctx context.Context, kind directory.Kind, fields []string) (*reader, error) {
	schema, err := s.Schema(ctx)
	if err != nil {
		return nil, err
	}
	r := &reader{source: s, kind: kind, slots: map[string]int{}, named: map[string]named{}, mark: s.config.Users.Mark}
	for _, name := range fields {
		field, ok := schema.Field(kind, name)
		switch {
		case !ok:
			return nil, invalid("%s: the server's schema has no attribute %q: correct the mapping, or give the account the right to read the whole schema", s.server.url, name)
		case contains(secrets, field.Name):
			r.unreadable = append(r.unreadable, field.Name)
		default:
			r.fields = append(r.fields, field)
		}
	}
	slices.SortFunc(r.fields, func(a, b directory.Field) int { return strings.Compare(a.Name, b.Name) })
	r.fields = slices.CompactFunc(r.fields, func(a, b directory.Field) bool { return a.Name == b.Name })
	slices.Sort(r.unreadable)
	r.found = make([][]string, len(r.fields))
	s.noteReferences(r.fields)

	wanted := []string{entryUUID}
	for _, field := range r.fields {
		wanted = append(wanted, field.Name)
	}
	if kind == directory.User {
		wanted = append(wanted, "cn", s.config.Users.RDN)
		if attribute := s.config.Users.DepartmentAttribute; attribute != nil {
			wanted = append(wanted, attribute.Name)
		}
		if s.config.Users.Disable != nil {
			wanted = append(wanted, s.config.Users.Disable.Attribute)
		}
	} else {
		r.mark = s.config.Departments.Mark
		wanted = append(wanted, s.config.Departments.LeaderAttribute)
	}
	for _, name := range append(wanted, r.mark) {
		if name != "" && !contains(r.attributes, name) {
			r.attributes = append(r.attributes, name)
		}
	}
	return r, nil
}

// entry converts one result. The error is about the whole read; what concerns this entry alone is in Entry.Err.
// Parent and departments are not filled in, they need the other entries.
func (r *reader) entry(e *wire.Entry) (entry directory.Entry, id uuid, err error) {
	id, ok := parseUUID(firstValue(e, entryUUID))
	if !ok {
		return entry, id, invalid("%s: reading %q: it has no %s that can be read: without it an entry cannot be told from another; give the account the right to read operational attributes",
			r.source.server.url, printable(e.DN), entryUUID)
	}
	entry = directory.Entry{Kind: r.kind, ID: id.String(), Place: e.DN, Unreadable: slices.Clone(r.unreadable)}
	if r.mark != "" {
		entry.Mark = parseMark(values(e, r.mark))
	}
	if r.kind == directory.Department {
		entry.Name = nameIn(e.DN)
		if leader := r.source.config.Departments.LeaderAttribute; leader != "" {
			entry.Leaders = r.source.leaders(values(e, leader))
		}
	} else {
		if entry.Name = firstValue(e, "cn"); entry.Name == "" {
			entry.Name = firstValue(e, r.source.config.Users.RDN)
		}
		if disable := r.source.config.Users.Disable; disable != nil {
			entry.Disabled = strings.EqualFold(firstValue(e, disable.Attribute), disable.Disabled)
		}
	}
	entry.Attributes, entry.Err = r.canonicalAttributes(e)
	return entry, id, nil
}

// canonicalAttributes puts the values of the wanted fields in order.
func (r *reader) canonicalAttributes(e *wire.Entry) (directory.Attributes, error) {
	clear(r.found)
	fields, total := 0, 0
	for i := range e.Attributes {
		slot := r.slot(e.Attributes[i].Name)
		if slot < 0 || len(e.Attributes[i].Values) == 0 || r.found[slot] != nil {
			continue
		}
		r.found[slot] = e.Attributes[i].Values
		fields++
		total += len(e.Attributes[i].Values)
	}
	attributes := make(directory.Attributes, 0, fields)
	all := make([]string, 0, total) // one piece of memory for all values
	for slot, found := range r.found {
		if found == nil {
			continue
		}
		first := len(all)
		for _, value := range found {
			text, err := canonical(&r.fields[slot], value)
			if err != nil {
				return nil, fmt.Errorf("reading %q: %w", printable(e.DN), err)
			}
			all = append(all, text)
		}
		attributes = append(attributes, directory.Attribute{Name: r.fields[slot].Name, Values: all[first:len(all):len(all)]})
	}
	return attributes, nil
}

// slot says which field an attribute is.
func (r *reader) slot(name string) int {
	slot, known := r.slots[name]
	if !known {
		plain := strings.TrimSuffix(name, ";binary")
		slot = slices.IndexFunc(r.fields, func(f directory.Field) bool { return strings.EqualFold(f.Name, plain) })
		r.slots[name] = slot
	}
	return slot
}

// nameIn is the value that names an entry among its siblings.
func nameIn(dn string) string {
	parsed, err := goldap.ParseDN(dn)
	if err != nil || len(parsed.RDNs) == 0 {
		return dn // it is for people to read only
	}
	return parsed.RDNs[0].Attributes[0].Value
}
