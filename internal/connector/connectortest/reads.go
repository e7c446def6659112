package connectortest

import (
	"slices"
	"testing"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
)

// everyEntryOnce reads directories whose size lies on either side of a page.
func everyEntryOnce(t *testing.T, f Fixture) {
	filled := 0
	for _, size := range []int{0, 1, f.PageSize - 1, f.PageSize, f.PageSize + 1, 2 * f.PageSize} {
		f.Fill(t, size-filled)
		filled = size
		seen := map[string]bool{}
		for _, user := range read(t, f.Open(t)).users {
			if seen[user.ID] {
				t.Errorf("of %d users, %s is read twice", size, user.ID)
			}
			seen[user.ID] = true
		}
		if len(seen) != size {
			t.Errorf("%d of %d users are read", len(seen), size)
		}
	}
}

// brokenRead loses the connection between two pages and in the middle of one.
func brokenRead(t *testing.T, f Fixture) {
	users := f.PageSize + f.PageSize/2
	f.Fill(t, users)
	for _, bytes := range []int64{0, 3000, 30000} {
		target := f.Open(t)
		collect(t, target.Departments(t.Context(), nil))
		f.CutAfter(bytes)
		count, failed := 0, error(nil)
		for _, err := range target.Users(t.Context(), nil) {
			if failed != nil {
				t.Error("something follows the error")
			}
			if failed = err; err == nil {
				count++
			}
		}
		if connector.ClassOf(failed) != connector.Unavailable {
			t.Errorf("cut after %d bytes: %d of %d users and the error %v; want one of class Unavailable", bytes, count, users, failed)
		}
		f.CutAfter(-1)
	}
	if got := len(read(t, f.Open(t)).users); got != users {
		t.Errorf("%d of %d users are read when the connection is whole again", got, users)
	}
}

// lookup asks for known, unknown and repeated IDs.
func lookup(t *testing.T, f Fixture) {
	w := f.world(t)
	sales := w.department("Sales", "")
	ann, bob := w.user("ann", "Ann", sales.ID), w.user("bob", "Bob", "")
	gone := w.user("gone", "Gone", "")
	if err := w.target.DeleteUser(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	target := f.Open(t)
	found, err := target.Lookup(t.Context(), directory.User, []string{bob.ID, ann.ID, gone.ID, bob.ID, "no id at all"}, []string{f.User("x", "x")[0].Name})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 {
		t.Fatalf("%d entries are found, want Ann and Bob once each", len(found))
	}
	if membership := target.Capabilities().Membership; membership != directory.NoMembership {
		if got := byID(t, found, ann.ID).Departments; !slices.Equal(got, []string{sales.ID}) {
			t.Errorf("Ann is found in %q, want %q", got, sales.ID)
		}
	}
	departments, err := target.Lookup(t.Context(), directory.Department, []string{sales.ID, ann.ID}, nil)
	if err != nil || len(departments) == 0 || byID(t, departments, sales.ID).Name != "Sales" {
		t.Errorf("looking up department Sales: %v, %v", departments, err)
	}
}

// brokenLookup loses the connection before and within the answer to a look-up.
func brokenLookup(t *testing.T, f Fixture) {
	w := f.world(t)
	ann := w.user("ann", "Ann", "")
	for _, bytes := range []int64{0, 20} {
		f.CutAfter(bytes)
		if found, err := w.target.Lookup(t.Context(), directory.User, []string{ann.ID}, nil); connector.ClassOf(err) != connector.Unavailable {
			t.Errorf("cut after %d bytes: %d entries and the error %v; want one of class Unavailable", bytes, len(found), err)
		}
	}
	f.CutAfter(-1)
}

func unreadableField(t *testing.T, f Fixture) {
	if f.Unreadable == "" {
		t.Skip("every field can be read here")
	}
	w := f.world(t)
	ann := w.user("ann", "Ann", "")
	fields := []string{f.Text, f.Unreadable}
	read := read(t, f.Open(t), fields...).user(t, ann.ID)
	found, err := w.target.Lookup(t.Context(), directory.User, []string{ann.ID}, fields)
	if err != nil || len(found) != 1 {
		t.Fatalf("looking Ann up: %d entries, %v", len(found), err)
	}
	for what, entry := range map[string]directory.Entry{"the read": read, "the look-up": found[0]} {
		if !slices.Equal(entry.Unreadable, []string{f.Unreadable}) {
			t.Errorf("%s says that %q are unreadable, want %s", what, entry.Unreadable, f.Unreadable)
		}
	}
}
