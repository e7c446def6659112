package ldap

import (
	"context"
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap/wire"
	"synccenter.dev/synccenter/internal/directory"
)

// DeleteUser removes a user, and then its name from where it was named.
func (t *Target) DeleteUser(ctx context.Context, id string) error {
	dn, err := t.delete(ctx, directory.User, id)
	if err != nil {
		return err
	}
	return t.mendReferences(ctx, directory.User, dn, "")
}

// DeleteDepartment removes a department that nobody is in.
func (t *Target) DeleteDepartment(ctx context.Context, id string) error {
	if err := t.loadDepartments(ctx); err != nil {
		return err
	}
	department, dn, err := t.locate(ctx, directory.Department, id)
	if err != nil {
		return err
	}
	inside, err := t.occupants(ctx, department, dn)
	if err != nil {
		return err
	}
	if len(inside) > 0 {
		return &connector.Error{Class: connector.Conflict, Err: fmt.Errorf("%s: deleting department %q: it is not empty, it holds %s: move or remove that first",
			t.server.url, printable(dn), printable(strings.Join(inside, "; ")))}
	}
	if _, err := t.delete(ctx, directory.Department, id); err != nil {
		return err
	}
	t.departments.call(department, "")
	return nil
}

// delete removes an entry and says where it stood.
func (t *Target) delete(ctx context.Context, kind directory.Kind, text string) (place string, err error) {
	err = t.at(ctx, kind, text, func(at spot) error {
		controls, err := t.controls(at)
		if err != nil {
			return err
		}
		err = t.writers.do(ctx, fmt.Sprintf("deleting %q", printable(at.dn)), func(conn *goldap.Conn) error { return conn.Del(goldap.NewDelRequest(at.dn, controls)) })
		if err == nil {
			place = at.dn
			t.placesOf(kind).forget(at.id)
		}
		return err
	})
	return place, err
}

// someOccupants is how many of those in a department are named.
const someOccupants = 5

// occupants names a few of those who are in a department.
func (t *Target) occupants(ctx context.Context, id uuid, dn string) ([]string, error) {
	below := query{
		attempt: fmt.Sprintf("looking into department %q", printable(dn)), base: dn, scope: goldap.ScopeSingleLevel,
		filter: "(objectClass=*)", attributes: []string{"1.1"}, atMost: someOccupants,
	}
	var inside []string
	note := func(e *wire.Entry) error {
		inside = append(inside, strings.Clone(e.DN))
		return nil
	}
	if err := t.search(ctx, below, note); err != nil || len(inside) > 0 {
		return inside, err
	}
	if t.config.Departments.Type == Groups {
		members, err := t.textValues(ctx, dn, t.config.Departments.MemberAttribute)
		for _, member := range members {
			if normalOf(member) != normalOf(t.config.Departments.Placeholder) && len(inside) < someOccupants {
				inside = append(inside, member)
			}
		}
		return inside, err
	}
	if attribute := t.config.Users.DepartmentAttribute; attribute != nil {
		naming, err := t.departmentValues(ctx, []string{id.String()})
		if err != nil {
			return nil, err
		}
		users := query{
			attempt: fmt.Sprintf("looking for users of department %q", printable(dn)), base: t.config.Users.BaseDN, scope: goldap.ScopeWholeSubtree,
			filter: holds(attribute.Name, naming[0]), attributes: []string{"1.1"}, atMost: someOccupants,
		}
		return inside, t.search(ctx, users, note)
	}
	return nil, nil
}
