package connectortest

import (
	"slices"
	"testing"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
)

// departmentsOfAUser puts people into none, one and three departments, and takes them out again.
func departmentsOfAUser(t *testing.T, f Fixture) {
	w := f.world(t)
	able := w.target.Capabilities()
	if able.Membership == directory.NoMembership {
		t.Skip("it is not kept here who is in which department")
	}
	a, b, c := w.department("A", "").ID, w.department("B", "").ID, w.department("C", "").ID
	ann := w.user("ann", "Ann", "")
	steps := [][]string{{a}, {b, a, c}, {c, b}, {}, {b}}
	if able.SingleDepartment {
		steps = [][]string{{a}, {b}, {}, {c}}
	}
	var before []string
	for i, want := range steps {
		w.putInto(ann.ID, before, want)
		before = want
		got := read(t, f.Open(t)).user(t, ann.ID).Departments
		if len(got) > 0 && able.MainDepartment && got[0] != want[0] {
			t.Errorf("step %d: the main department is %s, want %s", i, got[0], want[0])
		}
		if !sameSet(got, want) {
			t.Errorf("step %d: Ann is in %q, want %q", i, got, want)
		}
	}
}

// putInto changes the departments of a user in whichever way the target keeps them.
func (w world) putInto(user string, before, after []string) {
	w.t.Helper()
	without := func(list, other []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(id string) bool { return slices.Contains(other, id) })
	}
	add, remove := without(after, before), without(before, after)
	if w.target.Capabilities().Membership == directory.OnUser {
		change := connector.DepartmentsChange{Add: add, Remove: remove}
		if len(after) > 0 {
			change.Main = after[0]
		}
		if _, err := w.target.ChangeUserDepartments(w.t.Context(), user, change); err != nil {
			w.t.Fatalf("changing the departments to %q: %v", after, err)
		}
		return
	}
	for _, id := range add {
		if err := w.target.SyncDepartmentMembers(w.t.Context(), id, []string{user}, nil); err != nil {
			w.t.Fatalf("adding a member: %v", err)
		}
	}
	for _, id := range remove {
		if err := w.target.SyncDepartmentMembers(w.t.Context(), id, nil, []string{user}); err != nil {
			w.t.Fatalf("removing a member: %v", err)
		}
	}
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// leaders names those who lead a department, also after they were renamed.
func leaders(t *testing.T, f Fixture) {
	w := f.world(t)
	able := w.target.Capabilities()
	if !able.Leaders {
		t.Skip("departments do not name their leaders here")
	}
	sales := w.department("Sales", "")
	ann, bob := w.user("ann", "Ann", sales.ID), w.user("bob", "Bob", "")
	steps := []struct{ add, remove, want []string }{
		{add: []string{ann.ID, bob.ID}, want: []string{ann.ID, bob.ID}},
		{add: []string{ann.ID}, remove: []string{bob.ID}, want: []string{ann.ID}},
		{add: []string{ann.ID}, remove: []string{bob.ID}, want: []string{ann.ID}}, // done already
		{remove: []string{ann.ID}},
		{add: []string{bob.ID}, want: []string{bob.ID}},
	}
	expect := func(when string, want []string) {
		t.Helper()
		target := f.Open(t)
		references := read(t, target).department(t, sales.ID).Leaders
		var got []string
		for _, reference := range references {
			id, _ := target.Resolve(reference)
			got = append(got, id)
		}
		if !sameSet(got, want) {
			t.Errorf("%s: the leaders are %q, as %q, want %q", when, got, references, want)
		}
	}
	for _, step := range steps {
		if err := w.target.SyncDepartmentLeaders(t.Context(), sales.ID, step.add, step.remove); err != nil {
			t.Fatal(err)
		}
		expect("after a change", step.want)
	}
	if able.UserIdentifier == "" {
		return
	}
	if _, err := w.target.ChangeUserIdentifier(t.Context(), bob.ID, []string{"robert"}); err != nil {
		t.Fatal(err)
	}
	expect("after a rename", []string{bob.ID})
}

// circularReferences lets two people name each other and themselves, and renames both.
func circularReferences(t *testing.T, f Fixture) {
	if f.Reference == "" {
		t.Skip("users do not name other users here")
	}
	w := f.world(t)
	identifier := w.target.Capabilities().UserIdentifier
	ann, bob, eve := w.user("ann", "Ann", ""), w.user("bob", "Bob", ""), w.user("eve", "Eve", "")
	names := map[string]string{ann.ID: bob.ID, bob.ID: ann.ID, eve.ID: eve.ID}
	for user, other := range names {
		if _, err := w.target.UpdateUser(t.Context(), user, connector.Patch{Changes: []connector.Change{{Field: f.Reference, Add: []string{other}}}}); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(when string) {
		t.Helper()
		target := f.Open(t)
		now := read(t, target, f.Reference)
		for user, other := range names {
			references := now.user(t, user).Attributes.Get(f.Reference)
			if len(references) != 1 {
				t.Errorf("%s: %s names %q, want one", when, now.user(t, user).Name, references)
				continue
			}
			if id, ok := target.Resolve(references[0]); !ok || id != other {
				t.Errorf("%s: %s names %q, which is %q, want %q", when, now.user(t, user).Name, references, id, other)
			}
		}
	}
	expect("after they were set")
	if identifier == "" {
		return
	}
	for id, login := range map[string]string{ann.ID: "anna", bob.ID: "robert", eve.ID: "eva"} {
		if _, err := w.target.ChangeUserIdentifier(t.Context(), id, []string{login}); err != nil {
			t.Fatal(err)
		}
	}
	expect("after all were renamed")
}

func normalisedValue(t *testing.T, f Fixture) {
	if f.Normalised == nil {
		t.Skip("every value is stored as it is here")
	}
	w := f.world(t)
	ann := w.user("ann", "Ann", "")
	n := *f.Normalised
	answer, err := w.target.UpdateUser(t.Context(), ann.ID, connector.Patch{Changes: []connector.Change{{Field: n.Field, Values: []string{n.Value}}}})
	if err != nil {
		t.Fatal(err)
	}
	for what, got := range map[string]directory.Entry{"the answer": answer, "the next read": read(t, f.Open(t), n.Field).user(t, ann.ID)} {
		if !slices.Equal(got.Attributes.Get(n.Field), []string{n.Stored}) {
			t.Errorf("%s has %q, want what is stored: %q", what, got.Attributes.Get(n.Field), n.Stored)
		}
	}
}
