package synctask

import (
	"context"
	"errors"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition"
	"synccenter.dev/synccenter/controllers/metrics"
)

// Reconciler looks after SyncTasks.
type Reconciler struct {
	// Client reads lists from the cache and writes. Live reads from the API
	// server what must not be stale.
	Client client.Client
	Live   client.Reader
	// Direct reads and deletes what runs have stored, past the cache.
	Direct client.Client
	// Cache finds the tasks of an owner by an index. Where it is nil, as in tests,
	// Client lists those of the namespace.
	Cache   client.Reader
	Events  events.EventRecorder
	Clock   clock.PassiveClock
	Metrics *metrics.Recorder

	// accounts are the namespaces whose account was there, and when that was seen.
	accounts sync.Map
}

// Reconcile takes a task one step further.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var task v1alpha1.SyncTask
	if err := r.Live.Get(ctx, request.NamespacedName, &task); err != nil {
		if apierrors.IsNotFound(err) {
			r.Metrics.TaskGone(request.Namespace, request.Name)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading SyncTask %s: %w", request.NamespacedName, err)
	}
	ctx = log.IntoContext(ctx, log.FromContext(ctx).WithValues("task", task.Name))
	seen, err := r.observe(ctx, &task)
	if err != nil {
		return ctrl.Result{}, err
	}
	next := decide(seen, r.Clock.Now())
	actErr := r.act(ctx, seen, next)
	if !next.isWhole() && actErr == nil {
		// What the task looks like then is for the next look, which follows at once.
		return ctrl.Result{RequeueAfter: next.again}, nil
	}
	if actErr != nil {
		next.timing = nil // what was not done is asked for again
	}
	if !apierrors.IsConflict(actErr) {
		actErr = errors.Join(actErr, r.write(ctx, seen, status(seen, next, actErr, r.Clock.Now()), next.timing))
	}
	if apierrors.IsConflict(actErr) {
		return ctrl.Result{RequeueAfter: atOnce}, nil
	}
	return ctrl.Result{RequeueAfter: next.again}, actErr
}

// write stores the status if it changed, and then tells people what changed.
func (r *Reconciler) write(ctx context.Context, o *observed, result v1alpha1.SyncTaskStatus, done *timing) error {
	task := o.task
	if equality.Semantic.DeepEqual(task.Status, result) {
		r.Metrics.TaskSeen(task)
		return nil
	}
	before := task.Status
	task.Status = result
	if err := r.Client.Status().Update(ctx, task); err != nil {
		return fmt.Errorf("writing the status of SyncTask %s/%s: %w", task.Namespace, task.Name, err)
	}
	r.Metrics.TaskSeen(task)
	r.announce(ctx, task, &before)
	if o.lastRunGone {
		r.tell(ctx, task, newsOfDeletion(task.Status.LastRun))
	}
	if done != nil {
		r.announceTiming(ctx, task, done)
	}
	return nil
}

// eventAction is the event's action, for tools: what the manager did with the task.
const eventAction = "Judge"

// announce tells people that the task became ready or is no longer, and that
// removals wait.
func (r *Reconciler) announce(ctx context.Context, task *v1alpha1.SyncTask, before *v1alpha1.SyncTaskStatus) {
	for _, name := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionDeletionsPending} {
		old := meta.FindStatusCondition(before.Conditions, name)
		now := meta.FindStatusCondition(task.Status.Conditions, name)
		if now == nil || (old != nil && old.Status == now.Status && old.Reason == now.Reason) {
			continue
		}
		if old == nil && now.Reason == string(v1alpha1.ReasonNonePending) {
			continue
		}
		kind := corev1.EventTypeNormal
		if bad := metav1.ConditionFalse; name == v1alpha1.ConditionReady && now.Status == bad {
			kind = corev1.EventTypeWarning
		}
		log.FromContext(ctx).Info("Task changed", "condition", name, "status", now.Status, "reason", now.Reason, "message", now.Message)
		r.Events.Eventf(task, nil, kind, now.Reason, eventAction, "%s", condition.Note(now.Message))
	}
}

// announceTiming tells people what became of scheduled times.
func (r *Reconciler) announceTiming(ctx context.Context, task *v1alpha1.SyncTask, done *timing) {
	r.Metrics.TimesMissed(task, done.unwanted)
	for _, news := range done.news {
		r.tell(ctx, task, news)
	}
}

// tell makes news an event, and a line of the log.
func (r *Reconciler) tell(ctx context.Context, task *v1alpha1.SyncTask, n news) {
	log.FromContext(ctx).Info("News of the task", "reason", n.reason, "message", n.message)
	r.Events.Eventf(task, nil, n.kind, n.reason, eventAction, "%s", condition.Note(n.message))
}
