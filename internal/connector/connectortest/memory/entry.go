package memory

import (
	"slices"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
)

// Entry is an entry as the directory keeps it.
type Entry struct {
	Kind directory.Kind
	// ID is unique within the kind only.
	ID     string
	Parent string
	// Fields are the values by field. Those of references are written by Reference, or are any text for what is not in this directory.
	Fields map[string][]string
	// Departments are those of a user, the main one first, where membership is on the user.
	Departments []string
	// Members and Leaders of a department are references.
	Members, Leaders []string
	Mark             *directory.Mark
	Disabled         bool
	// Filtered: the filter of the directory leaves the entry out.
	Filtered bool
	// Hidden are fields that cannot be read.
	Hidden []string
	// Broken says why the entry cannot be understood.
	Broken string
}

// Key names an entry.
type Key struct {
	Kind directory.Kind
	ID   string
}

// Key is the name of the entry.
func (e *Entry) Key() Key { return Key{e.Kind, e.ID} }

// Clone is a copy that shares nothing with the entry.
func (e *Entry) Clone() *Entry {
	c := *e
	c.Fields = make(map[string][]string, len(e.Fields))
	for name, values := range e.Fields {
		if len(values) > 0 {
			c.Fields[name] = slices.Clone(values)
		}
	}
	c.Departments, c.Members, c.Leaders, c.Hidden = slices.Clone(e.Departments), slices.Clone(e.Members), slices.Clone(e.Leaders), slices.Clone(e.Hidden)
	if e.Mark != nil {
		mark := *e.Mark
		c.Mark = &mark
	}
	return &c
}

// Set gives a field its values; none clears it.
func (e *Entry) Set(field string, values ...string) {
	if len(values) == 0 {
		delete(e.Fields, field)
		return
	}
	if e.Fields == nil {
		e.Fields = map[string][]string{}
	}
	e.Fields[field] = values
}

// First is the first value of a field, or "".
func (e *Entry) First(field string) string {
	if values := e.Fields[field]; len(values) > 0 {
		return values[0]
	}
	return ""
}

const referencePrefix = "person:"

// Reference is how fields, members and leaders name a user of this directory.
func Reference(id string) string { return referencePrefix + id }

// Referred is the ID of the user that a reference names; false when it names nobody of this directory.
func Referred(reference string) (id string, ok bool) {
	return strings.CutPrefix(reference, referencePrefix)
}
