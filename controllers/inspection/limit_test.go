package inspection_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"synccenter.dev/synccenter/api/v1alpha1"
	controller "synccenter.dev/synccenter/controllers/inspection"
	"synccenter.dev/synccenter/controllers/runnerjob"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/test/apiserver"
)

// serve runs the controller with a cache of its own until the test ends, and
// counts what it asks the API server for, beside its watches.
func (w *world) serve(limit int) *atomic.Int64 {
	w.Helper()
	var asked atomic.Int64
	api := rest.CopyConfig(server.Config)
	api.Wrap(func(inner http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			if request.URL.Query().Get("watch") == "" {
				asked.Add(1)
			}
			return inner.RoundTrip(request)
		})
	})
	mgr, err := ctrl.NewManager(api, ctrl.Options{
		Scheme: server.Scheme, Cache: cache.Options{DefaultNamespaces: map[string]cache.Config{w.namespace: {}}},
		Metrics: metricsserver.Options{BindAddress: "0"}, Controller: config.Controller{SkipNameValidation: ptr.To(true)},
	})
	if err != nil {
		w.Fatal(err)
	}
	direct, err := client.New(api, client.Options{Scheme: server.Scheme})
	if err != nil {
		w.Fatal(err)
	}
	looks := &controller.Reconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Direct: direct, Events: events.NewFakeRecorder(1000), Clock: clock.RealClock{},
		Jobs: runnerjob.Options{Image: "synccenter:test"}, MaxConcurrentChecks: limit,
	}
	if err := looks.SetupWithManager(mgr); err != nil {
		w.Fatal(err)
	}
	ctx, stop := context.WithCancel(w.Context())
	var running errgroup.Group
	running.Go(func() error { return mgr.Start(ctx) })
	w.Cleanup(func() {
		stop()
		if err := running.Wait(); err != nil {
			w.Errorf("the manager ended with: %v", err)
		}
	})
	return &asked
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// makeTasks makes many tasks at once.
func (w *world) makeTasks(count int) {
	w.Helper()
	var people errgroup.Group
	people.SetLimit(8)
	for i := range count {
		people.Go(func() error { return w.addTask(fmt.Sprintf("task-%d", i)) })
	}
	if err := people.Wait(); err != nil {
		w.Fatal(err)
	}
}

func (w *world) makeTask(name string) {
	w.Helper()
	if err := w.addTask(name); err != nil {
		w.Fatal(err)
	}
}

// addTask makes a task, unless it is there, whose definition is valid.
func (w *world) addTask(name string) error {
	task := newTask(name)
	task.Namespace = w.namespace
	if err := server.Client.Create(w.Context(), task); err != nil {
		return client.IgnoreAlreadyExists(err)
	}
	return judge(w.Context(), task)
}

// judge plays the controller of tasks, which finds that a definition is valid.
func judge(ctx context.Context, task *v1alpha1.SyncTask) error {
	meta.SetStatusCondition(&task.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: string(v1alpha1.ReasonReady), ObservedGeneration: task.Generation,
	})
	return server.Client.Status().Update(ctx, task)
}

// checkJobs follows the Jobs of checks as the API server tells of them, one
// change after the other.
type checkJobs struct {
	*world
	changes watch.Interface
	// going are those that have not finished; most is how many there were at once.
	going map[string]*batchv1.Job
	most  int
	// made counts them by task.
	made map[string]int
}

func (w *world) followJobs() *checkJobs {
	w.Helper()
	watching, err := client.NewWithWatch(server.Config, client.Options{Scheme: server.Scheme})
	if err != nil {
		w.Fatal(err)
	}
	changes, err := watching.Watch(w.Context(), &batchv1.JobList{}, client.InNamespace(w.namespace), client.MatchingLabels{v1alpha1.LabelInspection: string(inspection.KindCheck)})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(changes.Stop)
	return &checkJobs{world: w, changes: changes, going: map[string]*batchv1.Job{}, made: map[string]int{}}
}

// next follows one change, and answers with a Job that is new. It is nil after a
// second in which nothing changes.
func (j *checkJobs) next() (made *batchv1.Job, changed bool) {
	j.Helper()
	select {
	case change := <-j.changes.ResultChan():
		job, ok := change.Object.(*batchv1.Job)
		if !ok {
			j.Fatalf("the watch of Jobs ended with %v", change.Object)
		}
		if change.Type == watch.Deleted || len(job.Status.Conditions) > 0 {
			delete(j.going, job.Name)
			return nil, true
		}
		j.going[job.Name] = job
		j.most = max(j.most, len(j.going))
		if change.Type != watch.Added {
			return nil, true
		}
		j.made[job.Labels[v1alpha1.LabelTask]]++
		return job, true
	case <-time.After(time.Second):
		return nil, false
	}
}

// patience is how long a test waits for what must come.
const patience = 2 * time.Minute

// rest follows Jobs until so many are made, and then until nothing changes and
// the manager, which has asked for something since, asks for nothing any more.
func (j *checkJobs) rest(asked *atomic.Int64, since int64, atLeast int) (made []*batchv1.Job) {
	j.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		before := asked.Load()
		job, changed := j.next()
		if job != nil {
			made = append(made, job)
		}
		if now := asked.Load(); !changed && now == before && now > since && len(made) >= atLeast {
			return made
		}
	}
	j.Fatalf("%d checks were made, want %d and then no request", len(made), atLeast)
	return nil
}

// await follows Jobs until one is made.
func (j *checkJobs) await() *batchv1.Job {
	j.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if made, _ := j.next(); made != nil {
			return made
		}
	}
	j.Fatalf("no check begins, and %d go on", len(j.going))
	return nil
}

// TestNeverMoreChecksThanAllowed makes many tasks at once. Most checks are
// answered, some give no answer, and of some the Job is deleted in the middle.
func TestNeverMoreChecksThanAllowed(t *testing.T) {
	t.Parallel()
	const tasks, limit = 200, 5
	w := newWorld(t)
	jobs := w.followJobs()
	asked := w.serve(limit)
	w.makeTasks(tasks)

	open := jobs.rest(asked, 0, limit)
	if len(open) != limit {
		t.Errorf("%d checks begin at once, want %d", len(open), limit)
	}
	done := map[string]bool{}
	for played := 0; len(done) < tasks; played++ {
		if len(open) == 0 {
			open = append(open, jobs.await())
		}
		job := open[0]
		open = open[1:]
		task := job.Labels[v1alpha1.LabelTask]
		w.clock.SetTime(time.Now())
		switch {
		case played%10 == 3:
			w.end(job, batchv1.JobFailed, batchv1.JobFailureTarget, "DeadlineExceeded")
			done[task] = true
		case played%10 == 7 && jobs.made[task] == 1:
			if err := server.Client.Delete(t.Context(), job, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
				t.Fatal(err)
			}
		default:
			w.answer(job, v1alpha1.ReasonConnected, v1alpha1.ReasonConnected, "")
			done[task] = true
		}
	}
	open = jobs.rest(asked, 0, 0)
	if len(open) > 0 || len(jobs.going) > 0 {
		t.Errorf("%d checks are made and %d go on, though all were played to their end", len(open), len(jobs.going))
	}
	if jobs.most != limit {
		t.Errorf("%d checks went on at once, want %d", jobs.most, limit)
	}
	w.expectAllChecked(tasks)
}

// expectAllChecked wants the last word of one check for each task.
func (w *world) expectAllChecked(tasks int) {
	w.Helper()
	var heads v1alpha1.SyncArtifactList
	if err := server.Client.List(w.Context(), &heads, client.InNamespace(w.namespace), client.MatchingLabels{v1alpha1.LabelInspection: string(inspection.KindCheck)}); err != nil {
		w.Fatal(err)
	}
	checked := map[string]bool{}
	for i := range heads.Items {
		if cluster.HeadOf(&heads.Items[i]).Ended != nil {
			checked[heads.Items[i].Labels[v1alpha1.LabelTask]] = true
		}
	}
	if len(checked) != tasks {
		w.Errorf("%d of %d tasks were checked", len(checked), tasks)
	}
}

// TestWhoHasWaitedLongestIsCheckedNext lets tasks come one after the other, while
// another one is checked. One of those that wait is deleted.
func TestWhoHasWaitedLongestIsCheckedNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jobs := w.followJobs()
	asked := w.serve(1)
	var open []*batchv1.Job
	for i := range 4 {
		before := asked.Load()
		w.makeTask(fmt.Sprintf("task-%d", i))
		open = append(open, jobs.rest(asked, before, max(0, 1-i))...)
	}
	before := asked.Load()
	w.remove("task-2")
	w.makeTasks(30)
	if more := jobs.rest(asked, before, 0); len(open) != 1 || len(more) != 0 {
		t.Fatalf("%d checks go on, want one", len(open)+len(more))
	}
	for _, want := range []string{"task-0", "task-1", "task-3"} {
		if len(open) != 1 || open[0].Labels[v1alpha1.LabelTask] != want {
			t.Fatalf("the checks of %d tasks began, want that of %s: %v", len(open), want, open)
		}
		before := asked.Load()
		w.clock.SetTime(time.Now())
		w.answer(open[0], v1alpha1.ReasonConnected, v1alpha1.ReasonConnected, "")
		open = jobs.rest(asked, before, 1)
		// Each task that is looked at is read, and the check that begins takes some more.
		if requests := asked.Load() - before; requests > 20 {
			t.Errorf("the end of one check makes %d requests, though one task is next", requests)
		}
	}
}

// ofNamespace is a client that sees the world's namespace alone.
func (w *world) ofNamespace() client.Client {
	return client.NewNamespacedClient(server.Client, w.namespace)
}

// look lets a controller look at a task once.
func (w *world) look(looks *controller.Reconciler, task string) {
	w.Helper()
	if _, err := looks.Reconcile(w.Context(), ctrl.Request{NamespacedName: w.key(task)}); err != nil {
		w.Fatal(err)
	}
}

// TestTheLimitHoldsHoweverOldTheCacheIs: the cache shows none of the checks that begin.
func TestTheLimitHoldsHoweverOldTheCacheIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	whole, err := client.NewWithWatch(server.Config, client.Options{Scheme: server.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	empty := interceptor.NewClient(whole, interceptor.Funcs{
		Get: func(_ context.Context, _ client.WithWatch, key client.ObjectKey, _ client.Object, _ ...client.GetOption) error {
			return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
		},
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error { return nil },
	})
	looks := w.looks(empty)
	looks.Direct, looks.MaxConcurrentChecks = server.Client, 2
	w.makeTasks(5)
	for range 3 {
		for i := range 5 {
			w.look(looks, fmt.Sprintf("task-%d", i))
		}
	}
	open := w.jobs()
	if len(open) != 2 {
		t.Fatalf("%d checks go on, want 2", len(open))
	}
	w.answer(&open[0], v1alpha1.ReasonConnected, v1alpha1.ReasonConnected, "")
	for i := range 5 {
		w.look(looks, fmt.Sprintf("task-%d", i))
	}
	if open := w.jobs(); len(open) != 2 {
		t.Errorf("%d checks go on after one has ended, want 2", len(open))
	}
}

// TestACheckThatLostItsTaskHoldsNoPlace: a backup brought back what is said of a
// check that went on, without its owner, or a task was deleted and left it there.
func TestACheckThatLostItsTaskHoldsNoPlace(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(head *v1alpha1.SyncArtifact){
		"without an owner": func(head *v1alpha1.SyncArtifact) { head.OwnerReferences = nil },
		"of an earlier task of its name": func(head *v1alpha1.SyncArtifact) {
			head.OwnerReferences[0].UID = "before"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.makeTasks(2)
			dying := w.looks(client.NewNamespacedClient(server.Killed(t, &apiserver.Killer{At: 2}), w.namespace))
			if _, err := dying.Reconcile(t.Context(), ctrl.Request{NamespacedName: w.key("task-0")}); !errors.Is(err, apiserver.ErrKilled) {
				t.Fatalf("the manager was not killed: %v", err)
			}
			head := w.onlyHead()
			lose(head)
			if err := server.Client.Update(t.Context(), head); err != nil {
				t.Fatal(err)
			}
			looks := w.looks(w.ofNamespace())
			looks.MaxConcurrentChecks = 1
			w.look(looks, "task-1")
			if task := w.onlyJob().Labels[v1alpha1.LabelTask]; task != "task-1" {
				t.Errorf("%s is checked, want task-1", task)
			}
		})
	}
}

// TestACheckWhoseTaskIsDeletedWithoutItHoldsNoPlace: it gets no last word, since
// nobody sees to it any more. Its place is free when its Job has ended.
func TestACheckWhoseTaskIsDeletedWithoutItHoldsNoPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.makeTasks(2)
	looks := w.looks(w.ofNamespace())
	looks.MaxConcurrentChecks = 1
	w.look(looks, "task-0")
	head, job := w.onlyHead(), w.onlyJob()
	head.OwnerReferences = nil
	if err := server.Client.Update(t.Context(), head); err != nil {
		t.Fatal(err)
	}
	w.remove("task-0")
	w.look(looks, "task-0")
	w.look(looks, "task-1")
	if task := w.onlyJob().Labels[v1alpha1.LabelTask]; task != "task-0" {
		t.Fatalf("%s is checked while the Job of task-0 goes on", task)
	}
	w.end(job, batchv1.JobFailed, batchv1.JobFailureTarget, "DeadlineExceeded")
	w.look(looks, "task-0")
	w.look(looks, "task-1")
	if task := w.onlyJob().Labels[v1alpha1.LabelTask]; task != "task-1" {
		t.Errorf("%s is checked, want task-1", task)
	}
}

func (w *world) remove(task string) {
	w.Helper()
	gone := newTask(task)
	gone.Namespace = w.namespace
	if err := server.Client.Delete(w.Context(), gone); err != nil {
		w.Fatal(err)
	}
}

// TestTheLimitAfterARestart counts a check whose Job the manager could not make
// before it died.
func TestTheLimitAfterARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.makeTasks(2)
	dying := w.looks(client.NewNamespacedClient(server.Killed(t, &apiserver.Killer{At: 2}), w.namespace))
	dying.MaxConcurrentChecks = 1
	if _, err := dying.Reconcile(t.Context(), ctrl.Request{NamespacedName: w.key("task-0")}); !errors.Is(err, apiserver.ErrKilled) {
		t.Fatalf("the manager was not killed: %v", err)
	}
	looks := w.looks(w.ofNamespace())
	looks.MaxConcurrentChecks = 1
	w.look(looks, "task-1")
	if jobs := w.jobs(); len(jobs) != 0 {
		t.Fatalf("%d Jobs beside the check that was begun", len(jobs))
	}
	w.look(looks, "task-0")
	if task := w.onlyJob().Labels[v1alpha1.LabelTask]; task != "task-0" {
		t.Errorf("%s is checked, want task-0", task)
	}
}
