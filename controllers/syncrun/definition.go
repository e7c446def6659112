package syncrun

import (
	"context"
	"errors"
	"fmt"
	"time"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/definition"
)

// storeTimeout bounds what a reconcile spends on stored definitions; the next
// reconcile tries again.
const storeTimeout = 20 * time.Second

// observeDefinition reads what the run executes, as far as the next step may
// need it. One that is not there is no error: it may not have been stored yet.
func (r *Reconciler) observeDefinition(ctx context.Context, o *observed) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	store, scope := r.storeOf(o.run)
	data, err := artifact.ReadAll(ctx, store, scope, definition.Stream)
	if errors.Is(err, artifact.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the stored definition of SyncRun %s/%s: %w", o.run.Namespace, o.run.Name, err)
	}
	stored, err := definition.Decode(data)
	if err != nil {
		return fmt.Errorf("SyncRun %s/%s: %w", o.run.Namespace, o.run.Name, err)
	}
	return o.executes(&stored)
}

// executes notes what the run executes.
func (o *observed) executes(stored *definition.Definition) error {
	digest, err := stored.RemovalDigest()
	if err != nil {
		return err
	}
	o.definition = stored
	o.executed = &v1alpha1.ExecutedTask{Generation: stored.Task.Generation, DefinitionDigest: digest}
	return nil
}

// saveDefinition stores what the run executes, as the task is now. One that is
// there already is never replaced: a run executes one definition, whatever
// becomes of the task and of this manager while it starts.
func (r *Reconciler) saveDefinition(ctx context.Context, o *observed) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	data, err := definition.New(o.task, o.run, o.sequence()).Encode()
	if err != nil {
		return err
	}
	if err := r.writeDefinition(ctx, o.run, data); err != nil {
		return fmt.Errorf("storing the definition of SyncRun %s/%s: %w", o.run.Namespace, o.run.Name, err)
	}
	stored, err := definition.Decode(data)
	if err != nil {
		return err
	}
	return o.executes(&stored)
}

// writeDefinition stores one where there is none; artifact.ErrConflict says that there is one.
func (r *Reconciler) writeDefinition(ctx context.Context, run *v1alpha1.SyncRun, data []byte) error {
	store, scope := r.storeOf(run)
	writer, err := artifact.NewWriter(ctx, store, scope, definition.Stream, "")
	if err != nil {
		return err
	}
	if _, err := writer.Write(data); err != nil {
		return err
	}
	_, _, err = writer.Commit(ctx)
	return err
}

// storeOf is the store of a run's own streams, past the cache. Attempt 0 is the manager.
func (r *Reconciler) storeOf(run *v1alpha1.SyncRun) (artifact.Store, artifact.Scope) {
	store := cluster.New(cluster.Options{
		Client:    r.Direct,
		Namespace: run.Namespace,
		Task:      run.Spec.TaskRef.Name,
		Writer:    v1alpha1.ArtifactWriter{Run: run.Name, UID: run.UID},
	})
	return store, artifact.Scope{Run: string(run.UID)}
}
