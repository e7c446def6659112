package runner_test

import (
	"testing"

	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/report"
)

// holding makes a company whose removals are all held.
func holding(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	w.task.Spec.Deletion.Departments.Action = v1alpha1.DepartmentDelete
	w.task.Spec.Guard.Removals = v1alpha1.RemovalLimits{Floor: ptr.To[int32](0), Percent: ptr.To[int32](0), Count: ptr.To[int32](0)}
	w.company()
	w.synced()
	return w
}

// release lets one run pass the limits.
func (w *world) release() *report.Report {
	w.t.Helper()
	w.override = &v1alpha1.GuardOverride{Reason: "decided", Removals: &v1alpha1.RemovalLimitsOverride{Floor: ptr.To[int32](100)}}
	defer func() { w.override = nil }()
	return w.synced()
}

func TestAJoinerWaitsForTheLoginOfAHeldLeaverAndNobodyElseDoes(t *testing.T) {
	t.Parallel()
	w := holding(t)
	w.task.Spec.Matching.Users = []v1alpha1.MatchRule{{Target: "mail", Source: "mail"}} // the new one is no match of the leaver
	w.synced()
	w.leave(w.researcher("fang"))
	w.person("nina", "Research", "Head")
	server.Apply(t, "dn: uid=fang,"+w.dn("Research", "Head")+"\nobjectClass: inetOrgPerson\nuid: fang\ncn: Another Fang\nsn: Fang\n\n")
	for range 2 { // in the run that holds the removal and in a later one
		last := w.synced()
		if got := w.operations(w.lastUID())["CreateUser Held"]; got != 1 {
			t.Errorf("%d joiners are held, want 1: %s", got, w.describe(w.lastUID()))
		}
		w.expectEqual("pending", last.State.Pending, 1)
	}
	if _, there := w.targetPerson("nina"); !there {
		t.Error("somebody who needs nothing waits too")
	}

	w.release()

	if person, _ := w.targetPerson("fang"); person.attributes["cn"] != "Another Fang" {
		t.Errorf("the login belongs to %v: %s", person.attributes, w.describe(w.lastUID()))
	}
}

func TestADepartmentThatTakesTheNameOfAHeldOneWaits(t *testing.T) {
	t.Parallel()
	w := holding(t)
	w.task.Spec.Matching.Departments = []v1alpha1.MatchRule{{Target: "description", Source: "description"}} // a name is no match
	w.unit("Lab", "Head")
	w.synced()
	w.leave(w.dn("Lab", "Head"))
	w.unit("Lab", "Head") // another one
	w.unit("Cellar", "Lab", "Head")
	w.person("nina", "Cellar", "Lab", "Head")
	w.person("olaf", "Sales", "Head")
	for range 2 {
		w.synced()
		w.expectEqual("what waits", map[string]int{
			"departments": w.operations(w.lastUID())["CreateDepartment Held"], "people": w.operations(w.lastUID())["CreateUser Held"],
			"failed": w.operations(w.lastUID())["CreateDepartment Failed"],
		}, map[string]int{"departments": 2, "people": 1, "failed": 0})
	}
	if _, there := w.targetPerson("olaf"); !there {
		t.Error("somebody who needs nothing waits too")
	}

	w.release()
	w.expectEqual("what was created", map[string]int{
		"departments": w.operations(w.lastUID())["CreateDepartment Succeeded"], "people": w.operations(w.lastUID())["CreateUser Succeeded"],
	}, map[string]int{"departments": 2, "people": 1})
}

func TestADepartmentWaitsForThePeopleWhoseRemovalIsHeld(t *testing.T) {
	t.Parallel()
	w := holding(t)
	west := w.dn("West", "Sales", "Head")
	w.leave("uid=dora,"+west, "uid=emil,"+west)
	w.synced()
	w.leave(west)
	last := w.synced()
	w.expectEqual("the department", w.removalsOf(w.lastUID()), "Held")
	w.expectEqual("its reason", w.removal().Reason, "HasHeldPeople")
	w.expectEqual("pending", last.State.Pending, 3)

	last = w.release()
	w.expectEqual("pending after all was released", last.State.Pending, 0)
	w.expectEqual("what was done", w.removalsOf(w.lastUID()), "Succeeded Succeeded Succeeded")
}

func TestTheListOfHeldRemovals(t *testing.T) {
	t.Parallel()
	w := holding(t)
	w.leave(w.researcher("fang"), w.researcher("gerd"))
	first := w.synced().State
	second := w.synced().State
	w.expectEqual("the list of a run that found nothing new", *second, *first)
	w.leave(w.researcher("hua"))
	third := w.synced().State
	w.expectEqual("how many, since when and since which run", []any{third.Pending, third.PendingSince, third.PendingRun}, []any{3, first.PendingSince, first.PendingRun})
	if third.PendingListDigest == first.PendingListDigest {
		t.Error("the digest of the list is that of a shorter one")
	}
	w.person("ivan", "Research", "Head")
	if again := w.synced().State; again.PendingListDigest != third.PendingListDigest {
		t.Error("the digest changed although the list did not")
	}
}
