package syncrun_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/artifacttest"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/test/apiserver"
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
				w.saveState(owner, []byte("links"))
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
			if all, others := w.stateOf("people/all"), w.stateOf("people/others"); all != test.state || others != 2 {
				t.Errorf("%d objects of the state are left, want %d; %d of another one, want 2", all, test.state, others)
			}
		})
	}
}

// saveState writes what the task hr remembers, as its runs do.
func (w *world) saveState(owner string, links []byte) {
	w.Helper()
	w.saveStateOf("hr", owner, links)
}

func (w *world) saveStateOf(task, owner string, links []byte) {
	w.Helper()
	store := cluster.New(cluster.Options{Client: w.client, Namespace: w.namespace, Task: task, Writer: v1alpha1.ArtifactWriter{Run: "hr-2", UID: "uid"}})
	for _, stream := range []string{"states", "state-1"} {
		if _, err := artifacttest.WriteAll(w.Context(), store, artifact.Scope{Owner: owner}, stream, links); err != nil {
			w.Fatal(err)
		}
	}
}

// stateOf counts the objects that hold the state of an owner.
func (w *world) stateOf(owner string) int {
	w.Helper()
	count := 0
	err := cluster.Visit(w.Context(), w.client, w.namespace, func(item cluster.Item) {
		if item.IsOf(owner) {
			count++
		}
	})
	if err != nil {
		w.Fatal(err)
	}
	return count
}

// forgettable is a task with a history that goes with it: runs, one of which
// somebody keeps, and a state of several chunks. It is being deleted.
func (w *world) forgettable() *v1alpha1.SyncTask {
	w.Helper()
	task := newTask("hr")
	task.Spec.Owner, task.Spec.History.OnTaskDeletion = "people/all", v1alpha1.OnTaskDeletionDelete
	w.create(task)
	w.settleTask("hr")
	for _, name := range []string{"hr-0", "hr-1", "hr-kept"} {
		run := newRun("hr", name)
		if name == "hr-kept" {
			run.Annotations = map[string]string{v1alpha1.AnnotationKeep: "audit"}
		}
		w.create(run)
		w.settleRun(name)
		w.tell(w.run(name), 1, success(w.clock.Now()))
		w.settleRun(name)
	}
	w.settleTask("hr")
	links := make([]byte, 1_500_000)
	rand.New(rand.NewSource(1)).Read(links) // nothing compresses it
	w.saveState("people/all", links)
	w.remove(w.task("hr"))
	return task
}

// expectForgotten checks that the task is gone, and all of its history that nobody keeps.
func (w *world) expectForgotten(task *v1alpha1.SyncTask) {
	w.Helper()
	if w.exists(task) {
		w.Fatal("the task is still there")
	}
	if runs := w.runsOf("hr"); len(runs) != 1 || runs[0].Name != "hr-kept" {
		w.Errorf("%d runs are left, want hr-kept alone", len(runs))
	}
	if left := w.stateOf("people/all"); left != 0 {
		w.Errorf("%d objects of the state are left", left)
	}
}

// TestForgettingKilledAtEachWrite kills the manager at each write that it takes
// to remove the history of a task, and starts another one, at once or after
// longer than a task waits for its execution: nothing stays behind.
func TestForgettingKilledAtEachWrite(t *testing.T) {
	t.Parallel()
	undisturbed := &apiserver.Killer{}
	forgetKilled(t, undisturbed, 0)
	if undisturbed.Seen < 8 {
		t.Fatalf("it takes %d writes; this test no longer sees them", undisturbed.Seen)
	}
	for at := 1; at <= undisturbed.Seen; at++ {
		for _, afterward := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d afterward %t", at, afterward), func(t *testing.T) {
				t.Parallel()
				forgetKilled(t, &apiserver.Killer{At: at, Afterward: afterward}, time.Duration(at%2)*10*time.Minute)
			})
		}
	}
}

// forgetKilled forgets with a manager that dies, and after a while with another one.
func forgetKilled(t *testing.T, k *apiserver.Killer, away time.Duration) {
	w := newWorld(t)
	task := w.forgettable()
	dying := w.tasksBy(server.Killed(t, k))
	for range 20 {
		_, err := dying.Reconcile(t.Context(), ctrl.Request{NamespacedName: w.key("hr")})
		if errors.Is(err, apiserver.ErrKilled) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w.clock.SetTime(w.clock.Now().Add(away))
	w.settleDeleted("hr")
	w.expectForgotten(task)
}

// lagging is a cache that does not know of the runs of a task yet.
type lagging struct{ client.Client }

func (c lagging) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	if _, runs := list.(*v1alpha1.SyncRunList); runs {
		return nil
	}
	return c.Client.List(ctx, list, options...)
}

// TestNothingIsForgottenWhileARunMayExecute: a run that the cache does not know
// of yet keeps the state, the history and its task until it has ended.
func TestNothingIsForgottenWhileARunMayExecute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := newTask("hr")
	task.Spec.Owner, task.Spec.History.OnTaskDeletion = "people/all", v1alpha1.OnTaskDeletionDelete
	w.create(task)
	w.settleTask("hr")
	run := newRun("hr", "hr-first")
	w.create(run)
	w.settleRun("hr-first")
	w.saveState("people/all", []byte("links"))
	w.remove(w.task("hr"))
	stale := w.tasksBy(lagging{w.client})
	for range 5 {
		if _, err := stale.Reconcile(t.Context(), ctrl.Request{NamespacedName: w.key("hr")}); err != nil {
			t.Fatal(err)
		}
	}
	if !w.exists(task) || !w.exists(run) || w.stateOf("people/all") != 2 {
		t.Fatal("the history of a task went while its run was executed")
	}
	w.settleRun("hr-first")
	w.tell(w.run("hr-first"), 1, success(w.clock.Now()))
	w.settleRun("hr-first")
	w.settleDeleted("hr")
	if w.exists(task) || w.exists(run) || w.stateOf("people/all") != 0 {
		t.Error("the history stays though the run has ended")
	}
}

// TestRefusedForgettingKeepsNoTask: what the API server does not let us remove
// is tried for two minutes, and then stays behind.
func TestRefusedForgettingKeepsNoTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.forgettable()
	inner, err := client.NewWithWatch(server.Config, client.Options{Scheme: server.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	refusing := w.tasksBy(interceptor.NewClient(inner, interceptor.Funcs{
		Delete: func(_ context.Context, _ client.WithWatch, o client.Object, _ ...client.DeleteOption) error {
			return apierrors.NewForbidden(schema.GroupResource{Resource: "syncruns"}, o.GetName(), nil)
		},
	}))
	request := ctrl.Request{NamespacedName: w.key("hr")}
	if _, err := refusing.Reconcile(t.Context(), request); !apierrors.IsForbidden(err) || !w.exists(task) {
		t.Fatalf("the refusal is told as %v", err)
	}
	w.clock.SetTime(w.clock.Now().Add(3 * time.Minute))
	if _, err := refusing.Reconcile(t.Context(), request); err != nil || w.exists(task) {
		t.Errorf("a task whose history cannot be removed stays for ever (%v)", err)
	}
}
