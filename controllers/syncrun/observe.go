package syncrun

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/definition"
)

// observe reads what the next decision may depend on, and no more: what a run
// needs depends on how far it is. What must not be stale is read live: the task,
// and whatever seems to be missing.
func (r *Reconciler) observe(ctx context.Context, run *v1alpha1.SyncRun) (*observed, error) {
	o := &observed{run: run}
	if isComplete(run) {
		return o, r.observeEnded(ctx, o)
	}
	if isCopy(run) {
		return o, nil
	}
	if err := r.observeTask(ctx, o); err != nil {
		return nil, err
	}
	if o.sequence() > 0 && (run.Status.Task == nil || o.task == nil) {
		if err := r.observeDefinition(ctx, o); err != nil {
			return nil, err
		}
	}
	if !o.hasDefinition() {
		o.notServed = definition.NotServedRun(&run.Spec)
		return o, r.observeQueue(ctx, o)
	}
	return o, r.observeExecution(ctx, o)
}

// observeSilent reads what a step needs that follows a silent one. What was read
// before that is still true.
func (r *Reconciler) observeSilent(ctx context.Context, o *observed) error {
	if !o.hasDefinition() {
		return nil
	}
	return r.observeExecution(ctx, o)
}

// observeEnded reads what is left to tidy up.
func (r *Reconciler) observeEnded(ctx context.Context, o *observed) error {
	if err := r.observeJobs(ctx, o); err != nil {
		return err
	}
	return r.observeCachedReport(ctx, o)
}

// observeTask reads the task live: a run must never start from a definition
// that has just been changed, suspended or deleted.
func (r *Reconciler) observeTask(ctx context.Context, o *observed) error {
	var task v1alpha1.SyncTask
	key := types.NamespacedName{Namespace: o.run.Namespace, Name: o.run.Spec.TaskRef.Name}
	switch err := r.Live.Get(ctx, key, &task); {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("reading SyncTask %s: %w", key, err)
	}
	o.task = &task
	return nil
}
