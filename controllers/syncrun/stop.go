package syncrun

import (
	"context"

	"k8s.io/utils/clock"

	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/lease"
)

// requestStop asks the runner through its Lease to stop at a safe point, and tells
// it why: it says so in what it reports. Asking again changes nothing.
func (r *Reconciler) requestStop(ctx context.Context, o *observed) error {
	_, why := o.stop()
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	options := lease.Options{
		Client: r.Direct, Namespace: o.run.Namespace, Owner: o.owner(),
		Task: o.run.Spec.TaskRef.Name, Run: o.run.UID, Clock: clock.RealClock{},
	}
	return options.RequestStop(ctx, why)
}

// owner is whom the Lease is named after. The definition knows it when the task is gone.
func (o *observed) owner() string {
	if o.task != nil {
		return definition.Owner(o.task)
	}
	return o.definition.Owner
}
