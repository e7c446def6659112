package retention_test

import (
	"context"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/test/apiserver"
)

// fill gives a run records of some size, and says so in its status.
func (w *world) fill(run *v1alpha1.SyncRun, bytes int) {
	w.Helper()
	_, scope := w.storeOf(run)
	content := w.write(run, scope, "records", noise(bytes))
	run.Status.Records = &v1alpha1.RecordsStatus{Count: 1, Bytes: content.StoredBytes, Digest: v1alpha1.Digest("sha256:" + content.SHA256)}
	if err := w.client.Status().Update(w.Context(), run); err != nil {
		w.Fatal(err)
	}
}

// noise is data that nothing compresses.
func noise(bytes int) []byte {
	data := make([]byte, bytes)
	rand.New(rand.NewSource(int64(bytes))).Read(data)
	return data
}

// endNow gives the last run a report of what it met in the store, and ends it now.
func (w *world) endNow(run *v1alpha1.SyncRun) {
	w.Helper()
	store, _ := w.storeOf(run)
	usage, err := store.Usage(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	reports := cluster.NewReports(cluster.Options{
		Client: w.client, Namespace: w.namespace, Task: run.Spec.TaskRef.Name, Writer: v1alpha1.ArtifactWriter{Run: run.Name, UID: run.UID, Attempt: 1},
	})
	told := report.Report{RunUID: string(run.UID), Attempt: 1, Usage: &report.Usage{Task: usage.Task, All: usage.All}}
	if err := reports.Put(w.Context(), &told); err != nil {
		w.Fatal(err)
	}
	end := metav1.NewTime(w.clock.Now().Add(-time.Minute))
	run.Status.CompletionTime = &end
	if err := w.client.Status().Update(w.Context(), run); err != nil {
		w.Fatal(err)
	}
}

// crowded is a task whose runs store 400 kB each, with a budget of 2 MB for all of them.
func (w *world) crowded(number int) (*v1alpha1.SyncTask, []*v1alpha1.SyncRun) {
	w.Helper()
	w.budget = artifact.Budget{Run: 500_000, Task: 2_000_000, All: 10_000_000}
	task := w.task("hr", v1alpha1.History{NoUpdate: v1alpha1.NoUpdateAll})
	var runs []*v1alpha1.SyncRun
	for range number {
		run := w.ended(generated(), "hr")
		w.fill(run, 400_000)
		runs = append(runs, run)
	}
	return task, runs
}

// TestRoomForTheNextRun: when what is stored comes near to a budget the oldest
// details go, said on the run and on the task, until the largest run finds room.
func TestRoomForTheNextRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task, runs := w.crowded(6)
	// An ended run whose pod was killed before it could remove its plan.
	_, scope := w.storeOf(runs[4])
	w.write(runs[4], scope, "plan", make([]byte, 1000))
	// An answer to somebody takes no room from runs.
	asked := cluster.New(cluster.OptionsOf(w.client, task, "hr-list-0", "look", inspection.KindUnmanaged))
	if err := asked.PutChunk(t.Context(), artifact.Scope{Run: "look"}, "answer-a-0", make([]byte, 900_000)); err != nil {
		t.Fatal(err)
	}
	w.remember(task, runs...)
	w.endNow(runs[5])
	w.settle("hr")

	var left []int64
	for _, run := range runs {
		if len(w.artifacts(run.UID)) > 0 {
			left = append(left, run.Status.Sequence)
			continue
		}
		w.expectKept(w.run(run.Name), metav1.ConditionFalse, v1alpha1.ReasonBudgetReached, "1.4 MiB, with room for one more run")
	}
	if want := []int64{4, 5, 6}; !cmp.Equal(left, want) {
		t.Errorf("the details of %v are left, want %v", left, want)
	}
	if got := w.artifacts(runs[4].UID); slices.Contains(got, "manifest plan") {
		t.Errorf("a plan that nobody needs is left: %v", got)
	}
	event := <-w.events.Events
	if !strings.Contains(event, "BudgetReached") || !strings.Contains(event, runs[0].Name) || !strings.Contains(event, "its counts stay") {
		t.Errorf("the event says: %s", event)
	}
	store, _ := w.storeOf(runs[5])
	usage, err := store.Usage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.budget.Check(usage, artifact.Estimate{Plan: w.budget.Run / 2}); err != nil {
		t.Errorf("the largest run finds no room: %v", err)
	}
	counting := &apiserver.Killer{}
	w.client = server.Killed(w.T, counting)
	if w.settle("hr"); counting.Seen != 0 {
		t.Errorf("a second look takes %d writes", counting.Seen)
	}
}

// TestRoomInTheNamespace: the oldest details of all tasks go, those of a task that is gone too.
func TestRoomInTheNamespace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.budget = artifact.Budget{Run: 500_000, Task: 2_000_000, All: 3_000_000}
	hr, payroll := w.task("hr", v1alpha1.History{NoUpdate: v1alpha1.NoUpdateAll}), w.task("payroll", v1alpha1.History{NoUpdate: v1alpha1.NoUpdateAll})
	var runs []*v1alpha1.SyncRun
	for _, task := range []string{"gone", "payroll", "hr", "payroll", "hr", "gone"} {
		run := w.ended(generated(), task)
		w.fill(run, 450_000)
		runs = append(runs, run)
	}
	w.remember(hr, runs[2], runs[4])
	w.remember(payroll, runs[1], runs[3])
	w.endNow(runs[4])
	w.settle("hr")
	var left []int64
	for _, run := range runs {
		if len(w.artifacts(run.UID)) > 0 {
			left = append(left, run.Status.Sequence)
		}
	}
	if want := []int64{3, 4, 5, 6}; !cmp.Equal(left, want) {
		t.Errorf("the details of %v are left, want %v", left, want)
	}
}

// modest refuses to list the runs of all tasks of a namespace.
type modest struct {
	client.Client
	*testing.T
}

func (c modest) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	var chosen client.ListOptions
	chosen.ApplyOptions(options)
	if _, runs := list.(*v1alpha1.SyncRunList); runs && chosen.FieldSelector == nil {
		c.Error("the runs of all tasks were listed")
	}
	return c.Client.List(ctx, list, options...)
}

// TestRoomForOneTaskAsksForNoOther: of thousands of tasks in a namespace the runs
// of all would fill the manager's memory.
func TestRoomForOneTaskAsksForNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.client = modest{w.client, t}
	task, runs := w.crowded(5)
	w.remember(task, runs...)
	w.endNow(runs[4])
	w.settle("hr")
	w.expectKept(w.run(runs[0].Name), metav1.ConditionFalse, v1alpha1.ReasonBudgetReached, "with room for one more run")
}
