package syncrun

import (
	"context"

	"k8s.io/utils/clock"

	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/lease"
)

// requestStop asks the runner through its Lease to stop at a safe point. Asking
// again changes nothing.
func (r *Reconciler) requestStop(ctx context.Context, o *observed, reason string) error {
	owner, err := r.ownerOf(ctx, o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	options := lease.Options{
		Client: r.Direct, Namespace: o.run.Namespace, Owner: owner,
		Task: o.run.Spec.TaskRef.Name, Run: o.run.UID, Clock: clock.RealClock{},
	}
	return options.RequestStop(ctx, reason)
}

// ownerOf is whom the Lease is named after, also when the task is gone.
func (r *Reconciler) ownerOf(ctx context.Context, o *observed) (string, error) {
	if o.task != nil {
		return definition.Owner(o.task), nil
	}
	stored, err := r.loadDefinition(ctx, o.run)
	return stored.Owner, err
}
