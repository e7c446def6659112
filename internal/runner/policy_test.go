package runner_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// leaves deletes a person of the source.
func (w *world) leaves(uid string, department ...string) {
	server.Apply(w.t, fmt.Sprintf("dn: uid=%s,%s\nchangetype: delete\n\n", uid, w.dn(department...)))
}

func TestProtectedEntriesAreLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	w.task.Spec.Protected = v1alpha1.Protected{Users: "user.uid in ['fang', 'gerd']", Departments: "department.ou == 'West'"}
	w.synced() // takes note of the definition, so that removals are not held for that
	w.leaves("fang", "Research", "Head")
	server.Apply(t, "dn: uid=gerd,"+w.dn("Research", "Head")+"\nchangetype: modify\nreplace: mail\nmail: new@example.com\n\n")
	server.Apply(t, "dn: "+w.dn("West", "Sales", "Head")+"\nchangetype: modify\nreplace: description\ndescription: new\n\n")
	before := w.snapshot(w.target)
	last := w.synced()
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{
		"DeleteUser Skipped": 1, "UpdateUser Skipped": 1, "UpdateDepartment Skipped": 1, "NoUpdate Succeeded": 12,
	})
	w.expectEqual("message", last.Outcome.Message,
		"0 operations succeeded, 3 skipped. See what was skipped and why: kubectl synccenter details hr-run-3 --status skipped.")
	w.expectEqual("the target", fmt.Sprint(w.snapshot(w.target)), fmt.Sprint(before))
}

func TestDisabledNowAndDeletedLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.task.Spec.Deletion.Users.DeleteAfter = &metav1.Duration{Duration: 24 * time.Hour}
	w.synced()
	w.leaves("an", "East", "Sales", "Head")
	w.synced()
	w.expectEqual("the run in which somebody left", w.operations(w.lastUID()), map[string]int{"DeleteUser Succeeded": 1, "NoUpdate Succeeded": 14})
	w.synced()
	w.expectEqual("the run after it", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 14})
	w.now = func() time.Time { return time.Now().Add(25 * time.Hour) }
	entries := len(w.snapshot(w.target))
	w.synced()
	w.expectEqual("a day later", w.operations(w.lastUID()), map[string]int{"DeleteUser Succeeded": 1, "NoUpdate Succeeded": 14})
	w.expectEqual("entries in the target", len(w.snapshot(w.target)), entries-1)
}

func TestGuardOverride(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.task.Spec.Guard.Changed = &v1alpha1.ShareLimit{Percent: 20}
	w.synced()
	for _, uid := range []string{"fang", "gerd", "hua", "ines"} {
		server.Apply(t, "dn: uid="+uid+","+w.dn("Research", "Head")+"\nchangetype: modify\nreplace: description\ndescription: new\n\n")
	}
	last := w.sync()
	w.expectEqual("without an override", string(last.Outcome.Result)+" "+last.Outcome.Reason, "Failed GuardStopped")
	w.override = &v1alpha1.GuardOverride{Reason: "new descriptions", Changed: &v1alpha1.ShareLimit{Percent: 50}}
	last = w.synced()
	w.expectEqual("with one", w.operations(w.lastUID())["UpdateUser Succeeded"], 4)
	if !strings.Contains(last.Outcome.Message, "new descriptions") {
		t.Errorf("the message does not tell the reason of the override: %s", last.Outcome.Message)
	}
}

func TestAnOverrideLooksAtHeldRemovalsAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	none := int32(0)
	w.task.Spec.Guard.Removals = v1alpha1.RemovalLimits{Floor: &none, Percent: &none, Count: &none}
	w.synced()
	w.leaves("an", "East", "Sales", "Head")
	last := w.synced()
	w.expectEqual("without an override", w.operations(w.lastUID()), map[string]int{"DeleteUser Held": 1, "NoUpdate Succeeded": 14})
	w.expectEqual("pending", fmt.Sprintf("%d since %s", last.State.Pending, last.State.PendingRun), "1 since hr-run-2")
	w.synced()
	all := int32(100)
	w.override = &v1alpha1.GuardOverride{Reason: "she left", Removals: &v1alpha1.RemovalLimitsOverride{Percent: &all, Count: &all}}
	last = w.synced()
	w.expectEqual("with one", w.operations(w.lastUID()), map[string]int{"DeleteUser Succeeded": 1, "NoUpdate Succeeded": 14})
	w.expectEqual("pending after it", last.State.Pending, int64(0))
}
