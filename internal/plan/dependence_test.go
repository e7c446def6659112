package plan_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/guard"
	"synccenter.dev/synccenter/internal/plan"
)

// expectPlan executes a plan that must read as wanted.
func (w *world) expectPlan(t *testing.T, want string) guard.Facts {
	t.Helper()
	operations, facts, changes := w.plan(t)
	if diff := cmp.Diff(want, describe(operations)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	w.execute(operations, changes)
	return facts
}

func TestNobodyLosesTheLastDepartmentToOneThatIsUnknown(t *testing.T) {
	for _, membership := range []directory.Membership{directory.OnUser, directory.OnDepartment} {
		t.Run(string(membership), func(t *testing.T) {
			w := newWorld()
			w.capabilities.Membership = membership
			w.department("d1", "Company", "")
			w.user("u1", "li", "", "d1")
			w.sync(t)
			w.department("d9", "New", "d1")
			w.unknown["d9"] = errors.New("unreadable")
			w.source["u1"].Departments = []string{"d9"}

			facts := w.expectPlan(t, "CreateDepartment d9 Failed/EntryUnknown\nChangeUserDepartments u1 Skipped/DepartmentUnknown\n")

			if facts.RemovalsUsers != 0 || len(w.target[w.targetID(directory.User, "u1")].Departments) != 1 {
				t.Errorf("%d removals; the target has %+v", facts.RemovalsUsers, w.target[w.targetID(directory.User, "u1")])
			}
			delete(w.unknown, "d9")
			w.sync(t)
			w.settled(t)
		})
	}
}

func TestWhoMovesIntoADepartmentThatIsUnknownNowStays(t *testing.T) {
	w := newWorld()
	w.capabilities.Membership = directory.OnDepartment
	w.department("d1", "Company", "")
	w.department("d2", "Sales", "d1")
	w.user("u1", "li", "", "d1")
	w.user("u2", "wang", "", "d2")
	w.sync(t)
	w.source["u1"].Departments = []string{"d2"}
	w.unknown["d2"] = errors.New("unreadable")

	w.expectPlan(t, "SyncDepartmentMembers d1 Skipped/DepartmentUnknown (members):[u1]>[]\nUpdateDepartment d2 Failed/EntryUnknown\n")

	delete(w.unknown, "d2")
	w.sync(t)
	w.settled(t)
}

func TestAnExchangeWithAProtectedEntryLeavesNobodyWithATemporaryName(t *testing.T) {
	w := company(t)
	w.department("d4", "West", "d1")
	w.department("d5", "North", "d1")
	w.sync(t)
	w.protected = map[string]bool{w.targetID(directory.User, "u3"): true, w.targetID(directory.Department, "d5"): true}
	setAttribute(w.source["u2"], "uid", []string{"bob"})
	setAttribute(w.source["u3"], "uid", []string{"ann"})
	w.department("d4", "North", "d1")
	w.department("d5", "West", "d1")

	w.expectPlan(t, `UpdateDepartment d4 Failed/NameInUse label:[West]>[North]
UpdateDepartment d5 Skipped/Protected label:[North]>[West]
ChangeUserIdentifier u3 Skipped/Protected login:[bob]>[ann]
ChangeUserIdentifier u2 Failed/NameInUse login:[ann]>[bob]
`)
}

func TestADisabledPersonWhoComesBackUnderANewIDIsTurnedOn(t *testing.T) {
	w := company(t)
	w.users, w.relink = plan.Disable, plan.Allow
	w.source["d2"].Leaders = nil
	delete(w.source, "u3")
	w.sync(t)
	w.user("u33", "bob", "", "d2")

	w.expectPlan(t, "ChangeUserIdentifier u33 (active):[false]>[true] (link):[u3]>[u33]\n")

	if w.target[w.targetID(directory.User, "u33")].Disabled {
		t.Error("the account is still off")
	}
	w.settled(t)
}

func TestAChainThatEndsInAHeldRemovalWaitsAsAWhole(t *testing.T) {
	w := newWorld()
	for id, name := range map[string]string{"d1": "A", "d2": "B", "d3": "C"} {
		w.department(id, name, "")
	}
	w.sync(t)
	delete(w.source, "d1")
	w.department("d2", "A", "")
	w.department("d3", "B", "")
	w.hold = &guard.Finding{Reason: "TooMany", Message: "too many"}

	w.expectPlan(t, `UpdateDepartment d1 Held/TooMany label:[A]>[swap-8b53639f152c]
UpdateDepartment d2 Held/DependsOnHeld label:[B]>[A]
UpdateDepartment d3 Held/DependsOnHeld label:[C]>[B]
DeleteDepartment d1 Held/TooMany (link):[d1]>[]
`)
}

func TestATargetThatGivesAnEntryTwice(t *testing.T) {
	w := company(t)
	w.repeats = true
	w.settled(t)
	delete(w.source, "u1")
	w.manager("u2", "u3")
	w.plan(t)
}
