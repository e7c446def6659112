package retention_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/test/apiserver"
)

func (w *world) request(task string) ctrl.Request {
	return ctrl.Request{NamespacedName: types.NamespacedName{Namespace: w.namespace, Name: task}}
}

func (w *world) expectKept(run *v1alpha1.SyncRun, status metav1.ConditionStatus, reason v1alpha1.Reason, words string) {
	w.Helper()
	got := meta.FindStatusCondition(run.Status.Conditions, v1alpha1.ConditionDetailsKept)
	if got == nil || got.Status != status || got.Reason != string(reason) || !strings.Contains(got.Message, words) {
		w.Errorf("DetailsKept of %s is %+v, want %s, %s and %q", run.Name, got, status, reason, words)
	}
}

func TestOneAutomaticRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.task("hr", v1alpha1.History{})
	first, byHand, second := w.ended(bySchedule("hr-2603020200"), "hr"), w.ended(generated(), "hr"), w.ended(bySchedule("hr-2603030200"), "hr")
	w.settle("hr")
	if got := w.names(); len(got) != 3 {
		t.Fatalf("%v are left though the task has not seen them", got)
	}
	w.remember(task, first, byHand, second)
	w.settle("hr")
	want := []string{second.Name, byHand.Name}
	if got := w.names(); !cmp.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		t.Errorf("%v are left, want %v", got, want)
	}
}

// TestThousandRuns: a task with a thousand runs is pruned in steps, a delete for
// each run and nothing else, and then at rest.
func TestThousandRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.task("hr", v1alpha1.History{})
	const count = 1000
	runs := make([]*v1alpha1.SyncRun, count)
	var group errgroup.Group
	group.SetLimit(16)
	for i := range runs {
		group.Go(func() error {
			runs[i] = w.endedAs(metav1.ObjectMeta{GenerateName: "hr-"}, "hr", int64(i+1))
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	w.remember(task, runs[count-10:]...)
	counting := &apiserver.Killer{}
	w.client = server.Killed(w.T, counting)
	steps := w.settle("hr")
	if counting.Seen != count-20 || steps != 20 {
		t.Errorf("%d writes in %d reconciles, want %d in 20", counting.Seen, steps, count-20)
	}
	left := w.names()
	for _, run := range runs[count-20:] {
		if !slices.Contains(left, run.Name) {
			t.Errorf("run %d is gone", run.Status.Sequence)
		}
	}
	if len(left) != 20 {
		t.Errorf("%d runs are left, want 20", len(left))
	}
	counting.Seen = 0
	if w.settle("hr"); counting.Seen != 0 {
		t.Errorf("a history at rest takes %d writes", counting.Seen)
	}
}

// TestChosenNameStays: the object of a run that a person named stays with its
// counts; records, definition and export go, and nothing of anybody else.
func TestChosenNameStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.task("hr", v1alpha1.History{Limit: ptr.To[int32](1)})
	first, second := w.ended(named("hr-first"), "hr"), w.ended(named("hr-second"), "hr")
	w.store(first, people(30))
	w.store(second, people(30))
	w.write(first, artifact.Scope{Owner: w.namespace + "/hr"}, "state-1", []byte("links"))
	w.remember(task, first, second)
	before := w.run("hr-first")
	w.settle("hr")

	after := w.run("hr-first")
	w.expectKept(after, metav1.ConditionFalse, v1alpha1.ReasonLimitReached, "history.limit of the task keeps 1 succeeded runs.")
	if got := w.artifacts(first.UID); len(got) != 0 {
		t.Errorf("of the run is left: %v", got)
	}
	if got := w.artifacts(second.UID); len(got) != 2 {
		t.Errorf("of the other run is left: %v", got)
	}
	if got := w.artifacts(""); len(got) != 1 {
		t.Errorf("of the state is left: %v", got)
	}
	export := &corev1.ConfigMap{}
	if err := w.client.Get(t.Context(), types.NamespacedName{Namespace: w.namespace, Name: "hr-first-export"}, export); !apierrors.IsNotFound(err) {
		t.Errorf("the export is still there: %v", err)
	}
	exported := meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionExported)
	if after.Status.Export != nil || exported == nil || exported.Reason != string(v1alpha1.ReasonExportGone) {
		t.Errorf("the export is shown as %+v, %+v", after.Status.Export, exported)
	}
	if !cmp.Equal(before.Status.Users, after.Status.Users) || !cmp.Equal(before.Status.Records, after.Status.Records) || !cmp.Equal(before.Status.CompletionTime, after.Status.CompletionTime) {
		t.Errorf("the counts changed:\n%s", cmp.Diff(before.Status, after.Status))
	}
	counting := &apiserver.Killer{}
	w.client = server.Killed(w.T, counting)
	if w.settle("hr"); counting.Seen != 0 {
		t.Errorf("a second look takes %d writes", counting.Seen)
	}
}

// TestKeptInTheLastMoment: a run that somebody keeps after the manager has seen
// it, and before it is deleted, stays.
func TestKeptInTheLastMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.task("hr", v1alpha1.History{Limit: ptr.To[int32](1)})
	first, second := w.ended(generated(), "hr"), w.ended(generated(), "hr")
	w.remember(task, first, second)
	late := &apiserver.Killer{}
	w.client = w.annotatedLate(late, first.Name, v1alpha1.AnnotationKeep)
	w.settle("hr")
	if got := w.names(); len(got) != 2 || late.Seen != 1 {
		t.Errorf("%v are left after %d tries, want both after one", got, late.Seen)
	}
}

// TestNumberInPlaceOfPlainRecords: the records of an older run count the same
// with a number in them, and its status says so.
func TestNumberInPlaceOfPlainRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.task("hr", v1alpha1.History{})
	first, second := w.ended(generated(), "hr"), w.ended(generated(), "hr")
	w.store(first, people(20_000))
	w.store(second, people(30))
	store, scope := w.storeOf(first)
	w.write(first, scope, "plan", []byte("killed before it was removed"))
	if err := store.PutChunk(t.Context(), scope, "journal-1-0", []byte("so was this")); err != nil {
		t.Fatal(err)
	}
	w.remember(task, first, second)
	w.settle("hr")
	w.expectCondensed(first.Name, 20_000)
	if got := w.artifacts(first.UID); slices.ContainsFunc(got, func(name string) bool { return strings.Contains(name, "plan") || strings.Contains(name, "journal") }) {
		t.Errorf("what only an unfinished run needs is left: %v", got)
	}
	if kept := meta.FindStatusCondition(w.run(second.Name).Status.Conditions, v1alpha1.ConditionDetailsKept); kept != nil {
		t.Errorf("the newest records were touched: %+v", kept)
	}
	if after := w.run(first.Name).Status.Records.Bytes; after >= first.Status.Records.Bytes {
		t.Errorf("the records take %d bytes, before it were %d", after, first.Status.Records.Bytes)
	}
}

func (w *world) expectCondensed(name string, count int) {
	w.Helper()
	run := w.run(name)
	w.expectKept(run, metav1.ConditionTrue, v1alpha1.ReasonNoUpdateCounted, "kept as a number")
	store, scope := w.storeOf(run)
	reader, err := artifact.Open(w.Context(), store, scope, "records")
	if err != nil {
		w.Fatal(err)
	}
	lines := 0
	var counter history.Counter
	for record, err := range history.Decode(reader) {
		if err != nil {
			w.Fatal(err)
		}
		lines++
		counter.Add(&record)
	}
	if want := count/10 + 1; lines != want {
		w.Errorf("%d lines are left, want %d", lines, want)
	}
	want, err := history.Count(func(yield func(history.Record, error) bool) {
		for _, record := range people(count) {
			if !yield(record, nil) {
				return
			}
		}
	})
	if diff := cmp.Diff(want, counter.Counts()); err != nil || diff != "" {
		w.Errorf("the counts (-whole +condensed):\n%s", diff)
	}
	content := reader.Content()
	if run.Status.Records.Count != int64(count) || run.Status.Records.Bytes != content.StoredBytes || string(run.Status.Records.Digest) != "sha256:"+content.SHA256 {
		w.Errorf("the status says %+v of a stream of %d bytes with %s", run.Status.Records, content.StoredBytes, content.SHA256)
	}
}

// TestRetentionKilledAtEachWrite kills the manager at each write that three
// kinds of loss take, and starts another one: the same is left.
func TestRetentionKilledAtEachWrite(t *testing.T) {
	t.Parallel()
	prepare := func(t *testing.T) *world {
		w := newWorld(t)
		task := w.task("hr", v1alpha1.History{Limit: ptr.To[int32](2)})
		gone, chosen := w.ended(generated(), "hr"), w.ended(named("hr-chosen"), "hr")
		older, newest := w.ended(named("hr-older"), "hr"), w.ended(named("hr-newest"), "hr")
		for _, run := range []*v1alpha1.SyncRun{chosen, older, newest} {
			w.store(run, people(30))
		}
		w.remember(task, gone, chosen, older, newest)
		return w
	}
	undisturbed := &apiserver.Killer{}
	w := prepare(t)
	w.client = server.Killed(w.T, undisturbed)
	w.settle("hr")
	if undisturbed.Seen < 6 {
		t.Fatalf("it takes %d writes; this test no longer sees them", undisturbed.Seen)
	}
	for at := 1; at <= undisturbed.Seen; at++ {
		for _, afterward := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d afterward %t", at, afterward), func(t *testing.T) {
				t.Parallel()
				w := prepare(t)
				dying := w.reconciler(server.Killed(w.T, &apiserver.Killer{At: at, Afterward: afterward}))
				for range 10 {
					if _, err := dying.Reconcile(t.Context(), w.request("hr")); err != nil {
						break
					}
				}
				w.settle("hr")
				if got, want := w.names(), []string{"hr-chosen", "hr-newest", "hr-older"}; !cmp.Equal(got, want) {
					t.Errorf("%v are left, want %v", got, want)
				}
				chosen := w.run("hr-chosen")
				w.expectKept(chosen, metav1.ConditionFalse, v1alpha1.ReasonLimitReached, "")
				if got := w.artifacts(chosen.UID); len(got) != 0 {
					t.Errorf("of hr-chosen is left: %v", got)
				}
				w.expectCondensed("hr-older", 30)
				if newest := w.run("hr-newest"); meta.FindStatusCondition(newest.Status.Conditions, v1alpha1.ConditionDetailsKept) != nil || len(w.artifacts(newest.UID)) != 2 {
					t.Error("the newest run was touched")
				}
			})
		}
	}
}
