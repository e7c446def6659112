package ldap

import (
	"context"
	"fmt"
	"slices"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap/wire"
	"synccenter.dev/synccenter/internal/directory"
)

// UpdateUser changes a user. What the change makes of the user's name is a rename, a request of its own.
func (t *Target) UpdateUser(ctx context.Context, id string, patch connector.Patch) (directory.Entry, error) {
	return t.update(ctx, directory.User, id, patch)
}

// UpdateDepartment changes a department, and renames it when its name changes.
func (t *Target) UpdateDepartment(ctx context.Context, id string, patch connector.Patch) (directory.Entry, error) {
	patch.Active = nil
	return t.update(ctx, directory.Department, id, patch)
}

// ChangeUserIdentifier renames a user.
func (t *Target) ChangeUserIdentifier(ctx context.Context, id string, values []string) (directory.Entry, error) {
	return t.update(ctx, directory.User, id, connector.Patch{Changes: []connector.Change{{Field: t.config.Users.RDN, Values: values}}})
}

func (t *Target) update(ctx context.Context, kind directory.Kind, id string, patch connector.Patch) (directory.Entry, error) {
	if err := t.loadDepartments(ctx); err != nil {
		return directory.Entry{}, err
	}
	fields := make([]string, 0, len(patch.Changes))
	for _, change := range patch.Changes {
		fields = append(fields, change.Field)
	}
	r, err := t.reader(ctx, kind, fields)
	if err != nil {
		return directory.Entry{}, err
	}
	if err := t.checkPatch(kind, patch); err != nil {
		return directory.Entry{}, err
	}
	if err := t.renameFor(ctx, kind, id, patch); err != nil {
		return directory.Entry{}, err
	}
	var entry directory.Entry
	for attempt := 1; ; attempt++ {
		err = t.at(ctx, kind, id, func(at spot) error {
			entry, err = t.modify(ctx, r, at, patch)
			return err
		})
		gone := isResult(err, goldap.LDAPResultNoSuchAttribute) || isResult(err, goldap.LDAPResultAttributeOrValueExists)
		if !gone || attempt == 2 { // a value came or went between our look at the entry and the change
			return entry, err
		}
	}
}

// checkPatch finds what the server would refuse, without asking it.
func (t *Target) checkPatch(kind directory.Kind, patch connector.Patch) error {
	for _, change := range patch.Changes {
		field, ok := t.schema.Field(kind, change.Field)
		if ok && field.Required && field.Type != directory.Reference && len(change.Values) == 0 {
			return invalid("%s cannot be emptied: the object classes demand a value: map that field to something that is never empty", field.Name)
		}
	}
	if patch.Active != nil && t.config.Users.Disable == nil {
		return invalid("an account cannot be turned on or off here: set users.disable in the target")
	}
	return nil
}

// renameFor renames an entry when a change takes away the value that names it.
func (t *Target) renameFor(ctx context.Context, kind directory.Kind, id string, patch connector.Patch) error {
	rdn := t.spelling(kind, t.rdnOf(kind))
	for _, change := range patch.Changes {
		if t.spelling(kind, change.Field) != rdn {
			continue
		}
		_, dn, err := t.locate(ctx, kind, id)
		if err != nil {
			return err
		}
		if !namedBy(dn, rdn) || slices.Contains(change.Values, nameIn(dn)) {
			return nil
		}
		return t.relocate(ctx, kind, id, relativeName(rdn, change.Values[0]), "")
	}
	return nil
}

// modify makes all changes of a patch in one request and reads the entry as it is then.
func (t *Target) modify(ctx context.Context, r *reader, at spot, patch connector.Patch) (entry directory.Entry, err error) {
	controls, err := t.controls(at)
	if err != nil {
		return entry, err
	}
	if t.postReads {
		controls = append(controls, postRead(r.attributes))
	}
	request := goldap.NewModifyRequest(at.dn, controls)
	if err := t.addChanges(ctx, r.kind, at.dn, request, patch); err != nil {
		return entry, err
	}
	if len(request.Changes) == 0 {
		return t.readBackWith(ctx, r, at.dn)
	}
	var after *wire.Entry
	err = t.writers.do(ctx, fmt.Sprintf("changing %q", printable(at.dn)), func(conn *goldap.Conn) error {
		result, err := conn.ModifyWithResult(request)
		if err == nil {
			after = postReadEntry(result.Controls)
		}
		return err
	})
	if err != nil {
		return entry, err
	}
	if after == nil {
		return t.readBackWith(ctx, r, at.dn)
	}
	return t.convert(r, after)
}

// addChanges turns a patch into modifications.
func (t *Target) addChanges(ctx context.Context, kind directory.Kind, dn string, request *goldap.ModifyRequest, patch connector.Patch) error {
	for _, change := range patch.Changes {
		field, _ := t.schema.Field(kind, change.Field) // the reader has checked it
		if field.Type == directory.Reference {
			if err := t.addReferences(ctx, field, dn, request, change); err != nil {
				return err
			}
			continue
		}
		name, values, err := t.written(ctx, kind, change.Field, change.Values)
		if err != nil {
			return err
		}
		request.Replace(name, values)
	}
	mark, disable := t.config.Users.Mark, t.config.Users.Disable
	if kind == directory.Department {
		mark = t.config.Departments.Mark
	}
	if mark != "" && patch.Mark != nil {
		request.Replace(mark, []string{formatMark(*patch.Mark)})
	}
	if patch.Active != nil {
		request.Replace(disable.Attribute, disable.valuesFor(*patch.Active))
	}
	return nil
}

// valuesFor is what the attribute holds for an account that is on or off.
func (d *Disable) valuesFor(active bool) []string {
	switch {
	case !active:
		return []string{d.Disabled}
	case d.Enabled == "":
		return nil
	default:
		return []string{d.Enabled}
	}
}

// addReferences adds and removes single values, so that those of others stay. Only a field with room for one value is replaced.
func (t *Target) addReferences(ctx context.Context, field directory.Field, dn string, request *goldap.ModifyRequest, change connector.Change) error {
	_, add, err := t.written(ctx, directory.User, field.Name, change.Add)
	if err != nil {
		return err
	}
	if !field.Multiple && len(add) > 0 {
		request.Replace(field.Name, add[:1])
		return nil
	}
	_, remove, err := t.written(ctx, directory.User, field.Name, change.Remove)
	if err != nil {
		return err
	}
	present, err := t.presentValues(ctx, dn, field.Name)
	if err != nil {
		return err
	}
	if gone := present.only(remove); len(gone) > 0 {
		request.Delete(field.Name, gone)
	}
	if missing := present.without(add); len(missing) > 0 {
		request.Add(field.Name, missing)
	}
	return nil
}

// readBackWith reads an entry with a reader that exists already.
func (t *Target) readBackWith(ctx context.Context, r *reader, dn string) (entry directory.Entry, err error) {
	err = t.readEntry(ctx, fmt.Sprintf("reading %q", printable(dn)), dn, r.attributes, func(e *wire.Entry) error {
		entry, err = t.convert(r, e)
		return err
	})
	return entry, err
}
