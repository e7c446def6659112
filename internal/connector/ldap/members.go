package ldap

import (
	"context"
	"fmt"
	"slices"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector/ldap/wire"
	"synccenter.dev/synccenter/internal/directory"
)

// valuesPerRequest is how many values of a list one request changes.
const valuesPerRequest = 500

// placeholderNeeded reports that groups cannot be without a member.
func (t *Target) placeholderNeeded() bool {
	return t.config.Departments.Type == Groups && t.memberRequired
}

// SyncDepartmentMembers adds and removes members of a group.
func (t *Target) SyncDepartmentMembers(ctx context.Context, id string, add, remove []string) error {
	if t.config.Departments.Type != Groups {
		return invalid("departments do not name their members here: use departments of type Groups")
	}
	return t.syncNames(ctx, id, t.config.Departments.MemberAttribute, add, remove)
}

// SyncDepartmentLeaders adds and removes leaders of a department.
func (t *Target) SyncDepartmentLeaders(ctx context.Context, id string, add, remove []string) error {
	if t.config.Departments.LeaderAttribute == "" {
		return invalid("departments do not name their leaders here: set departments.leaderAttribute")
	}
	return t.syncNames(ctx, id, t.config.Departments.LeaderAttribute, add, remove)
}

// syncNames changes a list of users by single values, so that those of others stay.
func (t *Target) syncNames(ctx context.Context, id, attribute string, add, remove []string) error {
	adding, err := t.placesOfUsers(ctx, add)
	if err != nil {
		return err
	}
	removing, err := t.placesOfUsers(ctx, remove)
	if err != nil {
		return err
	}
	return t.at(ctx, directory.Department, id, func(at spot) error {
		present, err := t.presentValues(ctx, at.dn, attribute)
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(t.valueChanges(attribute, present, adding, removing), valuesPerRequest) {
			if err := t.changeValues(ctx, at, attribute, chunk); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *Target) placesOfUsers(ctx context.Context, ids []string) ([]string, error) {
	dns := make([]string, 0, len(ids))
	for _, id := range ids {
		_, dn, err := t.locate(ctx, directory.User, id)
		if err != nil {
			return nil, err
		}
		dns = append(dns, dn)
	}
	return dns, nil
}

// valueChange adds or removes one value.
type valueChange struct {
	value  string
	remove bool
}

// valueChanges is what has to change, in an order in which the list is never empty if it must not be: the placeholder comes first and
// goes last.
func (t *Target) valueChanges(attribute string, present dnSet, add, remove []string) []valueChange {
	var changes []valueChange
	adding, removing := present.without(add), present.only(remove)
	for _, value := range adding {
		changes = append(changes, valueChange{value: value})
	}
	for _, value := range removing {
		changes = append(changes, valueChange{value: value, remove: true})
	}
	if !t.placeholderNeeded() || attribute != t.config.Departments.MemberAttribute {
		return changes
	}
	placeholder := t.config.Departments.Placeholder
	spelled, held := present[normalOf(placeholder)]
	real := len(present) + len(adding) - len(removing)
	if held {
		real--
	}
	switch {
	case real == 0 && !held:
		changes = slices.Insert(changes, 0, valueChange{value: placeholder})
	case real > 0 && held:
		changes = append(changes, valueChange{value: spelled, remove: true})
	}
	return changes
}

// changeValues makes changes in one request. When one of them is done already, by somebody else, they are made one by one.
func (t *Target) changeValues(ctx context.Context, at spot, attribute string, changes []valueChange) error {
	err := t.modifyValues(ctx, at, attribute, changes)
	if !isResult(err, goldap.LDAPResultNoSuchAttribute) && !isResult(err, goldap.LDAPResultAttributeOrValueExists) {
		return err
	}
	if len(changes) == 1 {
		return nil // it is as it should be
	}
	for i := range changes {
		if err := t.changeValues(ctx, at, attribute, changes[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (t *Target) modifyValues(ctx context.Context, at spot, attribute string, changes []valueChange) error {
	controls, err := t.controls(at)
	if err != nil {
		return err
	}
	request := goldap.NewModifyRequest(at.dn, controls)
	var add, remove []string
	for _, change := range changes {
		if change.remove {
			remove = append(remove, change.value)
		} else {
			add = append(add, change.value)
		}
	}
	if len(add) > 0 {
		request.Add(attribute, add)
	}
	if len(remove) > 0 {
		request.Delete(attribute, remove)
	}
	return t.writers.do(ctx, fmt.Sprintf("changing %s of %q", attribute, printable(at.dn)), func(conn *goldap.Conn) error { return conn.Modify(request) })
}

// textValues reads the values of an attribute as they are.
func (t *Target) textValues(ctx context.Context, dn, attribute string) (texts []string, err error) {
	err = t.readEntry(ctx, fmt.Sprintf("reading %s of %q", attribute, printable(dn)), dn, []string{attribute}, func(e *wire.Entry) error {
		texts = slices.Clone(values(e, attribute))
		return nil
	})
	return texts, err
}
