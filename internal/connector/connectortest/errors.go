package connectortest

import (
	"testing"

	"synccenter.dev/synccenter/internal/connector"
)

// typedErrors provokes what the engine decides by. Conflicts and entries that are gone have cases of their own too.
func typedErrors(t *testing.T, f Fixture) {
	w := f.world(t)
	able := w.target.Capabilities()
	sales, ann := w.department("Sales", ""), w.user("ann", "Ann", "")
	gone := w.user("gone", "Gone", "")
	if err := w.target.DeleteUser(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	set := func(id, field, value string) error {
		_, err := w.target.UpdateUser(t.Context(), id, connector.Patch{Changes: []connector.Change{{Field: field, Values: []string{value}}}})
		return err
	}
	create := func(login string) error {
		_, err := w.target.CreateUser(t.Context(), connector.NewEntry{Attributes: w.User(login, "Somebody")})
		return err
	}
	nameless := func() error {
		_, err := w.target.CreateUser(t.Context(), connector.NewEntry{})
		return err
	}
	tests := map[string]struct {
		err  error
		want connector.Class
	}{
		"a login that is in use":         {create("ann"), connector.Conflict},
		"a field that there is not":      {set(ann.ID, "no-such-field", "x"), connector.Invalid},
		"a user without a login":         {nameless(), connector.Invalid},
		"a user who is gone":             {set(gone.ID, f.Text, "x"), connector.NotFound},
		"a department that is there":     {w.createDepartment("Sales", ""), connector.Conflict},
		"a department that is not there": {w.target.DeleteDepartment(t.Context(), gone.ID), connector.NotFound},
		"a parent that there is not":     {w.createDepartment("Below", gone.ID), connector.NotFound},
		"a member who is gone":           {w.target.SyncDepartmentMembers(t.Context(), sales.ID, []string{gone.ID}, nil), connector.NotFound},
		"a login that differs by case":   {create("ANN"), connector.Conflict},
	}
	if sales.ID != ann.ID { // or each kind of entry has IDs of its own
		if class := connector.ClassOf(w.target.DeleteUser(t.Context(), sales.ID)); class != connector.NotFound {
			t.Errorf("a user who is a department is answered with class %q, want NotFound", class)
		}
	}
	if class := connector.ClassOf(set("not an ID", f.Text, "x")); class != connector.Invalid && class != connector.NotFound {
		t.Errorf("a text that is no ID is answered with class %q, want Invalid or NotFound", class)
	}
	if !able.Nested {
		delete(tests, "a parent that there is not")
	}
	if able.Membership != "Department" {
		delete(tests, "a member who is gone")
	}
	for what, test := range tests {
		if got := connector.ClassOf(test.err); got != test.want {
			t.Errorf("%s is answered with %v of class %q, want class %s", what, test.err, got, test.want)
		}
	}
	if now := read(t, f.Open(t)); len(now.users) != 1 || len(now.departments) != 1 {
		t.Errorf("%d users and %d departments are there after requests that failed, want one each", len(now.users), len(now.departments))
	}
}

func (w world) createDepartment(name, parent string) error {
	_, err := w.target.CreateDepartment(w.t.Context(), connector.NewEntry{Parent: parent, Attributes: w.Department(name)})
	return err
}

// missingRight writes as somebody who may only read.
func missingRight(t *testing.T, f Fixture) {
	if f.OpenPowerless == nil {
		t.Skip("nobody is refused anything here")
	}
	w := f.world(t)
	ann := w.user("ann", "Ann", "")
	powerless := f.OpenPowerless(t)
	if got := read(t, powerless).users; len(got) != 1 {
		t.Fatalf("who may read everything reads %d of 1 users", len(got))
	}
	_, create := powerless.CreateUser(t.Context(), connector.NewEntry{Attributes: w.User("bob", "Bob")})
	_, update := powerless.UpdateUser(t.Context(), ann.ID, connector.Patch{Changes: []connector.Change{{Field: f.Text, Values: []string{"x"}}}})
	for what, err := range map[string]error{"a create": create, "an update": update, "a delete": powerless.DeleteUser(t.Context(), ann.ID)} {
		if connector.ClassOf(err) != connector.Permission {
			t.Errorf("%s without the right is answered with %v, want an error of class Permission", what, err)
		}
	}
}
