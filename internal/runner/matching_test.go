package runner_test

import (
	"fmt"
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// replace deletes a person of the source and makes one with the same login, who has another ID.
func (w *world) replace(uid string, department ...string) {
	server.Apply(w.t, fmt.Sprintf("dn: uid=%s,%s\nchangetype: delete\n\n", uid, w.dn(department...)))
	w.person(uid, department...)
}

func TestPersonWithANewID(t *testing.T) {
	t.Parallel()
	tests := []struct {
		relink v1alpha1.MatchPolicy
		want   map[string]int
		then   map[string]int
	}{
		{v1alpha1.MatchAllow, map[string]int{"ChangeUserIdentifier Succeeded": 1, "NoUpdate Succeeded": 14}, map[string]int{"NoUpdate Succeeded": 15}},
		{v1alpha1.MatchHold, map[string]int{"CreateUser Held": 1, "DeleteUser Held": 1, "NoUpdate Succeeded": 14}, map[string]int{"CreateUser Held": 1, "NoUpdate Succeeded": 14}},
	}
	for _, test := range tests {
		t.Run(string(test.relink), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.task.Spec.Matching.Relink = test.relink
			w.company()
			w.synced()
			w.replace("an", "East", "Sales", "Head")
			before := len(w.snapshot(w.target))
			w.synced()
			w.expectEqual("operations", w.operations(w.lastUID()), test.want)
			w.expectEqual("entries in the target", len(w.snapshot(w.target)), before)
			w.synced()
			w.expectEqual("the run after it", w.operations(w.lastUID()), test.then)
		})
	}
}

func TestTakingOverATarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	// Another installation, which knows nothing of the links, takes the same target over by matching; the marks are the first owner's.
	w.task.Spec.Owner = "other"
	last := w.sync()
	operations := w.operations(w.lastUID())
	if operations["CreateUser Failed"] != 10 || operations["CreateDepartment Failed"] == 0 {
		t.Errorf("entries with another owner's mark: %v", operations)
	}
	w.expectEqual("result", string(last.Outcome.Result), "PartiallyFailed")
	for _, record := range w.records(w.lastUID()) {
		if record.Status == "Failed" && !strings.Contains(record.Message, `owner "test/hr"`) {
			t.Errorf("%s of %s does not name the other owner: %s", record.Operation, record.Name, record.Message)
		}
	}
}

func TestDepartmentsSwapTheirNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	above := w.dn("Sales", "Head")
	for _, rename := range [][2]string{{"East", "tmp"}, {"West", "East"}, {"tmp", "West"}} {
		server.Apply(w.t, fmt.Sprintf("dn: ou=%s,%s\nchangetype: modrdn\nnewrdn: ou=%s\ndeleteoldrdn: 1\n\n", rename[0], above, rename[1]))
	}
	w.synced()
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"UpdateDepartment Succeeded": 3, "NoUpdate Succeeded": 13})
	w.synced()
	w.expectEqual("the run after it", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 15})
}
