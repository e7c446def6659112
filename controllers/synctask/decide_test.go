package synctask

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	running := execution(2)
	running.Status.CompletionTime = nil
	waiting := execution(0)
	waiting.Status.CompletionTime = nil
	for _, test := range []struct {
		name               string
		protected, deleted bool
		accountMissing     bool
		runs               []v1alpha1.SyncRun
		forgetting         forgetting
		after              time.Duration
		want               action
		again              bool
	}{
		{name: "new", accountMissing: true, want: protect, again: true},
		{name: "without an account", protected: true, accountMissing: true, want: makeAccount, again: true},
		{name: "at rest", protected: true, want: doNothing},
		{name: "at rest while a run works", protected: true, runs: []v1alpha1.SyncRun{running}, want: doNothing},
		{name: "deleted", protected: true, deleted: true, runs: []v1alpha1.SyncRun{execution(1)}, want: release},
		{name: "deleted, a run only waits", protected: true, deleted: true, runs: []v1alpha1.SyncRun{waiting}, want: release},
		{name: "deleted while a run works", protected: true, deleted: true, runs: []v1alpha1.SyncRun{running}, want: doNothing, again: true},
		{name: "deleted for two minutes", protected: true, deleted: true, runs: []v1alpha1.SyncRun{running}, after: deletionPatience, want: release},
		{name: "deleted with its history", protected: true, deleted: true, forgetting: forgetting{runs: []*v1alpha1.SyncRun{&running}}, want: forget, again: true},
		{name: "deleted with its history, and the manager was away", protected: true, deleted: true, forgetting: forgetting{runs: []*v1alpha1.SyncRun{&running}}, after: deletionPatience, want: forget, again: true},
		{name: "deleted and let go", deleted: true, accountMissing: true, want: doNothing},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			task := newTask("hr", 0)
			if test.protected {
				task.Finalizers = []string{v1alpha1.Finalizer}
			}
			if test.deleted {
				task.DeletionTimestamp = &metav1.Time{Time: testTime}
			}
			got := decide(&observed{task: task, runs: test.runs, accountMissing: test.accountMissing, forgetting: test.forgetting}, testTime.Add(test.after))
			if got.action != test.want || (got.again > 0) != test.again {
				t.Errorf("got %+v, want action %d and again %t", got, test.want, test.again)
			}
		})
	}
}
