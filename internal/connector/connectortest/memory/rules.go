package memory

import (
	"slices"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
)

// store puts an entry into the directory as it will be kept, if the rules allow it.
func (d *Directory) store(entry *Entry) error {
	for field, normal := range d.config.Normalise {
		for i, value := range entry.Fields[field] {
			entry.Fields[field][i] = normal(value)
		}
	}
	if !d.config.Lax {
		if err := d.check(entry); err != nil {
			return err
		}
	}
	d.entries[entry.Key()] = entry
	return nil
}

func (d *Directory) check(entry *Entry) error {
	for field := range entry.Fields {
		if _, ok := d.config.Schema.Field(entry.Kind, field); !ok {
			return refuse(connector.Invalid, "%s: a %s has no field %q", d.config.Name, entry.Kind, field)
		}
	}
	for _, field := range d.config.Schema.Fields(entry.Kind) {
		if err := d.checkField(entry, field); err != nil {
			return err
		}
	}
	if entry.Kind == directory.Department {
		return d.checkPlace(entry)
	}
	return d.checkDepartments(entry)
}

func (d *Directory) checkField(entry *Entry, field directory.Field) error {
	values := entry.Fields[field.Name]
	switch {
	case field.Required && len(values) == 0:
		return refuse(connector.Invalid, "%s: %s %s lacks the required field %q", d.config.Name, entry.Kind, entry.ID, field.Name)
	case !field.Multiple && len(values) > 1:
		return refuse(connector.Invalid, "%s: field %q takes one value, not %q", d.config.Name, field.Name, values)
	}
	for i, value := range values {
		key := field.Equality.Key(value)
		if value == "" || slices.ContainsFunc(values[:i], func(other string) bool { return field.Equality.Key(other) == key }) {
			return refuse(connector.Invalid, "%s: the values %q of field %q are empty or equal", d.config.Name, values, field.Name)
		}
		if field.MaxLength > 0 && len([]rune(value)) > field.MaxLength {
			return refuse(connector.Invalid, "%s: the value %q of field %q is too long", d.config.Name, value, field.Name)
		}
		if other := d.holder(entry, field, key); other != nil {
			return refuse(connector.Conflict, "%s: the value %q of field %q is in use by %s", d.config.Name, value, field.Name, other.ID)
		}
	}
	return nil
}

// holder is another entry that has a unique value already.
func (d *Directory) holder(entry *Entry, field directory.Field, key string) *Entry {
	if !field.Unique {
		return nil
	}
	for _, other := range d.entries {
		if other.Kind == entry.Kind && other.ID != entry.ID && slices.ContainsFunc(other.Fields[field.Name], func(value string) bool { return field.Equality.Key(value) == key }) {
			return other
		}
	}
	return nil
}

// checkPlace: a department stands below one that exists and not below itself, and no other one has its name there.
func (d *Directory) checkPlace(entry *Entry) error {
	able := d.config.Capabilities
	if entry.Parent != "" {
		if !able.Nested {
			return refuse(connector.Invalid, "%s: departments have no parents here", d.config.Name)
		}
		if d.entries[Key{directory.Department, entry.Parent}] == nil {
			return refuse(connector.NotFound, "%s: there is no department %s to be the parent of %s", d.config.Name, entry.Parent, entry.ID)
		}
		for at := entry.Parent; at != ""; at = d.entries[Key{directory.Department, at}].Parent {
			if at == entry.ID {
				return refuse(connector.Conflict, "%s: department %s would stand below itself", d.config.Name, entry.ID)
			}
		}
	}
	if able.DepartmentName == "" {
		return nil
	}
	place := d.placeKey(entry)
	for _, other := range d.entries {
		if other.Kind == directory.Department && other.ID != entry.ID && d.placeKey(other) == place {
			return refuse(connector.Conflict, "%s: department %s has the name %q there already", d.config.Name, other.ID, entry.First(able.DepartmentName))
		}
	}
	return nil
}

// placeKey is what no two departments share.
func (d *Directory) placeKey(department *Entry) string {
	field, _ := d.config.Schema.Field(directory.Department, d.config.Capabilities.DepartmentName)
	return department.Parent + "\x00" + field.Equality.Key(department.First(field.Name))
}

func (d *Directory) checkDepartments(entry *Entry) error {
	able := d.config.Capabilities
	if len(entry.Departments) > 0 && able.Membership != directory.OnUser {
		return refuse(connector.Invalid, "%s: users do not name their departments here", d.config.Name)
	}
	if len(entry.Departments) > 1 && able.SingleDepartment {
		return refuse(connector.Invalid, "%s: a user is in one department at most, not in %q", d.config.Name, entry.Departments)
	}
	for _, id := range entry.Departments {
		if d.entries[Key{directory.Department, id}] == nil {
			return refuse(connector.NotFound, "%s: there is no department %s for user %s", d.config.Name, id, entry.ID)
		}
	}
	return nil
}

// remove deletes an entry. A department must be empty.
func (d *Directory) remove(key Key) error {
	if _, err := d.entry(key); err != nil {
		return err
	}
	if key.Kind == directory.Department && !d.config.Lax {
		for _, other := range d.entries {
			if other.Kind == directory.Department && other.Parent == key.ID || slices.Contains(other.Departments, key.ID) {
				return refuse(connector.Conflict, "%s: department %s is not empty, it holds %s %s", d.config.Name, key.ID, other.Kind, other.ID)
			}
		}
		if members := d.entries[key].Members; len(members) > 0 {
			return refuse(connector.Conflict, "%s: department %s is not empty, its members are %q", d.config.Name, key.ID, members)
		}
	}
	delete(d.entries, key)
	if key.Kind == directory.User && d.config.Tidy {
		d.forget(Reference(key.ID))
	}
	return nil
}

// forget takes a reference out of all that names it.
func (d *Directory) forget(reference string) {
	named := func(value string) bool { return value == reference }
	for _, entry := range d.entries {
		entry.Members, entry.Leaders = slices.DeleteFunc(entry.Members, named), slices.DeleteFunc(entry.Leaders, named)
		for _, field := range d.config.Schema.Fields(entry.Kind) {
			if field.Type == directory.Reference {
				entry.Set(field.Name, slices.DeleteFunc(entry.Fields[field.Name], named)...)
			}
		}
	}
}
