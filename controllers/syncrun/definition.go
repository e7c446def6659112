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

// saveDefinition stores what the run executes, unless it is stored already: a
// run executes one definition, also if the task changes while it starts.
func (r *Reconciler) saveDefinition(ctx context.Context, o *observed, s *step) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	stored, err := r.loadDefinition(ctx, o.run)
	if errors.Is(err, artifact.ErrNotFound) {
		stored, err = r.storeDefinition(ctx, o)
	}
	if err != nil {
		return err
	}
	digest, err := stored.RemovalDigest()
	if err != nil {
		return err
	}
	s.saved = &v1alpha1.ExecutedTask{Generation: stored.Task.Generation, DefinitionDigest: digest}
	return nil
}

// storeDefinition takes the definition from the task as it is now.
func (r *Reconciler) storeDefinition(ctx context.Context, o *observed) (definition.Definition, error) {
	taken := definition.New(o.task, o.run, o.sequence())
	data, err := taken.Encode()
	if err != nil {
		return definition.Definition{}, err
	}
	store, scope := r.storeOf(o.run)
	if _, err := artifact.WriteAll(ctx, store, scope, definition.Stream, data); err != nil {
		return definition.Definition{}, fmt.Errorf("storing the definition of SyncRun %s/%s: %w", o.run.Namespace, o.run.Name, err)
	}
	return taken, nil
}

// loadDefinition reads what the run executes.
func (r *Reconciler) loadDefinition(ctx context.Context, run *v1alpha1.SyncRun) (definition.Definition, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	store, scope := r.storeOf(run)
	data, err := artifact.ReadAll(ctx, store, scope, definition.Stream)
	if err != nil {
		return definition.Definition{}, fmt.Errorf("reading the stored definition of SyncRun %s/%s: %w", run.Namespace, run.Name, err)
	}
	return definition.Decode(data)
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
