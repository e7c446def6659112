package retention_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition/conditiontest"
	"synccenter.dev/synccenter/controllers/retention"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/artifacttest"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/test/apiserver"
)

var server *apiserver.Server

func TestMain(m *testing.M) {
	os.Exit(apiserver.Main(m, func(s *apiserver.Server) { server = s }))
}

// world is a namespace in which the test plays everybody but the controller of
// the history: runs have ended, and what they stored is there.
type world struct {
	*testing.T
	client    client.Client
	namespace string
	clock     *clocktesting.FakePassiveClock
	events    *events.FakeRecorder
	budget    artifact.Budget
	sequence  int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{
		T: t, client: server.Client, namespace: server.Namespace(t), budget: artifact.DefaultBudget(),
		clock: clocktesting.NewFakePassiveClock(time.Now().Truncate(time.Second)), events: events.NewFakeRecorder(1000),
	}
}

// reconciler is a new one each time: nothing may depend on what one remembers.
func (w *world) reconciler(c client.Client) *retention.Reconciler {
	return &retention.Reconciler{Client: c, Live: c, Direct: c, Events: w.events, Clock: w.clock, Budget: w.budget}
}

// settle reconciles until nothing is to be done at once, and says how often that was.
func (w *world) settle(task string) int {
	w.Helper()
	return w.settleWith(task, func() *retention.Reconciler { return w.reconciler(w.client) })
}

// settleBy is settle by one reconciler, which may remember.
func (w *world) settleBy(by *retention.Reconciler, task string) int {
	w.Helper()
	return w.settleWith(task, func() *retention.Reconciler { return by })
}

func (w *world) settleWith(task string, reconciler func() *retention.Reconciler) int {
	w.Helper()
	for count := 1; count < 100; count++ {
		result, err := reconciler().Reconcile(w.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Namespace: w.namespace, Name: task}})
		if err != nil {
			w.Fatalf("reconciling the history of %s: %v", task, err)
		}
		if result.RequeueAfter == 0 || result.RequeueAfter > time.Second {
			return count
		}
	}
	w.Fatalf("the history of %s did not come to rest", task)
	return 0
}

func (w *world) task(name string, rules v1alpha1.History) *v1alpha1.SyncTask {
	w.Helper()
	users := v1alpha1.LDAPUsers{BaseDN: "ou=people,dc=example,dc=com"}
	task := &v1alpha1.SyncTask{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec: v1alpha1.SyncTaskSpec{
			Sources: []v1alpha1.Source{{Name: "hr", Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPSource{
				LDAPConnection: v1alpha1.LDAPConnection{URLs: []string{"ldaps://hr.example.com"}}, Users: users,
			}}},
			Target: v1alpha1.Target{Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPTarget{
				LDAPConnection: v1alpha1.LDAPConnection{URLs: []string{"ldaps://directory.example.com"}},
				Users:          v1alpha1.LDAPTargetUsers{LDAPUsers: users},
			}},
			Deletion: v1alpha1.Deletion{Users: v1alpha1.UserDeletion{Action: v1alpha1.DeletionKeep}},
			History:  rules,
		},
	}
	if err := w.client.Create(w.Context(), task); err != nil {
		w.Fatal(err)
	}
	return task
}

// remember does what the controller of tasks does for the runs given, the last one last.
func (w *world) remember(task *v1alpha1.SyncTask, runs ...*v1alpha1.SyncRun) {
	w.Helper()
	for _, run := range runs {
		task.Status.LastRun = &v1alpha1.LastRun{Name: run.Name, UID: run.UID, Sequence: run.Status.Sequence}
		task.Status.RecentExecutions = append([]v1alpha1.RecentExecution{{
			Run: run.Name, UID: run.UID, Sequence: run.Status.Sequence, Mode: v1alpha1.TriggerManual, Time: metav1.NewTime(w.clock.Now()), Outcome: run.Status.Phase,
		}}, task.Status.RecentExecutions...)
		task.Status.RecentExecutions = task.Status.RecentExecutions[:min(len(task.Status.RecentExecutions), 10)]
	}
	if err := w.client.Status().Update(w.Context(), task); err != nil {
		w.Fatal(err)
	}
}

// ended makes a run that has ended, an hour after the one before.
func (w *world) ended(object metav1.ObjectMeta, task string) *v1alpha1.SyncRun {
	w.Helper()
	w.sequence++
	return w.endedAs(object, task, w.sequence)
}

func (w *world) endedAs(object metav1.ObjectMeta, task string, sequence int64) *v1alpha1.SyncRun {
	object.Namespace = w.namespace
	run := &v1alpha1.SyncRun{ObjectMeta: object, Spec: v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: task}}}
	if err := w.client.Create(w.Context(), run); err != nil {
		w.Fatal(err)
	}
	w.end(run, sequence)
	return run
}

// endedAgain is a run that is there already, and has ended now.
func (w *world) endedAgain(name string) *v1alpha1.SyncRun {
	w.Helper()
	run := &v1alpha1.SyncRun{}
	if err := w.client.Get(w.Context(), types.NamespacedName{Namespace: w.namespace, Name: name}, run); err != nil {
		w.Fatal(err)
	}
	w.sequence++
	w.end(run, w.sequence)
	return run
}

// end writes the status of a run that has ended.
func (w *world) end(run *v1alpha1.SyncRun, sequence int64) {
	w.Helper()
	end := metav1.NewTime(w.clock.Now().Add(time.Duration(sequence-10_000) * time.Hour))
	run.Status = v1alpha1.SyncRunStatus{
		Sequence: sequence, Mode: v1alpha1.TriggerManual, Phase: v1alpha1.PhaseSucceeded, StartTime: &end, CompletionTime: &end,
		Message: "Everything is in step.", Task: &v1alpha1.ExecutedTask{Generation: 1, DefinitionDigest: "sha256:definition"},
		ObservedGeneration: 1,
		Conditions: []metav1.Condition{
			{Type: v1alpha1.ConditionComplete, Status: metav1.ConditionTrue, Reason: string(v1alpha1.ReasonSucceeded), Message: "Everything is in step.", ObservedGeneration: 1, LastTransitionTime: end},
			{Type: v1alpha1.ConditionSucceeded, Status: metav1.ConditionTrue, Reason: string(v1alpha1.ReasonSucceeded), Message: "Everything is in step.", ObservedGeneration: 1, LastTransitionTime: end},
		},
	}
	if err := w.client.Status().Update(w.Context(), run); err != nil {
		w.Fatal(err)
	}
}

func named(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }

func generated() metav1.ObjectMeta { return metav1.ObjectMeta{GenerateName: "hr-"} }

func bySchedule(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Labels: map[string]string{v1alpha1.LabelTrigger: string(v1alpha1.TriggerScheduled)}}
}

func (w *world) storeOf(run *v1alpha1.SyncRun) (artifact.Store, artifact.Scope) {
	return cluster.New(cluster.Options{
		Client: w.client, Namespace: w.namespace, Task: run.Spec.TaskRef.Name, Writer: v1alpha1.ArtifactWriter{Run: run.Name, UID: run.UID, Attempt: 1},
	}), artifact.Scope{Run: string(run.UID)}
}

func (w *world) write(run *v1alpha1.SyncRun, scope artifact.Scope, stream string, data []byte) artifact.Content {
	w.Helper()
	store, _ := w.storeOf(run)
	content, err := artifacttest.WriteAll(w.Context(), store, scope, stream, data)
	if err != nil {
		w.Fatal(err)
	}
	return content
}

// store gives a run records, a definition and an export, and counts them in its status.
func (w *world) store(run *v1alpha1.SyncRun, records []history.Record) {
	w.Helper()
	store, scope := w.storeOf(run)
	_, revision, err := artifact.Stat(w.Context(), store, scope, "records")
	if err != nil && !errors.Is(err, artifact.ErrNotFound) {
		w.Fatal(err)
	}
	writer, err := artifact.NewWriter(w.Context(), store, scope, "records", revision)
	if err != nil {
		w.Fatal(err)
	}
	encoder := history.NewEncoder(writer)
	var counter history.Counter
	for i := range records {
		counter.Add(&records[i])
		if err := encoder.Encode(&records[i]); err != nil {
			w.Fatal(err)
		}
	}
	content, _, err := writer.Commit(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	w.write(run, scope, "definition", []byte("{}"))
	w.storeExport(run)
	counts := counter.Counts()
	run.Status.Users, run.Status.Organizations = countsOf(counts.Users), countsOf(counts.Organizations)
	run.Status.Records = &v1alpha1.RecordsStatus{Count: counts.Records, Bytes: content.StoredBytes, Digest: v1alpha1.Digest("sha256:" + content.SHA256)}
	run.Status.Export = &v1alpha1.ExportStatus{ConfigMap: &v1alpha1.ConfigMapFile{Name: run.Name + "-export", Key: "hr.xlsx"}, SizeBytes: 1, SHA256: "12"}
	if err := w.client.Status().Update(w.Context(), run); err != nil {
		w.Fatal(err)
	}
}

func (w *world) storeExport(run *v1alpha1.SyncRun) {
	w.Helper()
	export := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: run.Name + "-export", OwnerReferences: []metav1.OwnerReference{{
		APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.KindSyncRun, Name: run.Name, UID: run.UID, Controller: ptr.To(true),
	}}}}
	if err := w.client.Create(w.Context(), export); err != nil {
		w.Fatal(err)
	}
}

func countsOf(tally history.Tally) *v1alpha1.SubjectCounts {
	return &v1alpha1.SubjectCounts{
		Total: tally.Total, Succeeded: tally.Succeeded, Updates: v1alpha1.UpdateCounts{Total: tally.UpdatesTotal, Succeeded: tally.UpdatesSucceeded},
		Summary: tally.Summary(), UpdatesSummary: tally.UpdatesSummary(),
	}
}

// people are records of so many people, of whom every tenth was changed.
func people(count int) []history.Record {
	var result []history.Record
	for i := range count {
		record := history.Record{
			Subject: "User", Operation: plan.NoUpdate, Status: plan.Succeeded, SourceID: fmt.Sprintf("u%06d", i), Name: fmt.Sprintf("Person %d", i),
			Time: time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC),
		}
		if i%10 == 0 {
			record.Operation, record.Changes = plan.UpdateUser, []plan.Change{{Field: "cn", Before: []string{"old"}, After: []string{"new"}}}
		}
		result = append(result, record)
	}
	return result
}

func (w *world) run(name string) *v1alpha1.SyncRun {
	w.Helper()
	run := &v1alpha1.SyncRun{}
	if err := w.client.Get(w.Context(), types.NamespacedName{Namespace: w.namespace, Name: name}, run); err != nil {
		w.Fatal(err)
	}
	conditiontest.Run(w, run)
	return run
}

func (w *world) names() []string {
	w.Helper()
	var list v1alpha1.SyncRunList
	if err := w.client.List(w.Context(), &list, client.InNamespace(w.namespace)); err != nil {
		w.Fatal(err)
	}
	result := []string{}
	for i := range list.Items {
		result = append(result, list.Items[i].Name)
	}
	return result
}

// artifacts are the streams that are stored, by the run that owns them.
func (w *world) artifacts(run types.UID) []string {
	w.Helper()
	var result []string
	err := cluster.Visit(w.Context(), w.client, w.namespace, func(item cluster.Item) {
		if item.Run == run {
			result = append(result, item.Kind+" "+item.Stream())
		}
	})
	if err != nil {
		w.Fatal(err)
	}
	return result
}

// annotatedLate is a client with which somebody annotates a run just before it is deleted.
func (w *world) annotatedLate(k *apiserver.Killer, run, annotation string) client.Client {
	return interceptor.NewClient(server.Killed(w.T, k), interceptor.Funcs{
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			if o.GetName() == run {
				patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"metadata":{"annotations":{%q:"{}"}}}`, annotation))
				if err := server.Client.Patch(ctx, &v1alpha1.SyncRun{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: run}}, patch); err != nil {
					w.Error(err)
				}
			}
			return c.Delete(ctx, o, opts...)
		},
	})
}
