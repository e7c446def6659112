package syncrun

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/definition"
)

// observe reads what the next decision may depend on, and no more: what a run
// needs depends on how far it is. What must not be stale is read live: the task,
// and whatever seems to be missing.
func (r *Reconciler) observe(ctx context.Context, run *v1alpha1.SyncRun) (*observed, error) {
	o := &observed{run: run}
	if isComplete(run) {
		return o, r.observeJobs(ctx, o)
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

// observeQueue looks for runs that go first. The run that the task names is
// read live: that makes it certain that a task has one execution at a time.
func (r *Reconciler) observeQueue(ctx context.Context, o *observed) error {
	o.queue.limit = r.MaxConcurrentRuns
	if o.task == nil || o.sequence() > 0 {
		return nil
	}
	var runs v1alpha1.SyncRunList
	if err := r.Client.List(ctx, &runs, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing SyncRuns: %w", err)
	}
	o.queue = queueFor(o.run, runs.Items, r.MaxConcurrentRuns)
	last := o.task.Status.LastRun
	if last == nil || last.UID == o.run.UID {
		return nil
	}
	var blocker v1alpha1.SyncRun
	key := types.NamespacedName{Namespace: o.run.Namespace, Name: last.Name}
	switch err := r.Live.Get(ctx, key, &blocker); {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("reading SyncRun %s: %w", key, err)
	}
	if blocker.UID == last.UID && !isComplete(&blocker) {
		o.queue.blocker, o.queue.blockerStarted = blocker.Name, true
	}
	return nil
}

// queueFor counts the runs that are being executed and those that wait longer
// for their turn, and finds the oldest other run of the same task. The runs may
// be shared with the cache and are not changed.
func queueFor(run *v1alpha1.SyncRun, runs []v1alpha1.SyncRun, limit int) queue {
	result := queue{limit: limit}
	var oldest *v1alpha1.SyncRun
	for i := range runs {
		other := &runs[i]
		if other.UID == run.UID || isComplete(other) || isCopy(other) {
			continue
		}
		started := other.Status.Sequence > 0
		if started {
			result.started++
		} else if isOlder(other, run) && waitsForTurn(other) {
			result.ahead++
		}
		sameTask := other.Namespace == run.Namespace && other.Spec.TaskRef.Name == run.Spec.TaskRef.Name
		if sameTask && (started || isOlder(other, run)) && (oldest == nil || isOlder(other, oldest)) {
			oldest = other
			result.blocker, result.blockerStarted = other.Name, started
		}
	}
	return result
}

// waitsForTurn says whether nothing but the manager's limit keeps a run from starting.
func waitsForTurn(run *v1alpha1.SyncRun) bool {
	return slices.ContainsFunc(run.Status.Conditions, func(c metav1.Condition) bool {
		return c.Type == v1alpha1.ConditionComplete && c.Reason == string(v1alpha1.ReasonTooManyRuns)
	})
}
