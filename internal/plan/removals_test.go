package plan_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/guard"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

func TestWhoeverNeedsTheIdentifierOfALeaverHeldEarlierIsHeld(t *testing.T) {
	w := company(t)
	w.relink = plan.Never // the two are different people
	delete(w.source, "u3")
	w.source["d2"].Leaders = nil
	w.hold = &guard.Finding{Reason: "TooMany", Message: "too many"}
	w.sync(t)
	w.hold = nil
	w.user("u4", "bob", "", "d2")
	w.user("u5", "cleo", "", "d2") // waits for nobody

	w.expectPlan(t, `CreateUser u4 Held/DependsOnHeld (departments):[]>[d2] login:[]>[bob]
CreateUser u5 (departments):[]>[d2] login:[]>[cleo]
`)

	delete(w.source, "u4")
	setAttribute(w.source["u2"], "uid", []string{"bob"})
	setAttribute(w.source["u5"], "uid", []string{"ann"}) // which u2 would have given up
	w.expectPlan(t, "ChangeUserIdentifier u2 Held/DependsOnHeld login:[ann]>[bob]\nChangeUserIdentifier u5 Held/DependsOnHeld login:[cleo]>[ann]\n")
}

func TestWhatTakesThePlaceOfADepartmentHeldEarlierIsHeld(t *testing.T) {
	w := newWorld()
	w.department("d1", "Company", "")
	w.department("d2", "Sales", "d1")
	w.department("d3", "Lab", "d1")
	w.user("u1", "li", "", "d1")
	w.sync(t)
	delete(w.source, "d2")
	w.hold = &guard.Finding{Reason: "TooMany", Message: "too many"}
	w.sync(t)
	w.hold = nil
	w.department("d4", "Sales", "d1")
	w.department("d5", "East", "d4")
	w.user("u2", "ann", "", "d5")
	w.user("u3", "bob", "", "d1")

	w.expectPlan(t, `CreateDepartment d4 Held/DependsOnHeld (parent):[]>[d1] label:[]>[Sales]
CreateDepartment d5 Held/DependsOnHeld (parent):[]>[d4] label:[]>[East]
CreateUser u2 Held/DependsOnHeld (departments):[]>[d5] login:[]>[ann]
CreateUser u3 (departments):[]>[d1] login:[]>[bob]
`)

	delete(w.source, "d4")
	delete(w.source, "d5")
	delete(w.source, "u2")
	w.department("d3", "Sales", "d1")
	w.expectPlan(t, "UpdateDepartment d3 Held/DependsOnHeld label:[Lab]>[Sales]\n")
	w.reconsider = true
	w.sync(t)
	w.reconsider = false
	w.settled(t)
}

// disabled makes a world in which u3 left and was disabled long enough to be deleted.
func disabled(t *testing.T) *world {
	t.Helper()
	w := company(t)
	w.users = plan.Disable
	delete(w.source, "u3")
	w.source["d2"].Leaders = nil
	w.sync(t)
	link, _ := w.links.BySource(directory.User, "u3")
	since := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	link.Since = &since
	mustPut(w.links, link)
	w.disabledBefore = since.Add(time.Second)
	return w
}

func TestAnOverrideDeletesWhoseDeletionWasHeld(t *testing.T) {
	w := disabled(t)
	w.hold = &guard.Finding{Reason: "TooMany", Message: "too many"}
	w.sync(t)
	w.hold = nil
	w.settled(t)
	w.reconsider = true
	w.expectPlan(t, "DeleteUser u3 (link):[u3]>[]\n")
}

func TestAnAccountThatSomebodyTurnedOnAgainIsNotDeleted(t *testing.T) {
	w := disabled(t)
	w.target[w.targetID(directory.User, "u3")].Disabled = false
	w.expectPlan(t, "DeleteUser u3 Skipped/Kept\n")
	w.settled(t)
	if link, _ := w.links.BySource(directory.User, "u3"); link.State != state.Released {
		t.Errorf("the link is %s", link.State)
	}
}

func TestPeopleBelowADepartmentAreItsPeople(t *testing.T) {
	for name, several := range map[string]bool{"one department each": false, "several departments": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.department("d1", "Company", "")
			w.department("d2", "Sales", "d1")
			for _, team := range []string{"d3", "d4"} {
				w.department(team, team, "d2")
				for _, one := range []string{"a", "b", "c"} {
					departments := []string{team}
					if several {
						departments = append(departments, "d2")
					}
					w.user(team+one, team+one, "", departments...)
				}
			}
			w.user("u9", "boss", "", "d1")
			w.sync(t)
			for _, id := range []string{"d3a", "d3b", "d4a"} {
				delete(w.source, id)
			}
			_, facts, _ := w.plan(t)
			want := []guard.DepartmentLoss{
				{ID: "d1", Name: "Company", Members: 7, Loses: 3}, {ID: "d2", Name: "Company/Sales", Members: 6, Loses: 3},
				{ID: "d3", Name: "Company/Sales/d3", Members: 3, Loses: 2}, {ID: "d4", Name: "Company/Sales/d4", Members: 3, Loses: 1},
			}
			if diff := cmp.Diff(want, facts.DepartmentLosses); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMovesAndReferencesAreChangesOfPeople(t *testing.T) {
	for _, membership := range []directory.Membership{directory.OnUser, directory.OnDepartment} {
		t.Run(string(membership), func(t *testing.T) {
			w := newWorld()
			w.capabilities.Membership = membership
			w.department("d1", "Company", "")
			w.department("d2", "Sales", "d1")
			for _, id := range []string{"u1", "u2", "u3", "u4"} {
				w.user(id, id, "", "d1")
			}
			w.manager("u4", "u1")
			w.sync(t)
			w.source["u1"].Departments = []string{"d2"}
			w.source["u2"].Departments = []string{"d2"}
			setAttribute(w.source["u2"], "title", []string{"Clerk"}) // counts once
			setAttribute(w.source["u4"], "manager", nil)
			_, facts, _ := w.plan(t)
			if facts.ChangedUsers != 3 || facts.Cleared["manager"] != 1 {
				t.Errorf("%d people change, and these fields are emptied: %v; want 3, and manager for 1", facts.ChangedUsers, facts.Cleared)
			}
		})
	}
}

func TestAManagerWhoLeftIsNoFieldThatWasEmptied(t *testing.T) {
	w := company(t)
	delete(w.source, "u1")
	setAttribute(w.source["u2"], "manager", nil)
	_, facts, _ := w.plan(t)
	if len(facts.Cleared) != 0 {
		t.Errorf("emptied: %v", facts.Cleared)
	}
}

func TestAnOverrideIsToldWhatWaits(t *testing.T) {
	w := company(t)
	w.hold = &guard.Finding{Reason: "TooMany", Message: "too many"}
	delete(w.source, "u3")
	w.sync(t)
	if _, facts, _ := w.plan(t); facts.Waiting != 1 {
		t.Errorf("%d wait, want 1", facts.Waiting)
	}
	w.reconsider = true
	if _, facts, _ := w.plan(t); facts.Waiting != 0 || facts.RemovalsUsers != 1 {
		t.Errorf("with an override %d wait and %d are removed, want 0 and 1", facts.Waiting, facts.RemovalsUsers)
	}
}

// TestALeaverWhoseLoginCannotBeReadGoesFirstWhereSomebodyGetsOne and last otherwise: a removal comes early only for what it may give up.
func TestALeaverWhoseLoginCannotBeReadGoesFirstWhereSomebodyGetsOne(t *testing.T) {
	for login, want := range map[string]string{
		"bob": "UpdateUser u3 position:[]>[Clerk]\nDeleteUser u2 (link):[u2]>[]\n",
		"ann": "DeleteUser u2 (link):[u2]>[]\nChangeUserIdentifier u3 login:[bob]>[ann]\nUpdateUser u3 position:[]>[Clerk]\n",
	} {
		w := company(t)
		delete(w.source, "u2")
		leaver := w.target[w.targetID(directory.User, "u2")]
		leaver.Unreadable = []string{"login"}
		setAttribute(leaver, "login", nil)
		setAttribute(w.source["u3"], "title", []string{"Clerk"})
		setAttribute(w.source["u3"], "uid", []string{login})

		w.expectPlan(t, want)
	}
}
