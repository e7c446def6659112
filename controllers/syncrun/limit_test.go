package syncrun_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/syncrun"
)

// endAll deletes the runs that other tests have left in their namespaces. The
// limit is over all namespaces, so the tests of this file are not parallel.
func (w *world) endAll() {
	w.Helper()
	var runs v1alpha1.SyncRunList
	if err := w.client.List(w.Context(), &runs); err != nil {
		w.Fatal(err)
	}
	for i := range runs.Items {
		if err := w.client.Delete(w.Context(), &runs.Items[i]); err != nil {
			w.Fatal(err)
		}
	}
}

// inLine makes a run of a task of its own that waits for the limit, and says
// what its message is.
func (w *world) inLine(task string) string {
	w.Helper()
	w.apply(task, task+"-first")
	w.settleTask(task)
	return w.placeOf(task)
}

func (w *world) placeOf(task string) string {
	w.Helper()
	run := w.settleRun(task + "-first")
	w.expect(run, v1alpha1.PhasePending, v1alpha1.ReasonTooManyRuns)
	_, place, _ := strings.Cut(run.Status.Message, "This one is ")
	return place
}

func TestMaxConcurrentRuns(t *testing.T) {
	w := newWorld(t)
	w.endAll()
	first := w.started("hr", "hr-first")
	w.limit = 1
	for i, task := range []string{"payroll", "sales", "legal"} {
		want := fmt.Sprintf("%s of %d in the queue.", []string{"1st", "2nd", "3rd"}[i], i+1)
		<-time.After(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) // the API server stamps whole seconds
		if got := w.inLine(task); got != want {
			t.Errorf("the run of %s is %q, want %q", task, got, want)
		}
	}
	w.tell(first, 1, success(w.clock.Now()))
	w.settleRun("hr-first")
	if got := w.placeOf("legal"); got != "3rd of 3 in the queue." {
		t.Errorf("who came last is %q when a turn is free", got)
	}
	w.expect(w.settleRun("payroll-first"), v1alpha1.PhasePending, v1alpha1.ReasonWaitingForPod)
	if got := w.placeOf("legal"); got != "2nd of 2 in the queue." {
		t.Errorf("who came last is %q after another has started", got)
	}
	w.endAll()
}

// TestWhoCannotStartIsNotInTheQueue: a run that waits for something else keeps nobody waiting.
func TestWhoCannotStartIsNotInTheQueue(t *testing.T) {
	w := newWorld(t)
	w.endAll()
	w.limit = 1
	suspended := newTask("hr")
	suspended.Spec.Suspend = true
	w.create(suspended)
	w.create(newRun("hr", "hr-first"))
	w.settleTask("hr")
	w.expect(w.settleRun("hr-first"), v1alpha1.PhasePending, v1alpha1.ReasonTaskSuspended)
	w.create(newRun("nowhere", "nowhere-first"))
	w.expect(w.settleRun("nowhere-first"), v1alpha1.PhasePending, v1alpha1.ReasonTaskNotFound)
	w.apply("payroll", "payroll-first")
	w.settleTask("payroll")
	w.expect(w.settleRun("payroll-first"), v1alpha1.PhasePending, v1alpha1.ReasonWaitingForPod)
	w.endAll()
}

// TestTheLimitAfterARestart counts a run that a manager let start before it died:
// only the task knows of it.
func TestTheLimitAfterARestart(t *testing.T) {
	w := newWorld(t)
	w.endAll()
	w.apply("hr", "hr-first")
	task := w.settleTask("hr")
	run := w.run("hr-first")
	w.updateStatus(task, func() {
		task.Status.LastSequence, task.Status.LastRun = 1, &v1alpha1.LastRun{Name: run.Name, UID: run.UID, Sequence: 1, Phase: v1alpha1.PhasePending}
	})
	w.limit = 1
	if got := w.inLine("payroll"); got != "1st of 1 in the queue." {
		t.Errorf("the run of payroll is %q", got)
	}
	w.endAll()
}

// frozen is a cache that shows runs as they were when they were put into it, as
// one that lags behind does.
type frozen struct {
	client.Reader
	runs []v1alpha1.SyncRun
}

func (f *frozen) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	var chosen client.ListOptions
	chosen.ApplyOptions(options)
	for _, run := range f.runs {
		if chosen.Namespace == "" || (run.Namespace == chosen.Namespace && chosen.FieldSelector.String() == "spec.taskRef.name="+run.Spec.TaskRef.Name) {
			result := list.(*v1alpha1.SyncRunList)
			result.Items = append(result.Items, *run.DeepCopy())
		}
	}
	return nil
}

// TestTheLimitIsExact lets one manager take many runs at once, from several
// namespaces, while its cache shows none of those that it lets start.
func TestTheLimitIsExact(t *testing.T) {
	w := newWorld(t)
	w.endAll()
	const limit = 3
	cache := &frozen{Reader: w.client}
	manager := w.runs(w.client)
	manager.Going, manager.MaxConcurrentRuns = cache, limit
	first := w.started("hr", "hr-first")
	cache.runs = append(cache.runs, *first)
	jobs := 1
	for range 3 {
		// A namespace that executes nothing goes before the one of hr, and before
		// those in which the cache shows nothing yet.
		other := newWorld(t)
		var workers errgroup.Group
		for i := range 4 {
			task := fmt.Sprintf("task-%d", i)
			other.apply(task, task+"-first")
			other.settleTask(task)
			cache.runs = append(cache.runs, *other.run(task + "-first"))
		}
		for i := range 4 {
			workers.Go(func() error { return drive(t.Context(), manager, other.key(fmt.Sprintf("task-%d-first", i))) })
		}
		if err := workers.Wait(); err != nil {
			t.Fatal(err)
		}
		jobs += len(other.jobs())
	}
	if jobs != limit {
		t.Errorf("%d runs are executed at once, want %d", jobs, limit)
	}
	w.endAll()
}

// drive reconciles a run until it waits.
func drive(ctx context.Context, manager *syncrun.Reconciler, key types.NamespacedName) error {
	for range 20 {
		result, err := manager.Reconcile(ctx, ctrl.Request{NamespacedName: key})
		if err != nil || result.RequeueAfter > atOnce {
			return err
		}
	}
	return fmt.Errorf("run %s did not come to rest", key)
}
