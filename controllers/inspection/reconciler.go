package inspection

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/runnerjob"
	"synccenter.dev/synccenter/internal/artifact"
)

// Reconciler makes and looks after the inspections of tasks.
type Reconciler struct {
	// Client reads from the cache and writes. Live reads from the API server.
	// Direct reads and writes artifacts, past the cache.
	Client client.Client
	Live   client.Reader
	Direct client.Client
	Events events.EventRecorder
	Clock  clock.PassiveClock
	// Jobs are the manager's flags for every Job.
	Jobs runnerjob.Options
	// MaxConcurrentChecks is how many checks go on at once, beside those that
	// people ask for; 0 is none by itself.
	MaxConcurrentChecks int
}

// Reconcile takes the inspections of a task one step further.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var task v1alpha1.SyncTask
	// The cache holds no connections of a task.
	if err := r.Live.Get(ctx, request.NamespacedName, &task); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !task.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	ctx = log.IntoContext(ctx, log.FromContext(ctx).WithValues("task", task.Name))
	seen, err := r.observe(ctx, &task)
	if err != nil {
		return ctrl.Result{}, err
	}
	next := decide(seen, r.Clock.Now())
	err = r.act(ctx, seen, next)
	if apierrors.IsConflict(err) || errors.Is(err, artifact.ErrConflict) {
		return ctrl.Result{RequeueAfter: soon}, nil
	}
	return ctrl.Result{RequeueAfter: next.again}, err
}
