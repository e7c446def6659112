package connectortest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
)

// names that some part of a connector may take for something else.
var names = []string{
	"李雷", "Zoë Ünal", "R&D / Labs", "a,b+c", `quo"te`, `back\slash`, "#hash", "a=b", "semi;colon", "<angle>", "star*(paren)", "🚀 rocket", "o'brien", "100%", "x  y",
}

func hardNames(t *testing.T, f Fixture) {
	w := f.world(t)
	field := w.target.Capabilities().DepartmentName
	ids := map[string]string{}
	for i, name := range names {
		department := w.department(name, "")
		user := w.user(name, name, department.ID)
		if i%3 == 0 {
			if _, err := w.target.ChangeUserIdentifier(t.Context(), user.ID, []string{name + "!"}); err != nil {
				t.Errorf("renaming %q: %v", name, err)
			}
			if _, err := w.target.ChangeUserIdentifier(t.Context(), user.ID, []string{name}); err != nil {
				t.Errorf("renaming %q back: %v", name, err)
			}
		}
		ids[name] = user.ID + " " + department.ID
	}
	identifier := w.target.Capabilities().UserIdentifier
	target := f.Open(t)
	departments := map[string]directory.Entry{}
	for _, department := range collect(t, target.Departments(t.Context(), []string{field})) {
		departments[department.ID] = department
	}
	got := map[string]string{}
	for _, user := range collect(t, target.Users(t.Context(), []string{identifier})) {
		login := user.Attributes.Get(identifier)
		if len(login) != 1 || len(user.Departments) != 1 {
			t.Errorf("user %q has the logins %q and the departments %q, want one each", user.Name, login, user.Departments)
			continue
		}
		got[login[0]] = user.ID + " " + user.Departments[0]
		if name := departments[user.Departments[0]].Attributes.Get(field); !slices.Equal(name, login) {
			t.Errorf("user %q is in department %q", login, name)
		}
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Errorf("what was created and what is read differ (-created +read): %s", diff)
	}
}

func swap(t *testing.T, f Fixture) {
	w := f.world(t)
	identifier := w.target.Capabilities().UserIdentifier
	if identifier == "" {
		t.Skip("users cannot be renamed here")
	}
	sales := w.department("Sales", "")
	ann, bob := w.user("ann", "Ann", sales.ID), w.user("bob", "Bob", sales.ID)
	if _, err := w.target.ChangeUserIdentifier(t.Context(), ann.ID, []string{"bob"}); connector.ClassOf(err) != connector.Conflict {
		t.Errorf("taking a login that is in use: %v, want an error of class Conflict", err)
	}
	for _, step := range []struct{ id, login string }{{ann.ID, "swap-1"}, {bob.ID, "ann"}, {ann.ID, "bob"}} {
		entry, err := w.target.ChangeUserIdentifier(t.Context(), step.id, []string{step.login})
		if err != nil {
			t.Fatalf("renaming to %q: %v", step.login, err)
		}
		if entry.ID != step.id || !slices.Equal(entry.Attributes.Get(identifier), []string{step.login}) {
			t.Errorf("renaming to %q answers with %s, %q", step.login, entry.ID, entry.Attributes.Get(identifier))
		}
	}
	now := read(t, f.Open(t), identifier)
	for id, login := range map[string]string{ann.ID: "bob", bob.ID: "ann"} {
		user := now.user(t, id)
		if !slices.Equal(user.Attributes.Get(identifier), []string{login}) || !slices.Equal(user.Departments, []string{sales.ID}) {
			t.Errorf("after the swap %s is %q in %q", user.Name, user.Attributes.Get(identifier), user.Departments)
		}
	}
}

func moveBelowSibling(t *testing.T, f Fixture) {
	w := f.world(t)
	if !w.target.Capabilities().Nested {
		t.Skip("departments have no parents here")
	}
	top := w.department("Top", "")
	sales, east := w.department("Sales", top.ID), w.department("Marketing", top.ID)
	team := w.department("Team", sales.ID)
	ann := w.user("ann", "Ann", team.ID)
	moved, err := w.target.MoveDepartment(t.Context(), sales.ID, east.ID)
	if err != nil {
		t.Fatalf("moving Sales below Marketing: %v", err)
	}
	if moved.ID != sales.ID || moved.Parent != east.ID {
		t.Errorf("the move answers with %s below %q, want %s below %q", moved.ID, moved.Parent, sales.ID, east.ID)
	}
	later := w.department("Later", team.ID) // its place follows from the move
	if _, err := w.target.UpdateUser(t.Context(), ann.ID, connector.Patch{Changes: []connector.Change{{Field: f.Text, Values: []string{"moved"}}}}); err != nil {
		t.Errorf("changing a user that was moved along: %v", err)
	}
	now := read(t, f.Open(t), f.Text)
	for id, parent := range map[string]string{sales.ID: east.ID, team.ID: sales.ID, later.ID: team.ID, east.ID: top.ID, top.ID: ""} {
		if got := now.department(t, id); got.Parent != parent {
			t.Errorf("department %s stands below %q, want %q", got.Name, got.Parent, parent)
		}
	}
	if got := now.user(t, ann.ID); !slices.Equal(got.Departments, []string{team.ID}) || !slices.Equal(got.Attributes.Get(f.Text), []string{"moved"}) {
		t.Errorf("Ann is in %q with %q after the move, want %q and moved", got.Departments, got.Attributes.Get(f.Text), team.ID)
	}
	if _, err := w.target.MoveDepartment(t.Context(), sales.ID, ""); err != nil {
		t.Errorf("moving Sales to the top: %v", err)
	}
	if got := read(t, f.Open(t)).department(t, sales.ID); got.Parent != "" {
		t.Errorf("Sales stands below %q after the move to the top", got.Parent)
	}
}

func foreignMembers(t *testing.T, f Fixture) {
	w := f.world(t)
	if w.target.Capabilities().Membership != directory.OnDepartment {
		t.Skip("departments do not name their members here")
	}
	sales := w.department("Sales", "")
	ann, bob := w.user("ann", "Ann", sales.ID), w.user("bob", "Bob", "")
	remains := f.AddForeignMember(t, sales)
	steps := []struct{ add, remove, want []string }{
		{[]string{bob.ID}, []string{ann.ID}, []string{bob.ID}},
		{[]string{bob.ID}, []string{ann.ID}, []string{bob.ID}}, // done already
		{nil, []string{bob.ID}, nil},
		{[]string{ann.ID, bob.ID}, nil, []string{ann.ID, bob.ID}},
	}
	for i, step := range steps {
		if err := w.target.SyncDepartmentMembers(t.Context(), sales.ID, step.add, step.remove); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		var got []string
		for _, user := range read(t, f.Open(t)).users {
			if slices.Contains(user.Departments, sales.ID) {
				got = append(got, user.ID)
			}
		}
		slices.Sort(got)
		want := slices.Sorted(slices.Values(step.want))
		if !slices.Equal(got, want) {
			t.Errorf("step %d: the members are %q, want %q", i, got, want)
		}
		if !remains() {
			t.Errorf("step %d: the foreign member is gone", i)
		}
	}
}

func updates(t *testing.T, f Fixture) {
	w := f.world(t)
	able := w.target.Capabilities()
	ann := w.user("ann", "Ann", "")
	mark := &directory.Mark{Owner: "test#other", SourceID: "17#a%23"}
	inactive, active := false, true
	steps := []struct {
		patch    connector.Patch
		want     []string
		disabled bool
	}{
		{patch: connector.Patch{Changes: []connector.Change{{Field: f.Text, Values: []string{"first"}}}, Mark: mark}, want: []string{"first"}},
		{patch: connector.Patch{Changes: []connector.Change{{Field: f.Text, Values: []string{"李 雷"}}}, Active: &inactive}, want: []string{"李 雷"}, disabled: true},
		{patch: connector.Patch{Changes: []connector.Change{{Field: f.Text}}, Active: &active}},
	}
	for i, step := range steps {
		if !able.Disable {
			step.patch.Active, step.disabled = nil, false
		}
		answer, err := w.target.UpdateUser(t.Context(), ann.ID, step.patch)
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		for what, got := range map[string]directory.Entry{"the answer": answer, "the next read": read(t, f.Open(t), f.Text).user(t, ann.ID)} {
			if !slices.Equal(got.Attributes.Get(f.Text), step.want) || got.Disabled != step.disabled {
				t.Errorf("step %d: %s has %q, disabled %t; want %q, %t", i, what, got.Attributes.Get(f.Text), got.Disabled, step.want, step.disabled)
			}
			if able.UserMark && !cmp.Equal(got.Mark, mark) {
				t.Errorf("step %d: %s has the mark %v, want %v", i, what, got.Mark, mark)
			}
		}
	}
}

// finishByID does what the pod does that finishes the plan of another one: it writes without having read.
func finishByID(t *testing.T, f Fixture) {
	w := f.world(t)
	sales := w.department("Sales", "")
	ann := w.user("ann", "Ann", sales.ID)
	next := f.Open(t)
	if _, err := next.UpdateUser(t.Context(), ann.ID, connector.Patch{Changes: []connector.Change{{Field: f.Text, Values: []string{"x"}}}}); err != nil {
		t.Errorf("updating a user that was not read: %v", err)
	}
	doubt := connector.NewEntry{Attributes: w.User("ann", "Ann"), Mark: directory.Mark{Owner: "test/task", SourceID: "u-ann"}}
	if next.Capabilities().Membership == directory.OnUser {
		doubt.Departments = []string{sales.ID}
	}
	found, err := f.Open(t).Find(t.Context(), directory.User, doubt)
	if err != nil || found == nil || found.ID != ann.ID {
		t.Errorf("looking for a create in doubt finds %v, %v; want Ann", found, err)
	}
	doubt.Attributes, doubt.Mark.SourceID = w.User("bob", "Bob"), "u-bob"
	if found, err := next.Find(t.Context(), directory.User, doubt); err != nil || found != nil {
		t.Errorf("looking for a create that never happened finds %v, %v; want nothing", found, err)
	}
	if err := f.Open(t).DeleteUser(t.Context(), ann.ID); err != nil {
		t.Errorf("deleting a user that was not read: %v", err)
	}
	if err := next.DeleteUser(t.Context(), ann.ID); connector.ClassOf(err) != connector.NotFound {
		t.Errorf("deleting a user that is gone: %v, want an error of class NotFound", err)
	}
	if err := f.Open(t).DeleteDepartment(t.Context(), sales.ID); err != nil {
		t.Errorf("deleting a department that was not read: %v", err)
	}
}

func deleteOccupied(t *testing.T, f Fixture) {
	w := f.world(t)
	sales := w.department("Sales", "")
	ann := w.user("ann", "Ann", sales.ID)
	if w.target.Capabilities().Membership != directory.NoMembership {
		if err := w.target.DeleteDepartment(t.Context(), sales.ID); connector.ClassOf(err) != connector.Conflict {
			t.Errorf("deleting a department with a user: %v, want an error of class Conflict", err)
		}
	}
	if err := w.target.DeleteUser(t.Context(), ann.ID); err != nil {
		t.Fatal(err)
	}
	if w.target.Capabilities().Nested {
		child := w.department("Child", sales.ID)
		if err := w.target.DeleteDepartment(t.Context(), sales.ID); connector.ClassOf(err) != connector.Conflict {
			t.Errorf("deleting a department with another below it: %v, want an error of class Conflict", err)
		}
		if err := w.target.DeleteDepartment(t.Context(), child.ID); err != nil {
			t.Errorf("deleting the child: %v", err)
		}
	}
	if err := w.target.DeleteDepartment(t.Context(), sales.ID); err != nil {
		t.Errorf("deleting an empty department: %v", err)
	}
	if left := read(t, f.Open(t)); len(left.users)+len(left.departments) != 0 {
		t.Errorf("%d users and %d departments are left", len(left.users), len(left.departments))
	}
	if _, err := w.target.UpdateUser(t.Context(), ann.ID, connector.Patch{Changes: []connector.Change{{Field: f.Text, Values: []string{"too late"}}}}); connector.ClassOf(err) != connector.NotFound {
		t.Errorf("changing a user that is gone: %v, want an error of class NotFound", err)
	}
}
