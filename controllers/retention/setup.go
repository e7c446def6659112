package retention

import (
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// SetupWithManager watches tasks whose rules change; ended tells of the tasks
// whose ended runs change. One task is looked after at a time: nobody waits for
// what goes.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, ended source.Source) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named("retention").
		For(&v1alpha1.SyncTask{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesRawSource(ended).
		WatchesRawSource(source.Func(r.crowded.serve)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of the history: %w", err)
	}
	return nil
}
