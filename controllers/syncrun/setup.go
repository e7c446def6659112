package syncrun

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
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
)

// SetupWithManager watches runs and all that moves them on. Runs are reconciled
// one at a time, which keeps the manager's limit on executions exact; a
// reconcile is short, and the work is in the Jobs.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager) error {
	byTask := func(object client.Object) []string {
		return []string{object.(*v1alpha1.SyncRun).Spec.TaskRef.Name}
	}
	if err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.SyncRun{}, TaskField, byTask); err != nil {
		return fmt.Errorf("indexing SyncRuns by task: %w", err)
	}
	err := ctrl.NewControllerManagedBy(mgr).
		Named("syncrun").
		For(&v1alpha1.SyncRun{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Owns(&batchv1.Job{}).
		Owns(&v1alpha1.SyncArtifact{}).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(runOfPod)).
		Watches(&v1alpha1.SyncTask{}, handler.EnqueueRequestsFromMapFunc(r.runsOfTask), builder.WithPredicates(taskChanged)).
		Watches(&v1alpha1.SyncRun{}, handler.EnqueueRequestsFromMapFunc(r.waitingRuns), builder.WithPredicates(runEnded)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of SyncRuns: %w", err)
	}
	return nil
}

// runOfPod is the run that a pod executes.
func runOfPod(_ context.Context, pod client.Object) []reconcile.Request {
	name := pod.GetLabels()[v1alpha1.LabelRun]
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: pod.GetNamespace(), Name: name}}}
}

// runsOfTask are the runs of a task that have not ended.
func (r *Reconciler) runsOfTask(ctx context.Context, task client.Object) []reconcile.Request {
	return r.requests(ctx, func(run *v1alpha1.SyncRun) bool {
		return run.Namespace == task.GetNamespace() && run.Spec.TaskRef.Name == task.GetName()
	})
}

// waitingRuns are the runs that have not started: one of them may be next.
func (r *Reconciler) waitingRuns(ctx context.Context, _ client.Object) []reconcile.Request {
	return r.requests(ctx, func(run *v1alpha1.SyncRun) bool { return run.Status.Sequence == 0 })
}

// requests asks for a look at the runs that have not ended and are wanted.
func (r *Reconciler) requests(ctx context.Context, wanted func(*v1alpha1.SyncRun) bool) []reconcile.Request {
	var runs v1alpha1.SyncRunList
	if err := r.Client.List(ctx, &runs, client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Error(err, "Listing runs that wait for a change")
		return nil
	}
	var result []reconcile.Request
	for i := range runs.Items {
		run := &runs.Items[i]
		if !isComplete(run) && wanted(run) {
			result = append(result, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(run)})
		}
	}
	return result
}

// taskChanged passes what a run waits for: another definition, a hold, the
// task's end, and the answer whether the definition is valid.
var taskChanged = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		old, now := e.ObjectOld.(*v1alpha1.SyncTask), e.ObjectNew.(*v1alpha1.SyncTask)
		return old.Generation != now.Generation ||
			old.Annotations[v1alpha1.AnnotationHold] != now.Annotations[v1alpha1.AnnotationHold] ||
			old.DeletionTimestamp.IsZero() != now.DeletionTimestamp.IsZero() ||
			!equality.Semantic.DeepEqual(
				meta.FindStatusCondition(old.Status.Conditions, v1alpha1.ConditionReady),
				meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionReady))
	},
}

// runEnded passes runs that have just ended, or are gone.
var runEnded = predicate.Funcs{
	CreateFunc: func(event.CreateEvent) bool { return false },
	UpdateFunc: func(e event.UpdateEvent) bool {
		return !isComplete(e.ObjectOld.(*v1alpha1.SyncRun)) && isComplete(e.ObjectNew.(*v1alpha1.SyncRun))
	},
	GenericFunc: func(event.GenericEvent) bool { return false },
}
