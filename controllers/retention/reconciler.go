package retention

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/past"
	"synccenter.dev/synccenter/internal/artifact"
)

// Reconciler keeps the history of each task to what the task says.
type Reconciler struct {
	// Client reads lists from the cache and writes. Live reads from the API
	// server what must not be stale.
	Client client.Client
	Live   client.Reader
	// Direct reads and writes what runs have stored, past the cache.
	Direct client.Client
	Events events.EventRecorder
	Clock  clock.PassiveClock
	// Budget is what runners must keep.
	Budget artifact.Budget

	// crowded are hints of the Sweeper.
	crowded crowded
}

// What one reconcile does at most, so that a long history goes without a storm
// and nobody else waits long.
const (
	wholeLimit  = 50
	detailLimit = 5
	plainLimit  = 1
)

// Reconcile takes the history of one task a step nearer to what the task says.
// The cache says whether there is anything to do; only then the task is read live.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var task v1alpha1.SyncTask
	if err := r.Client.Get(ctx, request.NamespacedName, &task); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	ctx = log.IntoContext(ctx, log.FromContext(ctx).WithValues("task", task.Name))
	next, err := r.next(ctx, &task)
	if err != nil || len(next.losses) == 0 {
		return r.result(next), err
	}
	if err := r.Live.Get(ctx, request.NamespacedName, &task); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if next, err = r.next(ctx, &task); err != nil {
		return ctrl.Result{}, err
	}
	more, err := r.act(ctx, next.losses)
	switch {
	case apierrors.IsConflict(err) || (err == nil && more):
		return ctrl.Result{RequeueAfter: atOnce}, nil
	case err != nil:
		return ctrl.Result{}, err
	}
	return r.result(next), nil
}

func (r *Reconciler) result(next verdict) ctrl.Result {
	if next.again.IsZero() {
		return ctrl.Result{}
	}
	return ctrl.Result{RequeueAfter: max(next.again.Sub(r.Clock.Now()), atOnce)}
}

// next is what goes now. A task that is being deleted keeps its history, or
// loses all of it, which is not decided here.
func (r *Reconciler) next(ctx context.Context, task *v1alpha1.SyncTask) (verdict, error) {
	if !task.DeletionTimestamp.IsZero() {
		return verdict{}, nil
	}
	o, err := r.observe(ctx, task)
	if err != nil {
		return verdict{}, err
	}
	next := decide(o, r.Clock.Now())
	if len(next.losses) > 0 {
		return next, nil // what goes in any case may make room enough
	}
	next.losses, err = r.overBudget(ctx, o)
	return next, err
}

// observe reads the runs of a task and who names them, from the cache.
func (r *Reconciler) observe(ctx context.Context, task *v1alpha1.SyncTask) (*observed, error) {
	var runs v1alpha1.SyncRunList
	err := r.Client.List(ctx, &runs, client.InNamespace(task.Namespace), client.MatchingFields{past.TaskField: task.Name}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("listing the runs of SyncTask %s/%s: %w", task.Namespace, task.Name, err)
	}
	named, err := r.namedByApprovals(ctx, task.Namespace)
	if err != nil {
		return nil, err
	}
	o := &observed{task: task, named: named}
	for i := range runs.Items {
		o.add(&runs.Items[i])
	}
	return o, nil
}

// add takes a run into account, and the runs that it names.
func (o *observed) add(run *v1alpha1.SyncRun) {
	o.runs = append(o.runs, run)
	for _, uid := range namedBy(run) {
		o.named[uid] = true
	}
}

// namedByApprovals are the runs whose plan somebody has decided about.
func (r *Reconciler) namedByApprovals(ctx context.Context, namespace string) (map[types.UID]bool, error) {
	var approvals v1alpha1.SyncApprovalList
	if err := r.Client.List(ctx, &approvals, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing SyncApprovals of namespace %s: %w", namespace, err)
	}
	named := map[types.UID]bool{}
	for i := range approvals.Items {
		if plan := approvals.Items[i].Spec.Plan; plan != nil {
			named[plan.RunRef.UID] = true
		}
	}
	return named, nil
}
