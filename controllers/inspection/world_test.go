package inspection_test

import (
	"cmp"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition/conditiontest"
	controller "synccenter.dev/synccenter/controllers/inspection"
	"synccenter.dev/synccenter/controllers/metrics"
	"synccenter.dev/synccenter/controllers/runnerjob"
	"synccenter.dev/synccenter/controllers/synctask"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/test/apiserver"
)

var server *apiserver.Server

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(apiserver.Main(m, func(s *apiserver.Server) { server = s }))
}

// world is a namespace with one task in which the test plays everybody but two controllers: people, the Job controller, the kubelet and
// the pod.
type world struct {
	*testing.T
	namespace string
	clock     *clocktesting.FakePassiveClock
	metrics   *metrics.Recorder
	events    *events.FakeRecorder
}

func newWorld(t *testing.T) *world {
	t.Helper()
	recorder, err := metrics.New(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		T: t, namespace: server.Namespace(t), metrics: recorder, events: events.NewFakeRecorder(100),
		clock: clocktesting.NewFakePassiveClock(time.Now().Truncate(time.Second)),
	}
	w.create(newTask("hr"))
	return w
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

func (w *world) create(object client.Object) {
	w.Helper()
	object.SetNamespace(w.namespace)
	if err := server.Client.Create(w.Context(), object); err != nil {
		w.Fatal(err)
	}
}

func (w *world) key(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: w.namespace, Name: name}
}

// atOnce is the longest time after which a controller means "go on".
const atOnce = time.Second

// settle lets both controllers work, as new ones each time, until both wait.
func (w *world) settle() *v1alpha1.SyncTask {
	w.Helper()
	tasks := &synctask.Reconciler{Client: server.Client, Live: server.Client, Events: w.events, Clock: w.clock, Metrics: w.metrics}
	looks := w.looks(server.Client)
	rested := false
	for range 30 {
		rest := true
		for _, reconcile := range []func() (ctrl.Result, error){
			func() (ctrl.Result, error) {
				return tasks.Reconcile(w.Context(), ctrl.Request{NamespacedName: w.key("hr")})
			},
			func() (ctrl.Result, error) {
				return looks.Reconcile(w.Context(), ctrl.Request{NamespacedName: w.key("hr")})
			},
		} {
			result, err := reconcile()
			if err != nil {
				w.Fatal(err)
			}
			rest = rest && (result.RequeueAfter == 0 || result.RequeueAfter > atOnce)
		}
		if rest && rested { // also after what the last one of them did
			return w.task()
		}
		rested = rest
	}
	w.Fatal("the controllers did not come to rest")
	return nil
}

// looks is a controller that starts anew.
func (w *world) looks(c client.Client) *controller.Reconciler {
	return &controller.Reconciler{
		Client: c, Live: server.Client, Direct: c, Events: w.events, Clock: w.clock,
		Jobs: runnerjob.Options{Image: "synccenter:test"}, MaxConcurrentChecks: 100000,
	}
}

func (w *world) task() *v1alpha1.SyncTask {
	w.Helper()
	task := w.stored()
	conditiontest.Task(w, task)
	return task
}

// stored is the task as it is, whoever has looked at it.
func (w *world) stored() *v1alpha1.SyncTask {
	w.Helper()
	task := &v1alpha1.SyncTask{}
	if err := server.Client.Get(w.Context(), w.key("hr"), task); err != nil {
		w.Fatal(err)
	}
	return task
}

func (w *world) change(do func(*v1alpha1.SyncTask)) {
	w.Helper()
	w.clock.SetTime(w.clock.Now().Add(time.Second))
	task := w.stored()
	before := task.DeepCopy()
	do(task)
	if err := server.Client.Patch(w.Context(), task, client.MergeFrom(before)); err != nil {
		w.Fatal(err)
	}
}

func (w *world) ask(text string) {
	w.Helper()
	w.change(func(task *v1alpha1.SyncTask) {
		metav1.SetMetaDataAnnotation(&task.ObjectMeta, v1alpha1.AnnotationInspect, text)
	})
}

// jobs are those that look at directories and go on, the oldest first.
func (w *world) jobs() []batchv1.Job {
	w.Helper()
	var jobs batchv1.JobList
	if err := server.Client.List(w.Context(), &jobs, client.InNamespace(w.namespace), client.HasLabels{v1alpha1.LabelInspection}); err != nil {
		w.Fatal(err)
	}
	var going []batchv1.Job
	for _, job := range jobs.Items {
		if len(job.Status.Conditions) == 0 {
			going = append(going, job)
		}
	}
	return going
}

// onlyJob is the one Job that goes on.
func (w *world) onlyJob() *batchv1.Job {
	w.Helper()
	jobs := w.jobs()
	if len(jobs) != 1 {
		w.Fatalf("%d Jobs look at directories, want one", len(jobs))
	}
	return &jobs[0]
}

// options are those of the store of a Job's pod, and the UID of its inspection.
func (w *world) options(job *batchv1.Job) (cluster.Options, string) {
	uid := ""
	for _, argument := range job.Spec.Template.Spec.Containers[0].Args {
		if value, found := strings.CutPrefix(argument, "--inspection-uid="); found {
			uid = value
		}
	}
	kind := inspection.Kind(job.Labels[v1alpha1.LabelInspection])
	owner := metav1.GetControllerOf(job)
	task := &v1alpha1.SyncTask{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: owner.Name, UID: owner.UID}}
	return cluster.OptionsOf(server.Client, task, job.Labels[v1alpha1.LabelRun], uid, kind), uid
}

// answer plays the pod of a Job, which ends.
func (w *world) answer(job *batchv1.Job, source, target v1alpha1.Reason, message string) {
	w.Helper()
	options, _ := w.options(job)
	stored := cluster.NewInspections(options)
	told, revision, err := stored.Load(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	end := func(reason v1alpha1.Reason) inspection.End {
		return inspection.End{Endpoint: report.Endpoint{Reason: string(reason), Message: cmp.Or(message, "it says so")}}
	}
	now := w.clock.Now()
	told.Ended, told.Trouble, told.Check = &now, "", &inspection.Check{Source: end(source), Target: end(target)}
	if err := stored.Replace(w.Context(), told, revision); err != nil {
		w.Fatal(err)
	}
	w.end(job, batchv1.JobComplete, batchv1.JobSuccessCriteriaMet, "CompletionsReached")
}

// end plays the Job controller.
func (w *world) end(job *batchv1.Job, how, before batchv1.JobConditionType, reason string) {
	w.Helper()
	now := metav1.Now()
	job.Status.StartTime = &now
	if how == batchv1.JobComplete {
		job.Status.CompletionTime, job.Status.Succeeded = &now, 1
	}
	for _, condition := range []batchv1.JobConditionType{before, how} {
		job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{Type: condition, Status: corev1.ConditionTrue, Reason: reason, LastTransitionTime: now})
	}
	if err := server.Client.Status().Update(w.Context(), job); err != nil {
		w.Fatal(err)
	}
}

func (w *world) expect(name string, status metav1.ConditionStatus, reason v1alpha1.Reason, text string) {
	w.Helper()
	found := meta.FindStatusCondition(w.settle().Status.Conditions, name)
	if found == nil || found.Status != status || found.Reason != string(reason) || !strings.Contains(found.Message, text) {
		w.Fatalf("%s is %+v, want %s with %s and %q", name, found, status, reason, text)
	}
}
