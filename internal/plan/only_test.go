package plan_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

// TestModelOfSomeEntries lets random runs be about random entries, and checks that nothing happens to all the others.
func TestModelOfSomeEntries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.relink = rapid.SampledFrom([]plan.Policy{plan.Allow, plan.Never}).Draw(t, "relink")
		w.users = rapid.SampledFrom([]plan.Removal{plan.Delete, plan.Disable, plan.Keep}).Draw(t, "users")
		if rapid.Bool().Draw(t, "members on departments") {
			w.capabilities.Membership, w.capabilities.MainDepartment = directory.OnDepartment, false
		}
		for range rapid.IntRange(1, 6).Draw(t, "rounds") {
			for range rapid.IntRange(0, 6).Draw(t, "edits") {
				w.randomEdit(t)
			}
			w.randomOnly(t)
			before := w.besides()
			linked := map[string]bool{}
			for link := range w.links.Sorted(directory.Department) {
				linked[link.SourceID] = true
			}
			operations, facts, changes := w.plan(t)
			if facts.Partial != (w.only != nil) {
				t.Fatalf("the guard is told that the plan is about some entries: %t", facts.Partial)
			}
			w.randomFailures(t, operations, changes)
			if w.only != nil {
				w.checkConcerned(t, operations, func(id string) bool { return linked[id] })
				w.checkUntouched(t, before)
			}
		}
		w.only = nil
		for range 2 {
			operations, _, changes := w.plan(t)
			w.execute(operations, changes)
		}
		w.inStep(t)
	})
}

// randomOnly makes a run be about some entries, or about all.
func (w *world) randomOnly(t *rapid.T) {
	w.only = nil
	if rapid.Bool().Draw(t, "about all") {
		return
	}
	w.only = &plan.Only{Users: map[string]bool{}, Departments: map[string]bool{}}
	for i := range 8 {
		if rapid.Bool().Draw(t, fmt.Sprint("names u", i+1)) {
			w.only.Users[fmt.Sprint("u", i+1)] = true
		}
		if rapid.Bool().Draw(t, fmt.Sprint("names d", i+1)) {
			w.only.Departments[fmt.Sprint("d", i+1)] = true
		}
	}
}

func (w *world) names(kind directory.Kind, id string) bool {
	return kind == directory.User && w.only.Users[id] || kind == directory.Department && w.only.Departments[id]
}

// aside is the link and the target entry of somebody who is not named.
type aside struct {
	link  state.Link
	entry directory.Entry
}

// besides are those who are linked and not named, but for those whom the source does not have: their entry may go over to somebody who is named.
func (w *world) besides() map[string]aside {
	found := map[string]aside{}
	if w.only == nil {
		return found
	}
	for _, kind := range []directory.Kind{directory.Department, directory.User} {
		for link := range w.links.Sorted(kind) {
			if entry := w.target[link.TargetID]; entry != nil && !w.names(kind, link.SourceID) && w.source[link.SourceID] != nil {
				found[link.SourceID] = aside{link, copied(entry)}
			}
		}
	}
	return found
}

func copied(entry *directory.Entry) directory.Entry {
	copy := *entry
	copy.Departments, copy.Leaders = slices.Clone(entry.Departments), slices.Clone(entry.Leaders)
	copy.Attributes = nil
	for _, a := range entry.Attributes {
		copy.Attributes = append(copy.Attributes, directory.Attribute{Name: a.Name, Values: slices.Clone(a.Values)})
	}
	return copy
}

// checkUntouched fails when anything of those who were aside is otherwise.
func (w *world) checkUntouched(t *rapid.T, before map[string]aside) {
	for id, was := range before {
		link, _ := w.links.BySource(was.link.Kind, id)
		entry := w.target[link.TargetID]
		if entry == nil {
			t.Fatalf("%s, who is not named, lost the link or the entry", id)
		}
		if diff := cmp.Diff(was.entry, copied(entry)) + cmp.Diff(was.link, link); diff != "" {
			t.Fatalf("%s, who is not named, was touched: %s", id, diff)
		}
	}
}

// checkConcerned fails when the plan has an operation on somebody who is not named and not needed.
func (w *world) checkConcerned(t *rapid.T, operations []plan.Operation, linked func(id string) bool) {
	needed := map[string]bool{}
	need := func(id string) {
		for at := w.source[id]; at != nil && !needed[at.ID]; at = w.source[at.Parent] {
			needed[at.ID] = true
		}
	}
	for id, entry := range w.source {
		switch {
		case entry.Kind == directory.Department && w.only.Departments[id]:
			need(entry.Parent)
		case entry.Kind == directory.User && w.only.Users[id]:
			for _, department := range entry.Departments {
				need(department)
			}
		}
	}
	for _, o := range operations {
		switch {
		case w.names(o.Subject, o.SourceID):
		case o.Subject == directory.Department && needed[o.SourceID] && !linked(o.SourceID):
		case o.Kind == plan.SyncDepartmentMembers:
			for _, id := range slices.Concat(o.Changes[0].Before, o.Changes[0].After) {
				if !w.only.Users[id] {
					t.Fatalf("%s of %s is about %s, who is not named", o.Kind, o.SourceID, id)
				}
			}
		default:
			t.Fatalf("%s of %s, who is not named", o.Kind, o.SourceID)
		}
	}
}
