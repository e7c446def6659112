package ldap

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
)

// MoveDepartment puts a department with all below it under another one.
func (t *Target) MoveDepartment(ctx context.Context, id, parent string) (directory.Entry, error) {
	if t.config.Departments.Type == Groups {
		return directory.Entry{}, invalid("groups have no parents: a department of type Groups cannot be moved")
	}
	if err := t.loadDepartments(ctx); err != nil {
		return directory.Entry{}, err
	}
	above := t.config.Departments.BaseDN
	if parent != "" {
		var err error
		if _, above, err = t.locate(ctx, directory.Department, parent); err != nil {
			return directory.Entry{}, err
		}
	}
	return t.moveTo(ctx, directory.Department, id, above)
}

// moveTo moves an entry below another and reads it there.
func (t *Target) moveTo(ctx context.Context, kind directory.Kind, id, above string) (directory.Entry, error) {
	if err := t.relocate(ctx, kind, id, "", above); err != nil {
		return directory.Entry{}, err
	}
	_, dn, err := t.locate(ctx, kind, id)
	if err != nil {
		return directory.Entry{}, err
	}
	return t.readBack(ctx, kind, dn, nil)
}

// relocate gives an entry another name, another parent, or both; what is empty stays. What referred to the old place is mended.
func (t *Target) relocate(ctx context.Context, kind directory.Kind, text, newRDN, newParent string) error {
	var id uuid
	var from, to string
	err := t.at(ctx, kind, text, func(at spot) error {
		rdn, parent := cutDN(at.dn)
		rdn, superior := cmp.Or(newRDN, rdn), cmp.Or(newParent, parent)
		id, from, to = at.id, at.dn, rdn+","+superior
		if from == to {
			return nil
		}
		if normalOf(superior) == normalOf(parent) {
			superior = "" // not a move: servers check other rights for one
		}
		request := goldap.NewModifyDNRequest(at.dn, rdn, true, superior)
		var err error
		if request.Controls, err = t.controls(at); err != nil {
			return err
		}
		attempt := fmt.Sprintf("renaming %q to %q", printable(from), printable(to))
		err = longName(t.writers.do(ctx, attempt, func(conn *goldap.Conn) error { return conn.ModifyDN(request) }), attempt, to)
		if mayBeDone(ctx, err) {
			t.unsettled.note(at.id, at.dn)
		}
		return err
	})
	if err != nil {
		return err
	}
	// A move before this one may have been done although its answer was lost.
	if err := t.settleMove(ctx, kind, id, to); err != nil || from == to {
		return err
	}
	if err := t.moved(ctx, kind, from, to); err != nil {
		t.unsettled.note(id, from) // the entry has moved; whoever looks whether it has mends the rest
		return err
	}
	return nil
}

// moved follows an entry that has left a place: what is known of places, and what refers to it.
func (t *Target) moved(ctx context.Context, kind directory.Kind, from, to string) error {
	t.users.rebase(from, to)
	t.departments.rebase(from, to)
	if err := t.mendReferences(ctx, kind, from, to); err != nil {
		return err
	}
	if kind == directory.Department {
		return t.mendNames(ctx, from, to)
	}
	return nil
}

// namedBy reports that an attribute, and no other, names an entry among its siblings.
func namedBy(dn, attribute string) bool {
	rdn, _ := cutDN(dn)
	name, _, _ := strings.Cut(rdn, "=")
	parsed, err := goldap.ParseDN(rdn)
	return err == nil && len(parsed.RDNs) == 1 && len(parsed.RDNs[0].Attributes) == 1 && strings.EqualFold(strings.TrimSpace(name), attribute)
}

// ChangeUserDepartments moves a user, or changes the attribute that names its departments.
func (t *Target) ChangeUserDepartments(ctx context.Context, id string, change connector.DepartmentsChange) (directory.Entry, error) {
	if err := t.loadDepartments(ctx); err != nil {
		return directory.Entry{}, err
	}
	switch {
	case t.config.Users.Layout == ByDepartment:
		return t.moveUser(ctx, id, change)
	case t.config.Users.DepartmentAttribute != nil:
		return t.changeDepartmentAttribute(ctx, id, change)
	default:
		return directory.Entry{}, invalid("users do not name their departments here: set users.departmentAttribute, or the layout ByDepartment, or use Groups")
	}
}

// moveUser puts a user below its only department, or below the base when it has none.
func (t *Target) moveUser(ctx context.Context, id string, change connector.DepartmentsChange) (directory.Entry, error) {
	department := change.Main
	if department == "" && len(change.Add) > 0 {
		department = change.Add[0]
	}
	above := t.config.Users.BaseDN
	if department != "" {
		var err error
		if _, above, err = t.locate(ctx, directory.Department, department); err != nil {
			return directory.Entry{}, err
		}
	}
	return t.moveTo(ctx, directory.User, id, above)
}

// changeDepartmentAttribute replaces the values, keeping those that others put there. The main department comes first.
func (t *Target) changeDepartmentAttribute(ctx context.Context, id string, change connector.DepartmentsChange) (directory.Entry, error) {
	attribute := *t.config.Users.DepartmentAttribute
	equality := directory.IgnoreCase
	if attribute.Holds == HoldsDN {
		equality = directory.DN
	}
	add, err := t.departmentValues(ctx, change.Add)
	if err != nil {
		return directory.Entry{}, err
	}
	remove, err := t.departmentValues(ctx, change.Remove)
	if err != nil {
		return directory.Entry{}, err
	}
	var first []string
	if change.Main != "" {
		if first, err = t.departmentValues(ctx, []string{change.Main}); err != nil {
			return directory.Entry{}, err
		}
	}
	err = t.at(ctx, directory.User, id, func(at spot) error {
		present, err := t.textValues(ctx, at.dn, attribute.Name)
		if err != nil {
			return err
		}
		values := distinct(equality, slices.Concat(first, present, add))
		values = slices.DeleteFunc(values, func(value string) bool {
			return slices.ContainsFunc(remove, func(r string) bool { return equality.Key(r) == equality.Key(value) })
		})
		if t.Capabilities().SingleDepartment && len(values) > 1 {
			values = values[:1]
		}
		request := goldap.NewModifyRequest(at.dn, nil)
		if request.Controls, err = t.controls(at); err != nil {
			return err
		}
		request.Replace(attribute.Name, values)
		return t.writers.do(ctx, fmt.Sprintf("changing %s of %q", attribute.Name, printable(at.dn)), func(conn *goldap.Conn) error { return conn.Modify(request) })
	})
	if err != nil {
		return directory.Entry{}, err
	}
	_, dn, err := t.locate(ctx, directory.User, id)
	if err != nil {
		return directory.Entry{}, err
	}
	return t.readBack(ctx, directory.User, dn, nil)
}

// distinct keeps the first of values that are equal.
func distinct(equality directory.Equality, values []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(values), func(value string) bool {
		key := equality.Key(value)
		defer func() { seen[key] = true }()
		return seen[key]
	})
}
