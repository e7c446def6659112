package syncrun

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/runnerjob"
	"synccenter.dev/synccenter/internal/artifact/cluster"
)

// How long the Jobs of an ended run, and with them the pods' logs, stay. Whoever
// wonders why a run failed looks at them the next morning; of one that succeeded
// all is in its records, and a schedule of every minute makes a thousand in a day.
const (
	jobTTL          = 24 * 60 * 60
	jobTTLSucceeded = 60 * 60
)

// act makes the one change of a step. Making it again is making it once.
func (r *Reconciler) act(ctx context.Context, o *observed, s step) error {
	switch s.action {
	case doNothing:
		return nil
	case accept:
		return r.accept(ctx, o.run)
	case reserve:
		return r.takeTurn(ctx, o)
	case saveDefinition:
		return r.saveDefinition(ctx, o)
	case createJob:
		return r.createJob(ctx, o, s.attempt)
	case deleteJob:
		return r.deleteJob(ctx, o.job)
	case requestStop:
		return r.requestStop(ctx, o)
	case expireJobs:
		return r.expireJobs(ctx, o)
	case putReportAway:
		return r.putReportAway(ctx, o.run)
	}
	return fmt.Errorf("step %d of SyncRun %s/%s is not known", s.action, o.run.Namespace, o.run.Name)
}

// accept writes the run's own uid next to its name, where a backup keeps it.
func (r *Reconciler) accept(ctx context.Context, run *v1alpha1.SyncRun) error {
	before := run.DeepCopy()
	if run.Annotations == nil {
		run.Annotations = map[string]string{}
	}
	run.Annotations[v1alpha1.AnnotationAcceptedUID] = string(run.UID)
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, run, patch); err != nil {
		return fmt.Errorf("accepting SyncRun %s/%s: %w", run.Namespace, run.Name, err)
	}
	return nil
}

// createJob makes a Job from what is stored with the run. One that is there
// already and ours is the same.
func (r *Reconciler) createJob(ctx context.Context, o *observed, attempt runnerjob.Attempt) error {
	job := runnerjob.Build(o.run, &o.definition.TaskSpec, attempt, r.Jobs)
	err := r.Client.Create(ctx, job)
	if !apierrors.IsAlreadyExists(err) {
		if err != nil {
			return fmt.Errorf("creating Job %s/%s: %w", job.Namespace, job.Name, err)
		}
		return nil
	}
	var existing batchv1.Job
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(job), &existing); err != nil {
		return fmt.Errorf("reading Job %s/%s, which exists already: %w", job.Namespace, job.Name, err)
	}
	if !metav1.IsControlledBy(&existing, o.run) {
		return fmt.Errorf("creating Job %s/%s: a Job of that name belongs to something else; the run goes on when it is gone", job.Namespace, job.Name)
	}
	return nil
}

// deleteJob deletes a Job and its pods. The run goes on with the next one.
func (r *Reconciler) deleteJob(ctx context.Context, job *batchv1.Job) error {
	err := r.Client.Delete(ctx, job, client.PropagationPolicy(metav1.DeletePropagationBackground), client.Preconditions{UID: &job.UID})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting Job %s/%s: %w", job.Namespace, job.Name, err)
	}
	return nil
}

// expireJobs lets Kubernetes remove Jobs after a time, or with their run if that
// goes earlier. It is done only when the outcome is stored: a Job that goes before
// looks like one that never was.
func (r *Reconciler) expireJobs(ctx context.Context, o *observed) error {
	ttl := int32(jobTTL)
	if o.run.Status.Phase == v1alpha1.PhaseSucceeded {
		ttl = jobTTLSucceeded
	}
	jobs := o.jobs
	for i := range jobs {
		if jobs[i].Spec.TTLSecondsAfterFinished != nil || !jobs[i].DeletionTimestamp.IsZero() {
			continue
		}
		before := jobs[i].DeepCopy()
		jobs[i].Spec.TTLSecondsAfterFinished = &ttl
		if err := r.Client.Patch(ctx, &jobs[i], client.MergeFrom(before)); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("setting the time to live of Job %s/%s: %w", before.Namespace, before.Name, err)
		}
	}
	return nil
}

// putReportAway changes the label by which the manager's cache selects reports:
// of ten thousand runs that have ended it would hold the last words of each.
func (r *Reconciler) putReportAway(ctx context.Context, run *v1alpha1.SyncRun) error {
	name, err := cluster.ReportName(run.UID)
	if err != nil {
		return err
	}
	object := &v1alpha1.SyncArtifact{ObjectMeta: metav1.ObjectMeta{Namespace: run.Namespace, Name: name}}
	patch := fmt.Appendf(nil, `{"metadata":{"labels":{%q:%q}}}`, v1alpha1.LabelArtifact, cluster.LabelValueReadReport)
	if err := r.Client.Patch(ctx, object, client.RawPatch(types.MergePatchType, patch)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("putting away SyncArtifact %s/%s: %w", run.Namespace, name, err)
	}
	return nil
}
