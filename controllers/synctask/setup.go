package synctask

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/definition"
)

// SetupWithManager watches tasks, and their runs as far as a task shows them.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named("synctask").
		For(&v1alpha1.SyncTask{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Watches(&v1alpha1.SyncRun{}, handler.EnqueueRequestsFromMapFunc(taskOfRun), builder.WithPredicates(milestone)).
		Watches(&v1alpha1.SyncTask{}, handler.EnqueueRequestsFromMapFunc(r.tasksOfSameOwner), builder.WithPredicates(taskGone)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of SyncTasks: %w", err)
	}
	return nil
}

// taskOfRun is the task that a run executes.
func taskOfRun(_ context.Context, object client.Object) []reconcile.Request {
	run := object.(*v1alpha1.SyncRun)
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: run.Namespace, Name: run.Spec.TaskRef.Name}}}
}

// tasksOfSameOwner are the tasks that may have waited for this one to go.
func (r *Reconciler) tasksOfSameOwner(ctx context.Context, gone client.Object) []reconcile.Request {
	var tasks v1alpha1.SyncTaskList
	if err := r.Client.List(ctx, &tasks, client.InNamespace(gone.GetNamespace())); err != nil {
		log.FromContext(ctx).Error(err, "Listing tasks with the owner of a deleted one")
		return nil
	}
	owner := definition.Owner(gone.(*v1alpha1.SyncTask))
	var result []reconcile.Request
	for i := range tasks.Items {
		if definition.Owner(&tasks.Items[i]) == owner {
			result = append(result, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&tasks.Items[i])})
		}
	}
	return result
}

// milestone passes runs that begin to apply or have ended: what a task shows.
// Everything between is the run's own, and would cost a write each.
var milestone = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		old, now := e.ObjectOld.(*v1alpha1.SyncRun), e.ObjectNew.(*v1alpha1.SyncRun)
		ended := now.Status.CompletionTime != nil
		return old.Status.Phase != now.Status.Phase && (ended || now.Status.Phase == v1alpha1.PhaseApplying)
	},
}

// taskGone passes tasks that are deleted for good.
var taskGone = predicate.Funcs{
	CreateFunc:  func(event.CreateEvent) bool { return false },
	UpdateFunc:  func(event.UpdateEvent) bool { return false },
	GenericFunc: func(event.GenericEvent) bool { return false },
}
