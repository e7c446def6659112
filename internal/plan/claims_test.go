package plan_test

import (
	"errors"
	"slices"
	"testing"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

func TestTwoWhoWouldGetOneIdentifierBothFail(t *testing.T) {
	cases := map[string]struct {
		setUp func(w *world)
		want  string
	}{
		"both are new": {func(w *world) { w.user("u8", "new", ""); w.user("u9", "NEW", "") },
			"CreateUser u8 Failed/Collision login:[]>[new]\nCreateUser u9 Failed/Collision login:[]>[NEW]\n"},
		"one is new and the other renamed": {func(w *world) { w.user("u8", "new", ""); w.user("u1", "New", "") },
			"ChangeUserIdentifier u1 Failed/Collision login:[a]>[New]\nCreateUser u8 Failed/Collision login:[]>[new]\n"},
		"two would come into one circle": {func(w *world) { w.user("u1", "b", ""); w.user("u2", "a", ""); w.user("u3", "A", "") },
			"ChangeUserIdentifier u2 Failed/Collision login:[b]>[a]\nChangeUserIdentifier u3 Failed/Collision login:[c]>[A]\nChangeUserIdentifier u1 Skipped/NameInUse login:[a]>[b]\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			for id, login := range map[string]string{"u1": "a", "u2": "b", "u3": "c"} {
				w.user(id, login, "")
			}
			w.sync(t)
			c.setUp(w)
			w.expectPlan(t, c.want)
		})
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
		t.Errorf("%q are lost, want %q: %+v", lost, want, []plan.LinkChange(changes))
	}
}
