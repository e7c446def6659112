package plan_test

import (
	"errors"
	"slices"
	"testing"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

// TestTwoWhoWouldGetOneIdentifierGoInTurn: which of them gets it must not be chance, and whoever exchanges it comes first.
func TestTwoWhoWouldGetOneIdentifierGoInTurn(t *testing.T) {
	cases := map[string]struct {
		setUp func(w *world)
		want  []string
	}{
		"both are new":                    {func(w *world) { w.user("u8", "new", ""); w.user("u9", "NEW", "") }, []string{"u8", "u9"}},
		"one is new and one renamed":      {func(w *world) { w.user("u2", "new", ""); w.user("u1", "New", "") }, []string{"u1", "u2"}},
		"both are renamed":                {func(w *world) { w.user("u5", "new", ""); w.user("u4", "New", "") }, []string{"u4", "u5"}},
		"one of them is in a circle":      {func(w *world) { w.user("u5", "b", ""); w.user("u6", "a", ""); w.user("u4", "A", "") }, []string{"u5", "u6", "u5", "u4"}},
		"the circle opens with the other": {func(w *world) { w.user("u5", "b", ""); w.user("u6", "a", ""); w.user("u4", "B", "") }, []string{"u5", "u6", "u5", "u4"}},
		"and somebody follows":            {func(w *world) { w.user("u4", "new", ""); w.user("u5", "NEW", ""); w.user("u6", "a", "") }, []string{"u4", "u5", "u6"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			for id, login := range map[string]string{"u4": "c", "u5": "a", "u6": "b"} {
				w.user(id, login, "")
			}
			w.sync(t)
			c.setUp(w)
			operations, _, _ := w.plan(t)
			var got []string
			wave := uint32(0)
			for _, o := range operations {
				if o.Kind != plan.CreateUser && o.Kind != plan.ChangeUserIdentifier {
					continue
				}
				if got = append(got, o.SourceID); o.Wave == wave {
					t.Errorf("%s comes beside another one", o.SourceID)
				}
				wave = o.Wave
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("the order is %q, want %q", got, c.want)
			}
		})
	}
}

// TestSomebodyWantsWhatAnotherOnlyWritesOtherwise: whoever changes the case of a login keeps it, and nobody waits for it.
func TestSomebodyWantsWhatAnotherOnlyWritesOtherwise(t *testing.T) {
	w := newWorld()
	w.user("u1", "c", "")
	w.user("u2", "a", "")
	w.sync(t)
	w.user("u1", "a", "")
	w.user("u2", "A", "")

	operations, _, _ := w.plan(t)

	for _, o := range operations {
		if o.Kind != plan.ChangeUserIdentifier || len(o.Needs) > 0 || o.Restores != nil {
			t.Errorf("the plan is %s", describe(operations))
		}
	}
}

func TestTwoDepartmentsThatWouldTakeOnePlaceBothFail(t *testing.T) {
	w := newWorld()
	w.department("d1", "Sales", "")
	w.department("d2", "East", "d1")
	w.sync(t)
	w.department("d2", "Research", "")
	w.department("d8", "RESEARCH", "")
	w.department("d9", "Field", "d8")
	w.user("u1", "li", "", "d2")

	w.expectPlan(t, "MoveDepartment d2 Failed/Collision (parent):[d1]>[] label:[East]>[Research]\nCreateDepartment d8 Failed/Collision\n"+
		"CreateDepartment d9 (parent):[]>[d8] label:[]>[Field]\nCreateUser u1 (departments):[]>[d2] login:[]>[li]\n")
}

// TestNothingIsDoneToAnEntryBeforeItIsOurs: when the adoption fails, the entry must be as it was.
func TestNothingIsDoneToAnEntryBeforeItIsOurs(t *testing.T) {
	w := newWorld()
	w.department("d1", "Company", "")
	w.sync(t)
	mark := func(id string) *directory.Mark { return &directory.Mark{Owner: "me", SourceID: id} }
	w.target["x1"] = &directory.Entry{Kind: directory.User, ID: "x1", Name: "other", Mark: mark("u1"),
		Attributes: directory.Attributes{{Name: "login", Values: []string{"other"}}}}
	w.target["x2"] = &directory.Entry{Kind: directory.Department, ID: "x2", Name: "Elsewhere", Mark: mark("d2"),
		Attributes: directory.Attributes{{Name: "label", Values: []string{"Elsewhere"}}}}
	w.department("d2", "Sales", "d1").Leaders = []string{"u1"}
	w.user("u1", "li", "Boss", "d2")

	operations, _, _ := w.plan(t)

	adopted := map[string]int{}
	for _, o := range operations {
		if o.Decision != nil {
			continue
		}
		if o.Adopt {
			adopted[o.SourceID] = o.Index
		} else if adopting, ok := adopted[o.SourceID]; !ok || !slices.Contains(o.Needs, adopting) {
			t.Errorf("%s of %s does not need the adoption; the plan is\n%s", o.Kind, o.SourceID, describe(operations))
		}
	}
	if len(adopted) != 2 {
		t.Errorf("%v are adopted, want u1 and d2", adopted)
	}
}

// TestWhatWasLearnedIsOfOneEntry: an entry that takes the place of another is written, so that it is learned anew.
func TestWhatWasLearnedIsOfOneEntry(t *testing.T) {
	w := newWorld()
	w.upper = true
	w.user("u1", "li", "boss")
	w.sync(t)
	old := w.target[w.targetID(directory.User, "u1")]
	delete(w.target, old.ID)
	again := *old
	again.ID, again.Disabled = "again", true
	w.target["again"] = &again
	link, _ := w.links.BySource(directory.User, "u1")
	link.State = state.Disabled
	mustPut(w.links, link)

	w.expectPlan(t, "UpdateUser u1 (link):[]>[u1] position:[BOSS]>[boss]\n")
	if !w.target["again"].Disabled {
		t.Error("an account was turned on that this task had not turned off")
	}
}

// TestALostTargetEntryIsNoReference: until it is made again nothing can name it.
func TestALostTargetEntryIsNoReference(t *testing.T) {
	w := newWorld()
	w.department("d1", "Company", "")
	w.department("d2", "Sales", "d1")
	w.user("u1", "li", "", "d1")
	w.user("u2", "wang", "", "d1")
	w.sync(t)
	for kind, id := range map[directory.Kind]string{directory.Department: "d2", directory.User: "u2"} {
		delete(w.target, w.targetID(kind, id))
	}
	w.unknown["d2"] = errors.New("unreadable")

	_, _, changes := w.plan(t)

	var lost []string
	for _, change := range changes {
		if change.Lost {
			lost = append(lost, change.Link.SourceID)
		}
	}
	if want := []string{"d2", "u2"}; !slices.Equal(lost, want) {
		t.Errorf("%q are lost, want %q: %+v", lost, want, changes)
	}
}

// TestADepartmentThatIsTakenOverGetsOthersBelowIt: taking over a target is one run.
func TestADepartmentThatIsTakenOverGetsOthersBelowIt(t *testing.T) {
	w := newWorld()
	w.target["x1"] = &directory.Entry{Kind: directory.Department, ID: "x1", Name: "company", Attributes: directory.Attributes{{Name: "label", Values: []string{"company"}}}}
	w.department("d1", "Company", "")
	w.department("d2", "Sales", "d1")

	w.expectPlan(t, "UpdateDepartment d1 (link):[]>[d1] label:[company]>[Company]\nCreateDepartment d2 (parent):[]>[d1] label:[]>[Sales]\n")

	w.settled(t)
}

// TestNobodyStepsAsideForAPlaceThatStaysTaken: it would be in vain, in this run and in every later one.
func TestNobodyStepsAsideForAPlaceThatStaysTaken(t *testing.T) {
	w := newWorld()
	w.departments = plan.Keep
	w.department("d1", "Sales", "")
	w.department("d2", "East", "")
	w.department("d3", "West", "")
	w.sync(t)
	delete(w.source, "d1") // and is kept
	w.target["x1"] = &directory.Entry{Kind: directory.Department, ID: "x1", Name: "Field", Attributes: directory.Attributes{{Name: "label", Values: []string{"Field"}}},
		Mark: &directory.Mark{Owner: "they"}}
	w.department("d2", "Sales", "")
	w.department("d3", "East", "")
	w.department("d4", "Field", "")

	w.expectPlan(t, "DeleteDepartment d1 Skipped/Kept\nUpdateDepartment d2 Failed/NameInUse label:[East]>[Sales]\n"+
		"UpdateDepartment d3 Failed/NameInUse label:[West]>[East]\nCreateDepartment d4 Failed/OwnedByAnother\n")
}

// TestSomebodyWhoIsProtectedStaysWhereTheyAre, also where it is the departments that name their members.
func TestSomebodyWhoIsProtectedStaysWhereTheyAre(t *testing.T) {
	for _, membership := range []directory.Membership{directory.OnUser, directory.OnDepartment} {
		t.Run(string(membership), func(t *testing.T) {
			w := newWorld()
			w.capabilities.Membership = membership
			w.department("d1", "Sales", "")
			w.department("d2", "East", "")
			w.user("u1", "root", "", "d1")
			w.sync(t)
			w.protected = map[string]bool{w.targetID(directory.User, "u1"): true}
			w.source["u1"].Departments = []string{"d2"}
			delete(w.source, "d1")

			w.expectPlan(t, "DeleteDepartment d1 Skipped/HasKeptPeople\nChangeUserDepartments u1 Skipped/Protected (departments):[d1]>[d2]\n")
		})
	}
}

// TestATargetWithoutMainDepartmentsIsToldNone: the order in which it gives a user's departments means nothing, and to write one would never end.
func TestATargetWithoutMainDepartmentsIsToldNone(t *testing.T) {
	w := newWorld()
	w.capabilities.MainDepartment = false
	for _, id := range []string{"d1", "d2", "d3"} {
		w.department(id, id, "")
	}
	w.user("u1", "li", "", "d1")
	w.sync(t)
	w.source["u1"].Departments = []string{"d3", "d1", "d2"}

	operations, _, _ := w.plan(t)

	for _, o := range operations {
		if o.Main != "" {
			t.Errorf("%s names the main department %s", o.Kind, o.Main)
		}
	}
}
