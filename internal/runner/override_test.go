package runner_test

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// TestEachPartOfAnOverrideIsForOneRun stops or holds a run by each limit, lets one run pass with that part of an override alone, and meets
// the limit again in a later run.
func TestEachPartOfAnOverrideIsForOneRun(t *testing.T) {
	t.Parallel()
	share := func(percent int32) *v1alpha1.ShareLimit { return &v1alpha1.ShareLimit{Percent: percent} }
	research := []string{"fang", "gerd", "hua", "ines"}
	sales := []string{"an", "bo", "chen", "dora"}
	tests := []struct {
		part     string
		override v1alpha1.GuardOverride
		// happens brings about what the limit is for, to these people.
		happens func(w *world, uids []string)
		met     string
	}{
		{"shrink", v1alpha1.GuardOverride{Shrink: share(40)}, func(w *world, uids []string) {
			for _, uid := range uids {
				w.leave(w.sourceDN(uid))
			}
		}, "Failed GuardStopped"},
		{"cleared", v1alpha1.GuardOverride{Cleared: share(67)}, func(w *world, uids []string) {
			for _, uid := range uids {
				w.modify(w.sourceDN(uid), "delete: mail")
			}
		}, "Failed GuardStopped"},
		{"changed", v1alpha1.GuardOverride{Changed: share(67)}, func(w *world, uids []string) {
			for _, uid := range uids {
				w.modify(w.sourceDN(uid), "replace: description\ndescription: new")
			}
		}, "Failed GuardStopped"},
		{"removals", v1alpha1.GuardOverride{Removals: &v1alpha1.RemovalLimitsOverride{Percent: ptr.To[int32](100), Count: ptr.To[int32](4)}}, func(w *world, uids []string) {
			for _, uid := range uids[:2] {
				w.leave(w.sourceDN(uid))
			}
		}, "Held"},
	}
	for _, test := range tests {
		t.Run(test.part, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if test.part == "changed" {
				w.task.Spec.Guard.Changed = share(20)
			}
			w.task.Spec.Guard.Removals = v1alpha1.RemovalLimits{Floor: ptr.To[int32](0), Percent: ptr.To[int32](0), Count: ptr.To[int32](0)}
			if test.part != "removals" { // they are another test
				w.task.Spec.Guard.Removals = v1alpha1.RemovalLimits{Floor: ptr.To[int32](100)}
			}
			w.company()
			w.synced()
			meets := func(when string) {
				t.Helper()
				last := w.sync()
				got := fmt.Sprint(last.Outcome.Result, " ", last.Outcome.Reason)
				if last.Outcome.Reason == "Succeeded" && strings.Contains(w.removalsOf(w.lastUID()), "Held") {
					got = "Held"
				}
				w.expectEqual(when, got, test.met)
			}
			test.happens(w, research)
			meets("without an override")

			override := test.override
			override.Reason = "reorganisation 2026."
			w.override = &override
			last := w.synced()
			w.override = nil
			if strings.Contains(w.removalsOf(w.lastUID()), "Held") {
				t.Errorf("the override did not do: %s", last.Outcome.Message)
			}
			if want := "The guard was overridden for this run (guardOverride." + test.part + "): reorganisation 2026."; !strings.HasSuffix(last.Outcome.Message, want) {
				t.Errorf("the message does not end with %q: %s", want, last.Outcome.Message)
			}

			test.happens(w, sales)
			meets("in a later run")
		})
	}
}
