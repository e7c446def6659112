package synctask

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/inspection"
)

const (
	// workers is how many tasks are looked after at once: a thousand may be due in one minute.
	workers = 16
	// ownerField is the field by which the tasks of an owner are found in the cache.
	ownerField = "owner"
)

// SetupWithManager watches tasks, and their runs as far as a task shows them;
// ended tells of the tasks whose runs have ended.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, ended source.Source) error {
	byOwner := func(object client.Object) []string { return []string{definition.Owner(object.(*v1alpha1.SyncTask))} }
	if err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.SyncTask{}, ownerField, byOwner); err != nil {
		return fmt.Errorf("indexing SyncTasks by owner: %w", err)
	}
	err := ctrl.NewControllerManagedBy(mgr).
		Named("synctask").
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		For(&v1alpha1.SyncTask{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Watches(&v1alpha1.SyncRun{}, handler.EnqueueRequestsFromMapFunc(taskOfRun), builder.WithPredicates(milestone)).
		Watches(&v1alpha1.SyncArtifact{}, handler.EnqueueRequestsFromMapFunc(taskOfCheck)).
		Watches(&v1alpha1.SyncTask{}, handler.EnqueueRequestsFromMapFunc(r.tasksOfSameOwner), builder.WithPredicates(taskGone)).
		WatchesRawSource(ended).
		WatchesRawSource(source.Func(r.watchClock)).
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

// taskOfCheck is the task whose directories a check has looked at.
func taskOfCheck(_ context.Context, object client.Object) []reconcile.Request {
	artifact := object.(*v1alpha1.SyncArtifact)
	head := cluster.HeadOf(artifact)
	if head.Kind != inspection.KindCheck || (head.Ended == nil && !head.Troubled) {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: artifact.Namespace, Name: artifact.Labels[v1alpha1.LabelTask]}}}
}

// tasksOfSameOwner are the tasks that may have waited for this one to go.
func (r *Reconciler) tasksOfSameOwner(ctx context.Context, gone client.Object) []reconcile.Request {
	tasks, err := r.sameOwner(ctx, gone.(*v1alpha1.SyncTask))
	if err != nil {
		log.FromContext(ctx).Error(err, "Looking for tasks that waited for a deleted one")
		return nil
	}
	var result []reconcile.Request
	for i := range tasks {
		result = append(result, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&tasks[i])})
	}
	return result
}

// sameOwner are the tasks of a namespace with the owner of a task, and it among
// them. They may be shared with the cache and are not changed.
func (r *Reconciler) sameOwner(ctx context.Context, task *v1alpha1.SyncTask) ([]v1alpha1.SyncTask, error) {
	var tasks v1alpha1.SyncTaskList
	owner := definition.Owner(task)
	var err error
	if r.Cache == nil {
		err = r.Client.List(ctx, &tasks, client.InNamespace(task.Namespace))
	} else {
		err = r.Cache.List(ctx, &tasks, client.InNamespace(task.Namespace), client.MatchingFields{ownerField: owner}, client.UnsafeDisableDeepCopy)
	}
	if err != nil {
		return nil, fmt.Errorf("listing the SyncTasks of owner %q in namespace %s: %w", owner, task.Namespace, err)
	}
	return slices.DeleteFunc(tasks.Items, func(other v1alpha1.SyncTask) bool { return definition.Owner(&other) != owner }), nil
}

// milestone passes runs that begin to apply, have ended or are gone: what a task
// shows. Everything before and between is the run's own, and would cost a look each.
var milestone = predicate.Funcs{
	CreateFunc: func(event.CreateEvent) bool { return false },
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
