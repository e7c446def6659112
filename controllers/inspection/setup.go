package inspection

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// SetupWithManager watches tasks, and what belongs to their inspections. Tasks
// are reconciled one at a time, which keeps the limit on checks; a reconcile is
// short, and the work is in the Jobs.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named("inspection").
		For(&v1alpha1.SyncTask{}, builder.WithPredicates(taskChanged)).
		Owns(&batchv1.Job{}).
		Owns(&v1alpha1.SyncArtifact{}).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(taskOfPod)).
		WatchesRawSource(source.Func(r.listen)).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of inspections: %w", err)
	}
	return nil
}

// listen lets the line call a task.
func (r *Reconciler) listen(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	r.places.line.call = func(task types.NamespacedName) { queue.Add(reconcile.Request{NamespacedName: task}) }
	return nil
}

// taskOfPod is the task whose directories a pod looks at.
func taskOfPod(_ context.Context, pod client.Object) []reconcile.Request {
	if pod.GetLabels()[v1alpha1.LabelInspection] == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: pod.GetNamespace(), Name: pod.GetLabels()[v1alpha1.LabelTask]}}}
}

// taskChanged passes another definition, a request, a hold, and the answer
// whether the definition is valid.
var taskChanged = predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}, predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		old, now := e.ObjectOld.(*v1alpha1.SyncTask), e.ObjectNew.(*v1alpha1.SyncTask)
		return !equality.Semantic.DeepEqual(
			meta.FindStatusCondition(old.Status.Conditions, v1alpha1.ConditionReady),
			meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionReady))
	},
})
