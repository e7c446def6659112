package syncrun_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/cluster"
)

// TestHistoryOfADeletedTask: by default history and state outlive their task;
// with onTaskDeletion Delete they go with it, but for what somebody keeps and
// the state of people who have another task now.
func TestHistoryOfADeletedTask(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		policy v1alpha1.TaskDeletionPolicy
		heir   bool
		// runs and state are what is left.
		runs  []string
		state int
	}{
		{name: "outlives it", policy: v1alpha1.OnTaskDeletionKeep, runs: []string{"hr-0", "hr-1", "hr-2", "hr-kept"}, state: 2},
		{name: "goes with it", policy: v1alpha1.OnTaskDeletionDelete, runs: []string{"hr-kept"}},
		{name: "goes with it, and the people have another task", policy: v1alpha1.OnTaskDeletionDelete, heir: true, runs: []string{"hr-kept"}, state: 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			task := newTask("hr")
			task.Spec.Owner, task.Spec.History.OnTaskDeletion = "people/all", test.policy
			w.create(task)
			w.settleTask("hr")
			for i := range 3 {
				run := newRun("hr", fmt.Sprintf("hr-%d", i))
				w.create(run)
				w.settleRun(run.Name)
				w.tell(w.run(run.Name), 1, success(w.clock.Now()))
				w.settleRun(run.Name)
			}
			kept := newRun("hr", "hr-kept")
			kept.Annotations = map[string]string{v1alpha1.AnnotationKeep: "audit"}
			w.create(kept)
			other := newRun("payroll", "payroll-0")
			w.create(other)
			for _, owner := range []string{"people/all", "people/others"} {
				store := cluster.New(cluster.Options{Client: w.client, Namespace: w.namespace, Task: "hr", Writer: v1alpha1.ArtifactWriter{Run: "hr-2", UID: "uid"}})
				for _, stream := range []string{"states", "state-1"} {
					if _, err := artifact.WriteAll(t.Context(), store, artifact.Scope{Owner: owner}, stream, []byte("links")); err != nil {
						t.Fatal(err)
					}
				}
			}
			if test.heir {
				heir := newTask("everybody")
				heir.Spec.Owner = "people/all"
				w.create(heir)
			}

			w.remove(w.task("hr"))
			w.settleDeleted("hr")
			if w.exists(task) {
				t.Fatal("the task is still there")
			}
			var left []string
			for _, run := range w.runsOf("hr") {
				left = append(left, run.Name)
			}
			if diff := cmp.Diff(test.runs, left); diff != "" {
				t.Errorf("the runs that are left (-want +got):\n%s", diff)
			}
			if !w.exists(other) {
				t.Error("the run of another task is gone")
			}
			state := map[string]int{}
			err := cluster.Visit(t.Context(), w.client, w.namespace, func(item cluster.Item) {
				for _, owner := range []string{"people/all", "people/others"} {
					if item.IsOf(owner) {
						state[owner]++
					}
				}
			})
			if err != nil || state["people/all"] != test.state || state["people/others"] != 2 {
				t.Errorf("of the state is left: %v (%v), want %d objects", state, err, test.state)
			}
		})
	}
}
