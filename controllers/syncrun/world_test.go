package syncrun_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/prometheus/client_golang/prometheus"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition/conditiontest"
	"synccenter.dev/synccenter/controllers/metrics"
	"synccenter.dev/synccenter/controllers/runnerjob"
	"synccenter.dev/synccenter/controllers/syncrun"
	"synccenter.dev/synccenter/controllers/synctask"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/test/apiserver"
)

var server *apiserver.Server

func TestMain(m *testing.M) {
	os.Exit(apiserver.Main(m, func(s *apiserver.Server) { server = s }))
}

// world is a namespace in which the test plays everybody but the two
// controllers: people, the Job controller, the kubelet and the runner.
type world struct {
	*testing.T
	client    client.Client
	namespace string
	clock     *clocktesting.FakePassiveClock
	limit     int
	metrics   *metrics.Recorder
	events    *events.FakeRecorder
}

func newWorld(t *testing.T) *world {
	t.Helper()
	recorder, err := metrics.New(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return &world{
		T: t, client: server.Client, namespace: server.Namespace(t), metrics: recorder,
		clock:  clocktesting.NewFakePassiveClock(time.Now().Truncate(time.Second)),
		events: events.NewFakeRecorder(1000),
	}
}

// runs is a new reconciler each time: nothing may depend on what one remembers.
func (w *world) runs(c client.Client) *syncrun.Reconciler {
	return &syncrun.Reconciler{
		Client: c, Live: c, Direct: c, Events: w.events, Clock: w.clock, Metrics: w.metrics,
		Jobs: runnerjob.Options{Image: "synccenter:test"}, MaxConcurrentRuns: w.limit,
	}
}

func (w *world) tasks() *synctask.Reconciler { return w.tasksBy(w.client) }

// tasksBy is one that writes by a client of its own.
func (w *world) tasksBy(c client.Client) *synctask.Reconciler {
	return &synctask.Reconciler{Client: c, Live: w.client, Direct: c, Events: w.events, Clock: w.clock, Metrics: w.metrics}
}

func (w *world) key(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: w.namespace, Name: name}
}

// settleTask lets the controller of tasks work until it waits.
func (w *world) settleTask(name string) *v1alpha1.SyncTask {
	w.Helper()
	w.settleDeleted(name)
	return w.task(name)
}

// settleRun lets the controller of runs work until it waits.
func (w *world) settleRun(name string) *v1alpha1.SyncRun {
	w.Helper()
	w.settle(name, func() (ctrl.Result, error) {
		return w.runs(w.client).Reconcile(w.Context(), ctrl.Request{NamespacedName: w.key(name)})
	})
	run := w.run(name)
	conditiontest.Run(w, run)
	return run
}

// atOnce is the longest time after which a reconciler means "go on".
const atOnce = 100 * time.Millisecond

// settle reconciles until nothing is to be done at once.
func (w *world) settle(name string, reconcile func() (ctrl.Result, error)) {
	w.Helper()
	for range 20 {
		result, err := reconcile()
		if err != nil {
			w.Fatalf("reconciling %s: %v", name, err)
		}
		if result.RequeueAfter == 0 || result.RequeueAfter > atOnce {
			return
		}
	}
	w.Fatalf("%s did not come to rest after 20 reconciles", name)
}

func (w *world) task(name string) *v1alpha1.SyncTask {
	w.Helper()
	task := &v1alpha1.SyncTask{}
	if err := w.client.Get(w.Context(), w.key(name), task); err != nil {
		w.Fatal(err)
	}
	conditiontest.Task(w, task)
	return task
}

func (w *world) run(name string) *v1alpha1.SyncRun {
	w.Helper()
	run := &v1alpha1.SyncRun{}
	if err := w.client.Get(w.Context(), w.key(name), run); err != nil {
		w.Fatal(err)
	}
	return run
}

// job is the Job of an attempt, or nil.
func (w *world) job(run string, attempt int32) *batchv1.Job {
	w.Helper()
	job := &batchv1.Job{}
	err := w.client.Get(w.Context(), w.key(runnerjob.Name(run, attempt)), job)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		w.Fatal(err)
	}
	return job
}

func (w *world) create(object client.Object) {
	w.Helper()
	object.SetNamespace(w.namespace)
	if err := w.client.Create(w.Context(), object); err != nil {
		w.Fatal(err)
	}
}

// apply makes a task and a run of it.
func (w *world) apply(task, run string) {
	w.Helper()
	w.create(newTask(task))
	w.create(newRun(task, run))
}

func (w *world) update(object client.Object, change func()) {
	w.Helper()
	before := object.DeepCopyObject().(client.Object)
	change()
	if err := w.client.Patch(w.Context(), object, client.MergeFrom(before)); err != nil {
		w.Fatal(err)
	}
}

func (w *world) updateStatus(object client.Object, change func()) {
	w.Helper()
	before := object.DeepCopyObject().(client.Object)
	change()
	if err := w.client.Status().Patch(w.Context(), object, client.MergeFrom(before)); err != nil {
		w.Fatal(err)
	}
}

// remove deletes an object as the garbage collector would, without a trace.
func (w *world) remove(object client.Object) {
	w.Helper()
	if err := w.client.Delete(w.Context(), object, client.PropagationPolicy(metav1.DeletePropagationBackground), client.GracePeriodSeconds(0)); err != nil {
		w.Fatal(err)
	}
}

// tell writes a report as the runner of an attempt does.
func (w *world) tell(run *v1alpha1.SyncRun, attempt int32, facts report.Report) {
	w.Helper()
	facts.RunUID, facts.Attempt = string(run.UID), int(attempt)
	reports := cluster.NewReports(cluster.Options{
		Client: w.client, Namespace: w.namespace, Task: run.Spec.TaskRef.Name,
		Writer: v1alpha1.ArtifactWriter{Run: run.Name, UID: run.UID, Attempt: attempt},
	})
	if err := reports.Put(w.Context(), &facts); err != nil {
		w.Fatal(err)
	}
}

// pod plays the Job controller and the kubelet: a pod of the Job, at work.
func (w *world) pod(job *batchv1.Job, name string) *corev1.Pod {
	w.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: job.Labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))},
		},
		Spec: corev1.PodSpec{NodeName: "node-1", Containers: []corev1.Container{{Name: "runner", Image: "synccenter:test"}}},
	}
	w.create(pod)
	w.updateStatus(pod, func() {
		pod.Status.Phase = corev1.PodRunning
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
			Name: "runner", Image: "synccenter:test", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
		}}
	})
	return pod
}

// fail plays the Job controller: the Job has failed for good.
func (w *world) fail(job *batchv1.Job, reason string) {
	w.Helper()
	w.updateStatus(job, func() {
		now := metav1.Now()
		job.Status.StartTime = &now
		job.Status.Conditions = []batchv1.JobCondition{
			{Type: batchv1.JobFailureTarget, Status: corev1.ConditionTrue, Reason: reason, LastTransitionTime: now},
			{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Reason: reason, LastTransitionTime: now},
		}
	})
}

// settleDeleted lets the controller of tasks work on a task that may go.
func (w *world) settleDeleted(name string) {
	w.Helper()
	w.settle(name, func() (ctrl.Result, error) {
		return w.tasks().Reconcile(w.Context(), ctrl.Request{NamespacedName: w.key(name)})
	})
}

func (w *world) exists(object client.Object) bool {
	w.Helper()
	err := w.client.Get(w.Context(), client.ObjectKeyFromObject(object), object)
	if client.IgnoreNotFound(err) != nil {
		w.Fatal(err)
	}
	return err == nil
}

// expect checks the reason of Complete, and that it is as final as its phase.
func (w *world) expect(run *v1alpha1.SyncRun, phase v1alpha1.Phase, reason v1alpha1.Reason) {
	w.Helper()
	complete := meta.FindStatusCondition(run.Status.Conditions, v1alpha1.ConditionComplete)
	if run.Status.Phase != phase || complete == nil || complete.Reason != string(reason) {
		status, err := json.MarshalIndent(run.Status, "", "  ")
		if err != nil {
			w.Fatal(err)
		}
		w.Fatalf("run %s: want phase %s and reason %s, got:\n%s", run.Name, phase, reason, status)
	}
}

func newTask(name string) *v1alpha1.SyncTask {
	users := v1alpha1.LDAPUsers{BaseDN: "ou=people,dc=example,dc=com"}
	return &v1alpha1.SyncTask{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.SyncTaskSpec{
			Sources: []v1alpha1.Source{{Name: "hr", Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPSource{
				LDAPConnection: v1alpha1.LDAPConnection{URLs: []string{"ldaps://hr.example.com"}}, Users: users,
			}}},
			Target: v1alpha1.Target{Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPTarget{
				LDAPConnection: v1alpha1.LDAPConnection{URLs: []string{"ldaps://directory.example.com"}},
				Users:          v1alpha1.LDAPTargetUsers{LDAPUsers: users},
			}},
			Deletion: v1alpha1.Deletion{Users: v1alpha1.UserDeletion{Action: v1alpha1.DeletionKeep}},
		},
	}
}

func newRun(task, name string) *v1alpha1.SyncRun {
	return &v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: task}},
	}
}
