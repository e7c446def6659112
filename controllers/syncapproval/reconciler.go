// Package syncapproval answers SyncApprovals. Deciding about plans and removals
// is not served yet, and each approval is told so: none is ignored in silence.
package syncapproval

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition"
)

// Reconciler sets the condition Accepted.
type Reconciler struct {
	Client client.Client
	Clock  clock.PassiveClock
}

// SetupWithManager watches approvals.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	if err := ctrl.NewControllerManagedBy(mgr).Named("syncapproval").For(&v1alpha1.SyncApproval{}).Complete(r); err != nil {
		return fmt.Errorf("setting up the controller of SyncApprovals: %w", err)
	}
	return nil
}

// Reconcile tells one approval that it is not acted on.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var approval v1alpha1.SyncApproval
	if err := r.Client.Get(ctx, request.NamespacedName, &approval); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	before := approval.Status.DeepCopy()
	setter := condition.Setter{Conditions: &approval.Status.Conditions, Generation: approval.Generation, Now: r.Clock.Now()}
	setter.Set(v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonNotServed,
		"Approvals are not served by this version, so nothing follows from this one. Delete it.")
	if equality.Semantic.DeepEqual(before, &approval.Status) {
		return ctrl.Result{}, nil
	}
	if err := r.Client.Status().Update(ctx, &approval); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(fmt.Errorf("writing the status of SyncApproval %s: %w", request, err))
	}
	return ctrl.Result{}, nil
}
