package plan_test

import (
	"testing"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/guard"
	"synccenter.dev/synccenter/internal/plan"
)

// turnedOver is a branch A, B, C whose lowest department goes to the top in the source, and whose highest one goes below that.
func turnedOver(t *testing.T) *world {
	t.Helper()
	w := newWorld()
	w.department("d1", "A", "")
	w.department("d2", "B", "d1")
	w.department("d3", "C", "d2")
	w.department("d4", "D", "")
	return w
}

func (w *world) turnOver() {
	w.source["d3"].Parent, w.source["d1"].Parent = "", "d3"
}

func TestADepartmentDoesNotMoveBelowOneThatCannotMove(t *testing.T) {
	w := turnedOver(t)
	w.sync(t)
	w.turnOver()
	w.target["x1"] = &directory.Entry{Kind: directory.Department, ID: "x1", Name: "C", Attributes: directory.Attributes{{Name: "label", Values: []string{"C"}}}}

	w.expectPlan(t, `MoveDepartment d1 Failed/BelowItself (parent):[]>[d3]
MoveDepartment d3 Failed/NameInUse (parent):[d2]>[]
`)

	delete(w.target, "x1")
	w.sync(t)
	w.settled(t)
}

func TestADepartmentWaitsForTheOneThatWaitsForAHeldRemoval(t *testing.T) {
	w := turnedOver(t)
	w.department("d4", "C", "")
	w.sync(t)
	w.turnOver()
	delete(w.source, "d4")
	want := `MoveDepartment d3 Held/DependsOnHeld (parent):[d2]>[]
MoveDepartment d1 Held/DependsOnHeld (parent):[]>[d3]
`
	w.hold = &guard.Finding{Reason: "TooMany", Message: "too many"}
	w.expectPlan(t, "UpdateDepartment d4 Held/TooMany label:[C]>[swap-af327a647853]\n"+want+"DeleteDepartment d4 Held/TooMany (link):[d4]>[]\n")
	w.hold = nil
	w.expectPlan(t, want)

	w.reconsider = true
	w.sync(t)
	w.settled(t)
}

// TestADepartmentThatStepsAsideForAPassage is renamed and moved, and between the two it would stand where another one stands: what it was called stands
// with the operation that ends its temporary name, should that be refused.
func TestADepartmentThatStepsAsideForAPassage(t *testing.T) {
	w := newWorld()
	w.department("d1", "A", "")
	w.department("d2", "B", "")
	w.department("d3", "X", "d1")
	w.department("d4", "X", "d2")
	w.sync(t)
	w.department("d3", "Y", "d2")
	operations, _, _ := w.plan(t)
	for _, o := range operations {
		if o.SourceID == "d3" && o.Kind == plan.UpdateDepartment && o.Changes[0].After[0] == "Y" && (o.Restores == nil || !o.Finishes) {
			t.Errorf("nothing says how to give the name back:\n%s", describe(operations))
		}
	}
	w.sync(t)
	w.settled(t)
}

// TestNobodyStepsAsideForOneThatMovesBelowWhatCannotBeMade: two departments swap their names, and one of them is to stand below one that is refused.
func TestNobodyStepsAsideForOneThatMovesBelowWhatCannotBeMade(t *testing.T) {
	w := newWorld()
	w.department("d1", "A", "")
	w.department("d2", "B", "")
	w.sync(t)
	w.department("d8", "Same", "")
	w.department("d9", "Same", "")
	w.department("d1", "B", "")
	w.department("d2", "A", "d9")

	w.expectPlan(t, `UpdateDepartment d1 Failed/NameInUse label:[A]>[B]
MoveDepartment d2 Skipped/ParentUnknown (parent):[]>[d9] label:[B]>[A]
CreateDepartment d8 Failed/Collision
CreateDepartment d9 Failed/Collision
`)

	delete(w.source, "d8")
	w.sync(t)
	w.settled(t)
}
