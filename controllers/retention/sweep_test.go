package retention_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/retention"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/artifacttest"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/test/apiserver"
)

// sweep looks through the world's namespace once, by the reconciler and the client given.
func (w *world) sweep(by *retention.Reconciler) error {
	return (&retention.Sweeper{Reconciler: by, Namespaces: []string{w.namespace}}).Sweep(w.Context())
}

// later moves the clock: what is stored has the server's time, which is about now.
func (w *world) later(by time.Duration) { w.clock.SetTime(time.Now().Add(by).Truncate(time.Second)) }

// goesOn makes a run that is being executed.
func (w *world) goesOn(name string) *v1alpha1.SyncRun {
	w.Helper()
	run := &v1alpha1.SyncRun{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}, Spec: v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: "hr"}}}
	if err := w.client.Create(w.Context(), run); err != nil {
		w.Fatal(err)
	}
	run.Status.Sequence, run.Status.Phase = 99, v1alpha1.PhaseApplying
	if err := w.client.Status().Update(w.Context(), run); err != nil {
		w.Fatal(err)
	}
	return run
}

// unfinished stores what a run needs until it has ended: a plan, in chunks if it is large, and a journal.
func (w *world) unfinished(run *v1alpha1.SyncRun, bytes int) {
	w.Helper()
	store, scope := w.storeOf(run)
	w.write(run, scope, "plan", noise(bytes))
	for _, segment := range []string{"journal-1-0", "journal-1-1"} {
		if err := store.PutChunk(w.Context(), scope, segment, []byte("what was done")); err != nil {
			w.Fatal(err)
		}
	}
}

// gone is a run that is not there, of which a backup or a late pod has left what it stored.
func (w *world) gone(name string, uid types.UID) *v1alpha1.SyncRun {
	run := &v1alpha1.SyncRun{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name, UID: uid}, Spec: v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: "hr"}}}
	w.unfinished(run, 300_000)
	_, scope := w.storeOf(run)
	w.write(run, scope, "records", []byte("{}"))
	return run
}

// withoutOwners makes what a run has stored anew without its owners, as a backup does.
func (w *world) withoutOwners(run *v1alpha1.SyncRun) {
	w.Helper()
	var list v1alpha1.SyncArtifactList
	if err := w.client.List(w.Context(), &list, client.InNamespace(w.namespace), client.MatchingLabels{v1alpha1.LabelRun: run.Name}); err != nil {
		w.Fatal(err)
	}
	for i := range list.Items {
		if object := &list.Items[i]; object.Writer.UID == run.UID {
			object.OwnerReferences = nil
			w.renew(object)
		}
	}
}

// renew makes an object anew as it is given here.
func (w *world) renew(object *v1alpha1.SyncArtifact) {
	w.Helper()
	if err := w.client.Delete(w.Context(), object); err != nil {
		w.Fatal(err)
	}
	object.UID, object.ResourceVersion = "", ""
	if err := w.client.Create(w.Context(), object); err != nil {
		w.Fatal(err)
	}
}

// stored are the names of all that is stored in the namespace.
func (w *world) stored() []string {
	w.Helper()
	var names []string
	if err := cluster.Visit(w.Context(), w.client, w.namespace, func(item cluster.Item) { names = append(names, item.Name) }); err != nil {
		w.Fatal(err)
	}
	return names
}

// littered fills a namespace with all that may be stored: of runs that exist, the
// state, an answer to somebody and things of unknown kinds, which it gives; then
// adds what nobody needs.
func (w *world) littered() (needed []string) {
	w.Helper()
	task := w.task("hr", v1alpha1.History{})
	w.unfinished(w.goesOn("hr-going"), 300_000)
	whole := w.ended(generated(), "hr")
	w.store(whole, people(20))
	w.withoutOwners(whole) // it exists all the same
	again := w.ended(named("hr-again"), "hr")
	w.store(again, people(20))
	w.write(whole, artifact.Scope{Owner: w.namespace + "/hr"}, "states", []byte("which states there are"))
	w.write(whole, artifact.Scope{Owner: w.namespace + "/hr"}, "state-1", noise(300_000))
	w.write(w.gone("hr-none", "none"), artifact.Scope{Owner: w.namespace + "/gone"}, "state-1", []byte("links"))
	asked := cluster.New(cluster.OptionsOf(w.client, task, "hr-list-0", "look", inspection.KindUnmanaged))
	if err := asked.PutChunk(w.Context(), artifact.Scope{Run: "look"}, "answer-a-0", []byte("an answer")); err != nil {
		w.Fatal(err)
	}
	w.removeStored("hr-none")
	for name, labels := range map[string]map[string]string{
		"something-else": {v1alpha1.LabelArtifact: "chunk", v1alpha1.LabelRun: "hr-none"},
		"run-0123456789abcdef0123456789abcdef-chunk-plan-a-0":  {v1alpha1.LabelTask: "hr"},
		"run-0123456789abcdef0123456789abcdef-future-plan-a-0": {v1alpha1.LabelArtifact: "future", v1alpha1.LabelTask: "hr"},
	} {
		object := &v1alpha1.SyncArtifact{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name, Labels: labels}, Stream: "plan", Type: v1alpha1.ArtifactChunk,
			Writer: v1alpha1.ArtifactWriter{Run: "hr-none", UID: "none"}, Data: []byte("unknown"),
		}
		if err := w.client.Create(w.Context(), object); err != nil {
			w.Fatal(err)
		}
	}
	needed = w.stored()
	w.unfinished(whole, 1_200_000)
	w.gone("hr-deleted", "deleted")
	w.withoutOwners(w.gone("hr-restored", "restored"))
	w.gone("hr-again", "before") // a run of that name was there before
	return needed
}

// removeStored removes what a run has stored, but for the state.
func (w *world) removeStored(run string) {
	w.Helper()
	err := cluster.Visit(w.Context(), w.client, w.namespace, func(item cluster.Item) {
		if _, ofRun := item.RunKey(); ofRun {
			if err := cluster.Remove(w.Context(), w.client, w.namespace, item); err != nil {
				w.Error(err)
			}
		}
	}, client.MatchingLabels{v1alpha1.LabelRun: run})
	if err != nil {
		w.Fatal(err)
	}
}

// TestOrphansAreFoundAndRemoved: what belongs to runs that are gone, and what
// only unfinished runs need, goes after some hours, and nothing else.
func TestOrphansAreFoundAndRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	needed := w.littered()
	litter := len(w.stored()) - len(needed)

	w.later(5 * time.Hour)
	if err := w.sweep(w.reconciler(w.client)); err != nil {
		t.Fatal(err)
	}
	if left := len(w.stored()) - len(needed); left >= litter || left < 12 {
		t.Errorf("%d of %d objects are left after five hours: the leftovers of the run that has ended go then, and of runs that are gone nothing", left, litter)
	}
	w.expectTold("stored objects of runs that are gone: 0; plans and journals of runs that have ended: 5")

	w.later(7 * time.Hour)
	counting := &apiserver.Killer{}
	c := server.Killed(w.T, counting)
	if err := w.sweep(w.reconciler(c)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(needed, w.stored()); diff != "" {
		t.Errorf("what is stored (-needed +left):\n%s", diff)
	}
	w.expectTold(fmt.Sprintf("stored objects of runs that are gone: %d; plans and journals of runs that have ended: 0; together 0.9 MiB", counting.Seen))
	counting.Seen = 0
	if err := w.sweep(w.reconciler(c)); err != nil || counting.Seen != 0 {
		t.Errorf("a second look takes %d writes (%v)", counting.Seen, err)
	}
}

func (w *world) expectTold(words string) {
	w.Helper()
	select {
	case event := <-w.events.Events:
		if !strings.Contains(event, "LeftoversRemoved") || !strings.Contains(event, words) {
			w.Errorf("the event says: %s", event)
		}
	default:
		w.Error("no event tells what was removed")
	}
}

// TestSweepKilledAtEachWrite kills the manager at each removal, before and after
// it takes effect. The next one comes to the same end.
func TestSweepKilledAtEachWrite(t *testing.T) {
	t.Parallel()
	undisturbed := &apiserver.Killer{}
	sweepKilled(t, undisturbed)
	if undisturbed.Seen < 12 {
		t.Fatalf("it takes %d writes; this test no longer sees them", undisturbed.Seen)
	}
	for at := 1; at <= undisturbed.Seen; at += 5 {
		for _, afterward := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d afterward %t", at, afterward), func(t *testing.T) {
				t.Parallel()
				sweepKilled(t, &apiserver.Killer{At: at, Afterward: afterward})
			})
		}
	}
}

func sweepKilled(t *testing.T, dying *apiserver.Killer) {
	w := newWorld(t)
	needed := w.littered()
	w.later(7 * time.Hour)
	if err := w.sweep(w.reconciler(server.Killed(w.T, dying))); (err != nil) != (dying.At > 0) {
		t.Fatalf("the first look ends with %v", err)
	}
	if err := w.sweep(w.reconciler(w.client)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(needed, w.stored()); diff != "" {
		t.Errorf("what is stored (-needed +left):\n%s", diff)
	}
}

// blind reads as an API server that cannot be asked for runs.
type blind struct{ client.Client }

func (c blind) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	if list.GetObjectKind().GroupVersionKind().Kind == v1alpha1.KindSyncRun+"List" {
		return apiserver.ErrKilled
	}
	return c.Client.List(ctx, list, options...)
}

// TestNothingGoesThatNobodyCouldAskAbout: whose run cannot be looked for stays.
func TestNothingGoesThatNobodyCouldAskAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task("hr", v1alpha1.History{})
	w.gone("hr-deleted", "deleted")
	before := w.stored()
	w.later(7 * time.Hour)
	if err := w.sweep(w.reconciler(blind{w.client})); err == nil {
		t.Error("that the runs could not be listed is not told")
	}
	if after := w.stored(); !slices.Equal(before, after) {
		t.Errorf("%v are left of %v", after, before)
	}
}

// refusing is a client whose API server lets nobody delete some objects.
func (w *world) refusing(refuse func(*v1alpha1.SyncArtifact) bool) client.Client {
	w.Helper()
	inner, err := client.NewWithWatch(server.Config, client.Options{Scheme: server.Scheme})
	if err != nil {
		w.Fatal(err)
	}
	return interceptor.NewClient(inner, interceptor.Funcs{
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			var object v1alpha1.SyncArtifact
			if err := c.Get(ctx, client.ObjectKeyFromObject(o), &object); err != nil {
				return err
			}
			if refuse(&object) {
				return apierrors.NewForbidden(schema.GroupResource{Resource: "syncartifacts"}, o.GetName(), nil)
			}
			return c.Delete(ctx, o, opts...)
		},
	})
}

// TestRefusedRemovalsStopNoOther: what the API server does not let us remove is
// told, and all the rest goes, however much is refused.
func TestRefusedRemovalsStopNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task("hr", v1alpha1.History{})
	for i := range 5 {
		w.gone(fmt.Sprintf("hr-deleted-%d", i), types.UID(fmt.Sprintf("deleted-%d", i)))
	}
	refused := w.stored()
	w.gone("hr-free", "free")
	w.later(7 * time.Hour)
	err := w.sweep(w.reconciler(w.refusing(func(object *v1alpha1.SyncArtifact) bool { return slices.Contains(refused, object.Name) })))
	if diff := cmp.Diff(refused, w.stored()); diff != "" {
		t.Errorf("what is stored (-refused +left):\n%s", diff)
	}
	if !apierrors.IsForbidden(err) {
		t.Fatalf("the refusals are told as %v", err)
	}
	lines := strings.Split(err.Error(), "\n")
	if want := fmt.Sprintf("and %d more", len(refused)-10); len(lines) != 11 || lines[10] != want {
		t.Errorf("the refusals are told in %d lines, and the last is %q, want 11 and %q", len(lines), lines[len(lines)-1], want)
	}
}

// unlabelled makes an object anew without the label that names its run.
func (w *world) unlabelled(name string) {
	w.Helper()
	var object v1alpha1.SyncArtifact
	if err := w.client.Get(w.Context(), types.NamespacedName{Namespace: w.namespace, Name: name}, &object); err != nil {
		w.Fatal(err)
	}
	delete(object.Labels, v1alpha1.LabelRun)
	w.renew(&object)
}

// TestPlansWithoutTheNameOfTheirRun: whose run is gone goes, and of one that
// exists nothing; neither keeps anything from the others.
func TestPlansWithoutTheNameOfTheirRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task("hr", v1alpha1.History{})
	w.unfinished(w.goesOn("hr-going"), 300_000)
	needed := w.stored()
	for _, name := range needed {
		w.unlabelled(name)
	}
	w.gone("hr-deleted", "deleted")
	for _, name := range w.stored() {
		if !slices.Contains(needed, name) && strings.Contains(name, "plan") {
			w.unlabelled(name)
		}
	}
	w.gone("hr-restored", "restored")
	w.later(7 * time.Hour)
	if err := w.sweep(w.reconciler(w.client)); err != nil {
		t.Errorf("the look ends with %v", err)
	}
	if diff := cmp.Diff(needed, w.stored()); diff != "" {
		t.Errorf("what is stored (-needed +left):\n%s", diff)
	}
}

// TestOneNamespaceThatCannotBeReadStopsNoOther: it keeps what it has, and that is told.
func TestOneNamespaceThatCannotBeReadStopsNoOther(t *testing.T) {
	t.Parallel()
	for kind, what := range map[string]string{v1alpha1.KindSyncArtifact: "what is stored", v1alpha1.KindSyncRun: "its runs"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			closed, open := newWorld(t), newWorld(t)
			for _, w := range []*world{closed, open} {
				w.gone("hr-deleted", "deleted")
				w.later(7 * time.Hour)
			}
			before := closed.stored()
			sweeper := &retention.Sweeper{Reconciler: open.reconciler(closedTo{open.client, closed.namespace, kind}), Namespaces: []string{closed.namespace, open.namespace}}
			if err := sweeper.Sweep(t.Context()); !errors.Is(err, apiserver.ErrKilled) || !strings.Contains(err.Error(), closed.namespace) {
				t.Errorf("it is told as %v", err)
			}
			if diff := cmp.Diff(before, closed.stored()); diff != "" {
				t.Errorf("in the namespace that cannot be read (-before +left):\n%s", diff)
			}
			if left := open.stored(); len(left) > 0 {
				t.Errorf("in the other one %v are left", left)
			}
		})
	}
}

// closedTo reads as an API server that does not show the objects of a kind in a namespace.
type closedTo struct {
	client.Client
	namespace, kind string
}

func (c closedTo) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	var asked client.ListOptions
	asked.ApplyOptions(options)
	if asked.Namespace == c.namespace && list.GetObjectKind().GroupVersionKind().Kind == c.kind+"List" {
		return apiserver.ErrKilled
	}
	return c.Client.List(ctx, list, options...)
}

// answered stores a list for somebody, and what is said of it.
func (w *world) answered(task *v1alpha1.SyncTask, name string) {
	w.Helper()
	uid := inspection.UID(string(task.UID), name)
	options := cluster.OptionsOf(w.client, task, inspection.Name(task.Name, inspection.KindUnmanaged, uid), uid, inspection.KindUnmanaged)
	ended := w.clock.Now()
	told := &inspection.Inspection{SchemaVersion: inspection.SchemaVersion, Name: options.Writer.Run, UID: uid, Begun: ended, Ended: &ended}
	if err := cluster.NewInspections(options).Create(w.Context(), told); err != nil {
		w.Fatal(err)
	}
	if _, err := artifacttest.WriteAll(w.Context(), cluster.New(options), artifact.Scope{Run: uid}, inspection.AnswerStream, noise(300_000)); err != nil {
		w.Fatal(err)
	}
}

// TestAnswersThatBelongToNoTaskGo: they hold names of people. A backup brought them
// back without their owner, or a task was deleted and left them there.
func TestAnswersThatBelongToNoTaskGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answered(w.task("hr", v1alpha1.History{}), "needed")
	w.answered(w.task("sales", v1alpha1.History{}), "of another task")
	for name, owners := range map[string][]metav1.OwnerReference{
		"run-0123456789abcdef0123456789abcdef-chunk-answer-a-0":  {{APIVersion: "v1", Kind: "ConfigMap", Name: "mine", UID: "mine"}},
		"run-0123456789abcdef0123456789abcdef-future-answer-a-0": nil,
	} {
		kind := strings.Split(name, "-")[2]
		if err := w.client.Create(t.Context(), &v1alpha1.SyncArtifact{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name, OwnerReferences: owners, Labels: map[string]string{
				v1alpha1.LabelArtifact: kind, v1alpha1.LabelTask: "hr", v1alpha1.LabelInspection: string(inspection.KindUnmanaged),
			}},
			Stream: "answer", Type: v1alpha1.ArtifactChunk, Writer: v1alpha1.ArtifactWriter{Run: "hr-list-0", UID: "look"}, Data: []byte("unknown"),
		}); err != nil {
			t.Fatal(err)
		}
	}
	needed := w.stored() // what somebody else owns, and of a kind that is not known, too
	gone := &v1alpha1.SyncTask{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "hr", UID: "before"}}
	w.answered(gone, "of an earlier task of the name")
	for _, name := range w.stored() {
		if !slices.Contains(needed, name) {
			w.ownerless(name)
		}
	}
	w.answered(gone, "whose owner is not there")
	litter := len(w.stored()) - len(needed)
	if litter < 6 {
		t.Fatalf("%d objects belong to no task; this test no longer shows what it is for", litter)
	}

	w.later(5 * time.Hour)
	if err := w.sweep(w.reconciler(w.client)); err != nil || len(w.stored()) != len(needed)+litter {
		t.Fatalf("%d of %d objects are left after five hours (%v)", len(w.stored())-len(needed), litter, err)
	}
	w.later(7 * time.Hour)
	if err := w.sweep(w.reconciler(w.client)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(needed, w.stored()); diff != "" {
		t.Errorf("what is stored (-needed +left):\n%s", diff)
	}
	w.expectTold(fmt.Sprintf("objects of inspections without a task: %d; stored objects of runs that are gone: 0", litter))
}

func (w *world) ownerless(name string) {
	w.Helper()
	var object v1alpha1.SyncArtifact
	if err := w.client.Get(w.Context(), types.NamespacedName{Namespace: w.namespace, Name: name}, &object); err != nil {
		w.Fatal(err)
	}
	object.OwnerReferences = nil
	w.renew(&object)
}

// TestStateOfATaskThatIsGoneIsNamed: it stays, and the log says whose it is, so
// that somebody can remove it.
func TestStateOfATaskThatIsGoneIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task("hr", v1alpha1.History{})
	for _, task := range []string{"hr", "gone"} {
		run := &v1alpha1.SyncRun{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: task + "-1", UID: "uid"}, Spec: v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: task}}}
		w.write(run, artifact.Scope{Owner: w.namespace + "/" + task}, "state-1", []byte("links"))
	}
	var said []string
	ctx := log.IntoContext(t.Context(), funcr.New(func(_, line string) { said = append(said, line) }, funcr.Options{}))
	sweeper := &retention.Sweeper{Reconciler: w.reconciler(w.client), Namespaces: []string{w.namespace}}
	if err := sweeper.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	if len(said) != 1 || !strings.Contains(said[0], "The state of a task that is not there is kept") || !strings.Contains(said[0], `"task"="gone"`) {
		t.Errorf("the log says %q, want the state of the one task that is gone", said)
	}
	if left := len(w.artifacts("")); left != 2 {
		t.Errorf("%d states are left, want both", left)
	}
}

// TestRoomAfterAnAbsence: what was stored while no manager was there to make room
// is found by a look through the store.
func TestRoomAfterAnAbsence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task, runs := w.crowded(6)
	w.remember(task, runs...)
	w.endNow(runs[5])
	w.later(time.Hour) // the report of the last run is no longer asked for
	by := w.reconciler(w.client)
	counting := &apiserver.Killer{}
	w.client = server.Killed(w.T, counting)
	w.settleBy(by, "hr")
	if counting.Seen != 0 {
		t.Fatalf("room was made without a look through the store; this test no longer shows what it is for")
	}
	if err := w.sweep(by); err != nil {
		t.Fatal(err)
	}
	w.settleBy(by, "hr")
	var left []int64
	for _, run := range runs {
		if len(w.artifacts(run.UID)) > 0 {
			left = append(left, run.Status.Sequence)
			continue
		}
		w.expectKept(w.run(run.Name), metav1.ConditionFalse, v1alpha1.ReasonBudgetReached, "with room for one more run")
	}
	if want := []int64{4, 5, 6}; !cmp.Equal(left, want) {
		t.Errorf("the details of %v are left, want %v", left, want)
	}
}
