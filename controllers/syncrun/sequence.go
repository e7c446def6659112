package syncrun

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/state"
)

// reserve gives the run its sequence. The task's resourceVersion makes it one
// write in all: of two runs, or two managers, one is first and the other looks again.
func (r *Reconciler) reserve(ctx context.Context, o *observed) error {
	highest, err := r.highestSequence(ctx, o)
	if err != nil {
		return err
	}
	task := o.task.DeepCopy()
	task.Status.LastSequence = highest + 1
	task.Status.LastRun = &v1alpha1.LastRun{
		Name: o.run.Name, UID: o.run.UID, Sequence: highest + 1, Phase: v1alpha1.PhasePending,
	}
	if err := r.Client.Status().Update(ctx, task); err != nil {
		return fmt.Errorf("reserving sequence %d in SyncTask %s/%s: %w", highest+1, task.Namespace, task.Name, err)
	}
	o.task = task
	return nil
}

// highestSequence is the highest that was ever given to a run of the task, as
// far as the task, its state and the runs that are there know. A task that was
// made again knows less than its state, and a run that never wrote knows more.
// Once a task has given a number it has given all that follow, so its runs are
// asked for theirs from the cache; before that nothing but the API server will do.
func (r *Reconciler) highestSequence(ctx context.Context, o *observed) (int64, error) {
	highest, err := r.stateSequence(ctx, o)
	if err != nil {
		return 0, err
	}
	highest = max(highest, o.task.Status.LastSequence)
	reader := r.Live
	if o.task.Status.LastSequence > 0 {
		reader = r.Client
	}
	var runs v1alpha1.SyncRunList
	err = reader.List(ctx, &runs, client.InNamespace(o.run.Namespace), client.MatchingFields{TaskField: o.run.Spec.TaskRef.Name})
	if err != nil {
		return 0, fmt.Errorf("listing the runs of SyncTask %s/%s: %w", o.task.Namespace, o.task.Name, err)
	}
	for i := range runs.Items {
		highest = max(highest, runs.Items[i].Status.Sequence)
	}
	return highest, nil
}

// stateSequence is the sequence of the last run that wrote the owner's state. A
// state that cannot be understood says nothing here; the runner will tell.
func (r *Reconciler) stateSequence(ctx context.Context, o *observed) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	store, _ := r.storeOf(o.run)
	last, err := state.LastSequence(ctx, store, definition.Owner(o.task))
	if errors.Is(err, artifact.ErrCorrupt) || errors.Is(err, artifact.ErrNewer) {
		return 0, nil
	}
	return last, err
}
