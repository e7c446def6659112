package syncrun

import (
	"context"
	"errors"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/cluster"
)

// observeReport reads the runner's newest word. Where no further word is to be
// expected it is read live: the cache may be older than the end of the Job.
func (r *Reconciler) observeReport(ctx context.Context, o *observed) error {
	if err := r.readReport(ctx, r.Client, o); err != nil {
		return err
	}
	if o.outcome() != nil || (o.job != nil && !hasFinished(o.job) && !o.mustStop()) {
		return nil
	}
	return r.readReport(ctx, r.Live, o)
}

// readReport reads the report object and what is in it.
func (r *Reconciler) readReport(ctx context.Context, reader client.Reader, o *observed) error {
	name, err := cluster.ReportName(o.run.UID)
	if err != nil {
		return err
	}
	o.report, o.reportProblem, o.reportDamaged = nil, "", false
	var object v1alpha1.SyncArtifact
	key := types.NamespacedName{Namespace: o.run.Namespace, Name: name}
	switch err := reader.Get(ctx, key, &object); {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("reading SyncArtifact %s: %w", key, err)
	}
	facts, err := cluster.DecodeReport(&object)
	switch {
	case err != nil:
		o.reportProblem, o.reportDamaged = err.Error(), errors.Is(err, artifact.ErrCorrupt)
	case facts.RunUID != string(o.run.UID):
		o.reportProblem, o.reportDamaged = fmt.Sprintf("SyncArtifact %q is the report of another run", name), true
	default:
		o.report = &facts
	}
	return nil
}

// observeCachedReport says whether the cache still holds the report of a run that has ended.
func (r *Reconciler) observeCachedReport(ctx context.Context, o *observed) error {
	name, err := cluster.ReportName(o.run.UID)
	if err != nil {
		return err
	}
	var object v1alpha1.SyncArtifact
	key := types.NamespacedName{Namespace: o.run.Namespace, Name: name}
	switch err := r.Client.Get(ctx, key, &object); {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("reading SyncArtifact %s: %w", key, err)
	}
	o.reportCached = object.Labels[v1alpha1.LabelArtifact] == cluster.LabelValueReport
	return nil
}

// hasFinished says whether a Job has ended, in whatever way.
func hasFinished(job *batchv1.Job) bool {
	for _, c := range job.Status.Conditions {
		if (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) && c.Status == corev1.ConditionTrue {
			return true
		}
	}
	return false
}
