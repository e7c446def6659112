package syncrun

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/metrics"
	"synccenter.dev/synccenter/controllers/past"
	"synccenter.dev/synccenter/controllers/runnerjob"
	"synccenter.dev/synccenter/internal/artifact"
)

// TaskField is the field by which the runs of a task are selected.
const TaskField = past.TaskField

// Reconciler executes SyncRuns.
type Reconciler struct {
	// Client reads lists from the cache and writes. Live reads from the API
	// server what must not be stale.
	Client client.Client
	Live   client.Reader
	// Going lists the runs that have not ended from the cache, and Ended knows of
	// the others what the order of starts follows from. Where they are nil, as in
	// tests, Client lists all.
	Going client.Reader
	Ended EndedRuns
	// Direct reads and writes stored definitions and Leases, past the cache.
	Direct client.Client
	Events events.EventRecorder
	Clock  clock.PassiveClock
	// Metrics counts what ended.
	Metrics *metrics.Recorder
	// Jobs are the manager's flags for every Job.
	Jobs runnerjob.Options
	// MaxConcurrentRuns is how many runs are executed at once; 0 is any number.
	MaxConcurrentRuns int

	turns turns
}

// Reconcile takes a run one step further.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var run v1alpha1.SyncRun
	if err := r.Live.Get(ctx, request.NamespacedName, &run); err != nil {
		if apierrors.IsNotFound(err) {
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading SyncRun %s: %w", request.NamespacedName, err)
	}
	if !run.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	ctx = log.IntoContext(ctx, log.FromContext(ctx).WithValues("task", run.Spec.TaskRef.Name, "run", run.Name))
	seen, err := r.observe(ctx, &run)
	if err != nil {
		return ctrl.Result{}, err
	}
	next, actErr := r.advance(ctx, seen)
	for range silentSteps {
		if actErr != nil || !next.isSilent() {
			break
		}
		if err := r.observeSilent(ctx, seen); err != nil {
			return ctrl.Result{}, err
		}
		next, actErr = r.advance(ctx, seen)
	}
	result := status(seen, next, actErr, r.Clock.Now())
	if err := r.write(ctx, &run, result, seen.task); err != nil {
		actErr = errors.Join(actErr, err)
	}
	if isConflict(actErr) {
		return ctrl.Result{RequeueAfter: atOnce}, nil
	}
	return ctrl.Result{RequeueAfter: next.again}, actErr
}

// advance decides what is next, and does it.
func (r *Reconciler) advance(ctx context.Context, o *observed) (step, error) {
	next := decide(o, r.Clock.Now())
	return next, r.act(ctx, o, next)
}

// isConflict says whether somebody else was first, which is no failure but a
// reason to look again.
func isConflict(err error) bool {
	return apierrors.IsConflict(err) || errors.Is(err, artifact.ErrConflict) || errors.Is(err, errNotItsTurn)
}

// write stores the status if it changed, and then tells people what changed.
func (r *Reconciler) write(ctx context.Context, run *v1alpha1.SyncRun, result v1alpha1.SyncRunStatus, task *v1alpha1.SyncTask) error {
	if equality.Semantic.DeepEqual(run.Status, result) {
		return nil
	}
	before := run.Status
	run.Status = result
	if err := r.Client.Status().Update(ctx, run); err != nil {
		return fmt.Errorf("writing the status of SyncRun %s/%s: %w", run.Namespace, run.Name, err)
	}
	r.announce(ctx, run, &before, task)
	return nil
}
