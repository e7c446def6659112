package past

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/test/apiserver"
)

var server *apiserver.Server

func TestMain(m *testing.M) { os.Exit(apiserver.Main(m, func(s *apiserver.Server) { server = s })) }

var moment = metav1.NewTime(time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC))

// endedRun is a run as the manager leaves it behind: with everything that makes
// a status long.
func endedRun(namespace, task, name string, sequence int64) *v1alpha1.SyncRun {
	counts := &v1alpha1.SubjectCounts{
		Total: 1200, Succeeded: 1199, Summary: "1199/1200", UpdatesSummary: "2/3", Updates: v1alpha1.UpdateCounts{Total: 3, Succeeded: 2},
	}
	run := &v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, Labels: map[string]string{"team": "hr"},
			Annotations: map[string]string{v1alpha1.AnnotationAcceptedUID: "b7c9e1de-1111-4c6e-9d52-2a3f6a3f9f10"},
		},
		Spec: v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: task}, Type: v1alpha1.RunSync},
		Status: v1alpha1.SyncRunStatus{
			Sequence: sequence, Mode: v1alpha1.TriggerManual, Phase: v1alpha1.PhasePartiallyFailed, Message: "Some operations failed.",
			StartTime: &moment, CompletionTime: &moment, Organizations: counts, Users: counts,
			Task: &v1alpha1.ExecutedTask{Generation: 3, DefinitionDigest: "sha256:definition"},
			Job:  &v1alpha1.JobReference{Name: name + "-1"},
		},
	}
	for _, condition := range []string{v1alpha1.ConditionComplete, v1alpha1.ConditionSucceeded} {
		run.Status.Conditions = append(run.Status.Conditions, metav1.Condition{
			Type: condition, Status: metav1.ConditionTrue, Reason: string(v1alpha1.ReasonPartiallyFailed), Message: "Some operations failed.", LastTransitionTime: moment,
		})
	}
	for i := range 10 {
		run.Status.Failures = append(run.Status.Failures, v1alpha1.Failure{
			Subject: v1alpha1.SubjectUser, ID: fmt.Sprint(i), Reason: "RequiredFieldMissing", Message: "sn has no value; map it, or fill it in the source",
		})
	}
	return run
}

// create makes a run with its status.
func create(t *testing.T, run *v1alpha1.SyncRun) *v1alpha1.SyncRun {
	t.Helper()
	status := run.Status
	if err := server.Client.Create(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	run.Status = status
	if err := server.Client.Status().Update(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	return run
}

// watching are the ended runs of some namespaces, once they are known.
func watching(t *testing.T, namespaces ...string) *Runs {
	t.Helper()
	connected, err := client.NewWithWatch(server.Config, client.Options{Scheme: server.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	runs := New()
	watcher := runs.Watch(connected, namespaces)
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- watcher.Start(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	if err := runs.Known().WaitForSync(t.Context()); err != nil {
		t.Fatal(err)
	}
	return runs
}

func names(runs []v1alpha1.SyncRun) []string {
	var result []string
	for i := range runs {
		result = append(result, runs[i].Name)
	}
	slices.Sort(result)
	return result
}

// await waits until the ended runs of a task are these.
func await(t *testing.T, runs *Runs, task types.NamespacedName, want ...string) {
	t.Helper()
	for {
		told := make(chan struct{}, 100)
		runs.mu.Lock()
		runs.changed = append(runs.changed, func(types.NamespacedName) { told <- struct{}{} })
		runs.mu.Unlock()
		if slices.Equal(names(runs.Of(task)), want) {
			return
		}
		select {
		case <-told:
		case <-time.After(30 * time.Second):
			t.Fatalf("the ended runs are %v, want %v", names(runs.Of(task)), want)
		}
	}
}

// TestRunsOfATask follows runs from before their end to after their deletion.
func TestRunsOfATask(t *testing.T) {
	t.Parallel()
	namespace, other := server.Namespace(t), server.Namespace(t)
	hr := types.NamespacedName{Namespace: namespace, Name: "hr"}
	first := create(t, endedRun(namespace, "hr", "hr-1", 1))
	going := endedRun(namespace, "hr", "hr-2", 2)
	going.Status.Phase = v1alpha1.PhaseApplying
	create(t, going)
	unseen := endedRun(namespace, "hr", "hr-3", 0)
	unseen.Status = v1alpha1.SyncRunStatus{}
	create(t, unseen)
	create(t, endedRun(namespace, "payroll", "payroll-1", 1))
	create(t, endedRun(other, "hr", "hr-1", 1))

	runs := watching(t, namespace)
	if got := names(runs.Of(hr)); !slices.Equal(got, []string{"hr-1"}) {
		t.Fatalf("the ended runs are %v, want hr-1", got)
	}
	if got := names(runs.Of(types.NamespacedName{})); !slices.Equal(got, []string{"hr-1", "payroll-1"}) {
		t.Errorf("all ended runs are %v, want those of the one namespace", got)
	}
	if !runs.LastEnd(hr).Equal(moment.Time) || !runs.LastStart(namespace).Equal(moment.Time) {
		t.Errorf("the last end is %s, the last start %s, want %s", runs.LastEnd(hr), runs.LastStart(namespace), moment)
	}
	if !runs.LastEnd(types.NamespacedName{Namespace: namespace, Name: "none"}).IsZero() {
		t.Error("a task without runs has a last end")
	}

	for _, phase := range []v1alpha1.Phase{v1alpha1.PhaseExporting, v1alpha1.PhaseSucceeded} {
		going.Status.Phase = phase
		if err := server.Client.Status().Update(t.Context(), going); err != nil {
			t.Fatal(err)
		}
	}
	await(t, runs, hr, "hr-1", "hr-2")
	if err := server.Client.Delete(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	await(t, runs, hr, "hr-2")
}

// TestWhatIsRemembered compares a run with what is given of it.
func TestWhatIsRemembered(t *testing.T) {
	t.Parallel()
	run := endedRun("people", "hr", "hr-7kq2x", 7)
	run.UID, run.CreationTimestamp, run.GenerateName = "b7c9e1de-1111-4c6e-9d52-2a3f6a3f9f10", moment, "hr-"
	run.Labels[v1alpha1.LabelTrigger] = "Scheduled"
	run.Annotations[v1alpha1.AnnotationKeep] = "audit"
	run.Status.Records = &v1alpha1.RecordsStatus{Count: 5, Bytes: 700, Digest: "sha256:records"}
	run.Status.Conditions = append(run.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionDetailsKept, Status: metav1.ConditionFalse, Message: "gone",
	})
	run.Spec.Retry = &v1alpha1.RunSource{RunRef: v1alpha1.RunReference{Name: "hr-0", UID: "another"}}
	run.Spec.Only = &v1alpha1.OnlyEntries{Users: []string{"4711"}}

	got := recordOf(run).run()
	want := *run.DeepCopy()
	want.Labels = map[string]string{v1alpha1.LabelTrigger: "Scheduled"}
	want.Annotations = map[string]string{v1alpha1.AnnotationKeep: ""}
	want.Status.Message, want.Status.Failures, want.Status.Job = "", nil, nil
	want.Status.Task.DefinitionDigest = ""
	want.Spec.Only = &v1alpha1.OnlyEntries{}        // that it was about some alone
	want.Status.Records = &v1alpha1.RecordsStatus{} // that there are some
	for i := range want.Status.Conditions {
		want.Status.Conditions[i].Message = ""
	}
	want.Status.Conditions[1].Status = metav1.ConditionFalse
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want - got +:\n%s", diff)
	}
	run.Annotations, run.Labels = nil, map[string]string{v1alpha1.AnnotationKeep: "yes"}
	byLabel := recordOf(run).run()
	if _, kept := byLabel.Annotations[v1alpha1.AnnotationKeep]; !kept {
		t.Error("a label does not keep the run")
	}
	for name, by := range map[string]func(*v1alpha1.SyncRun){
		"kubectl apply": func(run *v1alpha1.SyncRun) {
			run.Annotations = map[string]string{corev1.LastAppliedConfigAnnotation: "{}"}
		},
		"a server-side apply": func(run *v1alpha1.SyncRun) {
			run.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "flux", Operation: metav1.ManagedFieldsOperationApply}}
		},
	} {
		applied := run.DeepCopy()
		by(applied)
		if remembered := recordOf(applied).run(); !WasApplied(&remembered) || WasApplied(&byLabel) {
			t.Errorf("it is not remembered that the run was applied by %s", name)
		}
	}
	if got.ResourceVersion != "" {
		t.Error("what is remembered could be written back")
	}
}

// TestSizeOfARun fails when a run that has ended is remembered with more than is needed.
func TestSizeOfARun(t *testing.T) {
	const number, limit = 20_000, 200
	runs := New()
	s := &store{runs: runs, filled: make(chan struct{})}
	before := heap()
	fill(t, s, number)
	each := (heap() - before) / number
	t.Logf("%d bytes a run", each)
	if each > limit {
		t.Errorf("a run that has ended takes %d bytes, want at most %d: what is new in it?", each, limit)
	}
	runtime.KeepAlive(runs)
}

// fill gives a store a list of many runs, and nothing of it stays but what the store keeps.
func fill(t *testing.T, s *store, number int) {
	t.Helper()
	var list []any
	for i := range number {
		run := endedRun("people", fmt.Sprintf("task-%d", i/20), fmt.Sprintf("task-%d-%d", i/20, i), int64(i))
		run.UID = types.UID(fmt.Sprintf("b7c9e1de-1111-4c6e-9d52-%012d", i))
		list = append(list, recordOf(run)) // as the reflector does while a list comes in
	}
	if err := s.Replace(list, ""); err != nil {
		t.Fatal(err)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// TestReplace takes the list that follows a lost connection: what went meanwhile
// is forgotten, what came is known, and the tasks of both are told, no others.
func TestReplace(t *testing.T) {
	t.Parallel()
	runs := New()
	s := &store{runs: runs, namespace: "people", filled: make(chan struct{})}
	elsewhere := &store{runs: runs, namespace: "elsewhere", filled: make(chan struct{})}
	list := func(runs ...*v1alpha1.SyncRun) []any {
		var result []any
		for _, run := range runs {
			result = append(result, run)
		}
		return result
	}
	steady := endedRun("people", "steady", "steady-1", 1)
	if err := s.Replace(list(endedRun("people", "hr", "hr-1", 1), endedRun("people", "gone", "gone-1", 1), steady), ""); err != nil {
		t.Fatal(err)
	}
	if err := elsewhere.Replace(list(endedRun("elsewhere", "hr", "hr-1", 1)), ""); err != nil {
		t.Fatal(err)
	}
	var told []string
	runs.changed = append(runs.changed, func(task types.NamespacedName) { told = append(told, task.String()) })
	// A transformer may have been at work already.
	if err := s.Replace([]any{recordOf(endedRun("people", "hr", "hr-2", 2)), recordOf(steady)}, ""); err != nil {
		t.Fatal(err)
	}
	slices.Sort(told)
	if want := []string{"people/gone", "people/hr"}; !slices.Equal(told, want) {
		t.Errorf("%v were told, want %v", told, want)
	}
	if got := names(runs.Of(types.NamespacedName{})); !slices.Equal(got, []string{"hr-1", "hr-2", "steady-1"}) {
		t.Errorf("the runs are %v; those of another namespace must stay", got)
	}
}

// TestClient lists all runs although its cache holds those alone that go on.
func TestClient(t *testing.T) {
	t.Parallel()
	namespace := server.Namespace(t)
	first := create(t, endedRun(namespace, "hr", "hr-1", 1))
	create(t, endedRun(namespace, "hr", "hr-2", 2))
	going := endedRun(namespace, "hr", "hr-3", 3)
	going.Status.Phase = v1alpha1.PhaseApplying
	create(t, going)
	create(t, endedRun(namespace, "payroll", "payroll-1", 1))

	whole := watching(t, namespace).Client(onlyGoing{server.Client}, server.Client)
	for _, test := range []struct {
		name    string
		options []client.ListOption
		want    []string
	}{
		{"a task", []client.ListOption{client.InNamespace(namespace), client.MatchingFields{TaskField: "hr"}}, []string{"hr-1", "hr-2", "hr-3"}},
		{"a namespace", []client.ListOption{client.InNamespace(namespace)}, []string{"hr-1", "hr-2", "hr-3", "payroll-1"}},
	} {
		var list v1alpha1.SyncRunList
		if err := whole.List(t.Context(), &list, test.options...); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if got := names(list.Items); !slices.Equal(got, test.want) {
			t.Errorf("%s: the list is %v, want %v", test.name, got, test.want)
		}
	}
	if err := whole.List(t.Context(), &v1alpha1.SyncRunList{}, client.InNamespace(namespace), client.MatchingFields{phaseField: "Failed"}); err == nil {
		t.Error("a list by what is not remembered is answered")
	}
	if err := whole.List(t.Context(), &v1alpha1.SyncRunList{}, client.MatchingLabels{"team": "hr"}); err == nil {
		t.Error("a list by labels is answered, although they are not remembered")
	}
	var run v1alpha1.SyncRun
	if err := whole.Get(t.Context(), client.ObjectKeyFromObject(first), &run); err != nil || len(run.Status.Failures) != 10 {
		t.Errorf("an ended run is read as %+v (%v), want all of it", run.Status, err)
	}
}

// onlyGoing reads as the manager's cache does.
type onlyGoing struct{ client.Client }

func (c onlyGoing) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	var chosen client.ListOptions
	chosen.ApplyOptions(options)
	if err := c.Client.List(ctx, list, &client.ListOptions{Namespace: chosen.Namespace, FieldSelector: Going(), LabelSelector: chosen.LabelSelector}); err != nil {
		return err
	}
	runs := list.(*v1alpha1.SyncRunList)
	if chosen.FieldSelector != nil {
		task, _ := chosen.FieldSelector.RequiresExactMatch(TaskField)
		runs.Items = slices.DeleteFunc(runs.Items, func(run v1alpha1.SyncRun) bool { return run.Spec.TaskRef.Name != task })
	}
	return nil
}

func (c onlyGoing) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	if err := c.Client.Get(ctx, key, object, options...); err != nil {
		return err
	}
	if run := object.(*v1alpha1.SyncRun); slices.Contains(final, run.Status.Phase) {
		return apierrors.NewNotFound(v1alpha1.GroupVersion.WithResource("syncruns").GroupResource(), key.Name)
	}
	return nil
}
