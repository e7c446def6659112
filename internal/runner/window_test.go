package runner_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// limited makes a company of which so many removals may be done within a day, and no more.
func limited(t *testing.T, floor int32) *world {
	t.Helper()
	w := newWorld(t)
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	w.task.Spec.Deletion.Departments.Action = v1alpha1.DepartmentDelete
	w.task.Spec.Guard.Removals = v1alpha1.RemovalLimits{
		Floor: ptr.To(floor), Percent: ptr.To[int32](0), Count: ptr.To[int32](0), Window: metav1.Duration{Duration: 24 * time.Hour},
	}
	w.company()
	w.synced()
	return w
}

// removals executes a run and answers what became of its removals.
func (w *world) removals() string {
	w.t.Helper()
	w.sync()
	return w.removalsOf(w.lastUID())
}

func (w *world) removalsOf(uid string) string {
	w.t.Helper()
	var all []string
	for _, r := range w.records(uid) {
		if r.Operation == "DeleteUser" || r.Operation == "DeleteDepartment" {
			all = append(all, string(r.Status))
		}
	}
	return strings.Join(all, " ")
}

func TestRemovalsOfAllRunsWithinTheWindowAddUp(t *testing.T) {
	t.Parallel()
	w := limited(t, 2)
	begin := time.Now()
	w.leave(w.researcher("fang"), w.researcher("gerd"))
	w.expectEqual("as many as may be", w.removals(), "Succeeded Succeeded")
	w.leave(w.researcher("hua"))
	w.now = func() time.Time { return begin.Add(23 * time.Hour) }
	last := w.synced()
	w.expectEqual("one more within the window", w.removalsOf(w.lastUID()), "Held")
	for _, part := range []string{"which makes 3 of", "2 removals of the last 24h", "details hr-run-3 --status held", "--override-removals 3 "} {
		if !strings.Contains(last.Outcome.Message, part) {
			t.Errorf("the message does not say %q: %s", part, last.Outcome.Message)
		}
	}
	w.now = func() time.Time { return begin.Add(26 * time.Hour) }
	w.leave(w.researcher("ines"))
	w.expectEqual("one more after the window: who is held stays held", w.removals(), "Succeeded")
}

func TestDeletedDepartmentsCountInTheWindow(t *testing.T) {
	t.Parallel()
	w := limited(t, 2)
	w.unit("Lab", "Head")
	w.unit("Yard", "Head")
	w.unit("Shop", "Head")
	w.synced()
	w.leave(w.dn("Lab", "Head"), w.dn("Yard", "Head"))
	w.expectEqual("two departments", w.removals(), "Succeeded Succeeded")
	w.leave(w.dn("Shop", "Head"))
	w.expectEqual("a third one in another run", w.removals(), "Held")
}

func TestARunThatWasKilledCountsWhatItDid(t *testing.T) {
	t.Parallel()
	w := limited(t, 2)
	w.leave(w.researcher("fang"), w.researcher("gerd"))
	r := w.begin()
	r.mortal(die(1, func(step string) bool { return step == "write" }))
	if err := r.attempt(1, false); !errors.Is(err, errDead) {
		t.Fatalf("the attempt was to be killed, it ended with %v", err)
	}
	r.reborn()
	if err := r.attempt(2, true); err != nil { // the last attempt, which writes nothing more
		t.Fatal(err)
	}
	done := strings.Count(w.removalsOf(r.uid), "Succeeded")
	if done == 0 || done == 2 {
		t.Fatalf("the killed run removed %d of 2", done)
	}
	w.leave(w.researcher("hua"))
	w.expectEqual("the rest and one more", w.removals(), "Held Held")
}

func TestARunThatFailedInPartsCountsWhatItDid(t *testing.T) {
	t.Parallel()
	w := limited(t, 2)
	// A telephone below fang keeps the target from deleting fang.
	server.Apply(t, "dn: cn=phone,uid=fang,"+w.targetDN("Research", "Head")+"\nobjectClass: device\ncn: phone\n\n")
	w.leave(w.researcher("fang"), w.researcher("gerd"))
	w.expectEqual("the removals", sorted(w.removals()), "Failed Succeeded")
	w.leave(w.researcher("hua"))
	w.expectEqual("the failed one again and one more", w.removals(), "Held Held")
}

func sorted(words string) string {
	if words == "Succeeded Failed" {
		return "Failed Succeeded"
	}
	return words
}

// TestADisabledLeaverCountsTwice: both the disabling and the deletion take something away.
func TestADisabledLeaverCountsTwice(t *testing.T) {
	t.Parallel()
	w := limited(t, 1)
	w.task.Spec.Deletion.Users = v1alpha1.UserDeletion{Action: v1alpha1.DeletionDisable, DeleteAfter: &metav1.Duration{Duration: time.Hour}}
	w.synced()
	begin := time.Now()
	w.leave(w.researcher("fang"))
	w.expectEqual("disabled", w.removals(), "Succeeded")
	w.now = func() time.Time { return begin.Add(2 * time.Hour) }
	w.expectEqual("deleted within the same window", w.removals(), "Held")
}

// TestADepartmentIsMoreThanItsOwnPeople loses nine of sixteen people in three small teams: neither a team nor the company would be noticed.
func TestADepartmentIsMoreThanItsOwnPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	w.unit("Head")
	w.unit("Plant", "Head")
	for _, team := range []string{"Red", "Green", "Blue"} {
		w.unit(team, "Plant", "Head")
		for _, uid := range []string{"a", "b", "c", "d", "e"} {
			w.person(strings.ToLower(team)+uid, team, "Plant", "Head")
		}
	}
	w.unit("Office", "Head")
	for i := range 60 {
		w.person("clerk"+string(rune('A'+i%26))+string(rune('a'+i/26)), "Office", "Head")
	}
	w.synced()
	for _, team := range []string{"Red", "Green", "Blue"} {
		for _, uid := range []string{"a", "b", "c"} {
			w.leave("uid=" + strings.ToLower(team) + uid + "," + w.dn(team, "Plant", "Head"))
		}
	}
	w.task.Spec.Guard.Shrink = &v1alpha1.ShareLimit{Percent: 50}

	last := w.synced()

	w.expectEqual("held", w.operations(w.lastUID())["DeleteUser Held"], 9)
	if !strings.Contains(last.Outcome.Message, `"Head/Plant" would lose 9 of 15 (60.0%) people`) {
		t.Errorf("the message does not name the department: %s", last.Outcome.Message)
	}
}
