package inspection

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
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

	places places
}

// Reconcile takes the inspections of a task one step further. Whoever waits for
// a place that is free after that is called.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	result, err := r.reconcile(ctx, request.NamespacedName)
	if err != nil {
		r.places.line.leave(request.NamespacedName) // the others do not wait until this one works again
	}
	r.places.line.callNext(r.places.free(r.MaxConcurrentChecks))
	return result, err
}

func (r *Reconciler) reconcile(ctx context.Context, key types.NamespacedName) (ctrl.Result, error) {
	if err := r.observePlaces(ctx, key); err != nil {
		return ctrl.Result{}, err
	}
	var task v1alpha1.SyncTask
	// The cache holds no connections of a task.
	err := r.Live.Get(ctx, key, &task)
	if apierrors.IsNotFound(err) || (err == nil && !task.DeletionTimestamp.IsZero()) {
		r.places.line.leave(key)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("reading SyncTask %s: %w", key, err)
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
	switch next.turn {
	case wait:
		r.places.line.join(key)
	case leave:
		r.places.line.leave(key)
	case keep:
	}
	return ctrl.Result{RequeueAfter: next.again}, err
}
