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
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// workers is how many runs are reconciled at once: fewer than tasks, so that runs
// that are due are made before those that are there have all started. The limit
// on executions holds all the same: runs are let start one after the other.
const workers = 4

// SetupWithManager watches runs and all that moves them on. It starts when the
// runs are known that have ended, which known waits for.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, known source.Source) error {
	byTask := func(object client.Object) []string {
		return []string{object.(*v1alpha1.SyncRun).Spec.TaskRef.Name}
	}
	if err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.SyncRun{}, TaskField, byTask); err != nil {
		return fmt.Errorf("indexing SyncRuns by task: %w", err)
	}
	err := ctrl.NewControllerManagedBy(mgr).
		Named("syncrun").
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		For(&v1alpha1.SyncRun{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Owns(&batchv1.Job{}, builder.WithPredicates(predicate.NewPredicateFuncs(isOfGoingRun))).
		Owns(&v1alpha1.SyncArtifact{}).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(runOfPod), builder.WithPredicates(podAtWork)).
		Watches(&v1alpha1.SyncTask{}, handler.EnqueueRequestsFromMapFunc(r.runsOfTask), builder.WithPredicates(taskChanged)).
		Watches(&v1alpha1.SyncRun{}, handler.EnqueueRequestsFromMapFunc(r.waitingRuns), builder.WithPredicates(turnFreed)).
		WatchesRawSource(known).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the controller of SyncRuns: %w", err)
	}
	return nil
}

// isOfGoingRun says whether a Job may still say something new: one with a time
// to live is of a run whose outcome is stored.
func isOfGoingRun(job client.Object) bool {
	return job.(*batchv1.Job).Spec.TTLSecondsAfterFinished == nil
}

// podAtWork leaves out the pods that ended before this manager began.
var podAtWork = predicate.Funcs{
	CreateFunc: func(e event.CreateEvent) bool {
		phase := e.Object.(*corev1.Pod).Status.Phase
		return phase != corev1.PodSucceeded && phase != corev1.PodFailed
	},
}

// runOfPod is the run that a pod executes.
func runOfPod(_ context.Context, pod client.Object) []reconcile.Request {
	if pod.GetLabels()[v1alpha1.LabelInspection] != "" {
		return nil
	}
	name := pod.GetLabels()[v1alpha1.LabelRun]
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: pod.GetNamespace(), Name: name}}}
}

// runsOfTask are the runs of a task that have not ended.
func (r *Reconciler) runsOfTask(ctx context.Context, task client.Object) []reconcile.Request {
	return r.ofTask(ctx, client.ObjectKeyFromObject(task))
}

// waitingRuns are those for whom a run makes room: the others of its task, and
// whose turn it is of all that wait for the limit.
func (r *Reconciler) waitingRuns(ctx context.Context, run client.Object) []reconcile.Request {
	result := r.ofTask(ctx, taskOf(run.(*v1alpha1.SyncRun)))
	heads, err := r.nextInLine(ctx)
	if err != nil {
		log.FromContext(ctx).Error(err, "Looking for the run that is next")
	}
	for _, head := range heads {
		result = append(result, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(head.run)})
	}
	return result
}

// ofTask asks for a look at the runs of a task that have not ended.
func (r *Reconciler) ofTask(ctx context.Context, task types.NamespacedName) []reconcile.Request {
	var runs v1alpha1.SyncRunList
	err := r.going().List(ctx, &runs, client.InNamespace(task.Namespace), client.MatchingFields{TaskField: task.Name}, client.UnsafeDisableDeepCopy)
	if err != nil {
		log.FromContext(ctx).Error(err, "Listing runs that wait for a change")
		return nil
	}
	var result []reconcile.Request
	for i := range runs.Items {
		if run := &runs.Items[i]; !isComplete(run) {
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
			heldBy(old) != heldBy(now) ||
			old.DeletionTimestamp.IsZero() != now.DeletionTimestamp.IsZero() ||
			!equality.Semantic.DeepEqual(
				meta.FindStatusCondition(old.Status.Conditions, v1alpha1.ConditionReady),
				meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionReady))
	},
}

// turnFreed passes runs that have just ended or are gone, and those that stood in
// line and turn out to wait for something else.
var turnFreed = predicate.Funcs{
	CreateFunc: func(event.CreateEvent) bool { return false },
	UpdateFunc: func(e event.UpdateEvent) bool {
		old, now := e.ObjectOld.(*v1alpha1.SyncRun), e.ObjectNew.(*v1alpha1.SyncRun)
		left := waitsForTurn(old) && !waitsForTurn(now) && now.Status.Sequence == 0
		return left || (!isComplete(old) && isComplete(now))
	},
	GenericFunc: func(event.GenericEvent) bool { return false },
}
