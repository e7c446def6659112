package syncrun

import (
	"context"
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/runnerjob"
	"synccenter.dev/synccenter/controllers/trouble"
)

// observeExecution reads the Job, its pods and the report of a started run.
func (r *Reconciler) observeExecution(ctx context.Context, o *observed) error {
	if err := r.observeJobs(ctx, o); err != nil {
		return err
	}
	if err := r.findJob(ctx, o); err != nil {
		return err
	}
	if o.definition == nil && (o.job == nil || hasFinished(o.job)) {
		if err := r.observeDefinition(ctx, o); err != nil {
			return err
		}
	}
	if err := r.observeReport(ctx, o); err != nil {
		return err
	}
	return r.observePods(ctx, o)
}

// observeJobs lists the Jobs of the run.
func (r *Reconciler) observeJobs(ctx context.Context, o *observed) error {
	var jobs batchv1.JobList
	err := r.Client.List(ctx, &jobs, client.InNamespace(o.run.Namespace), client.MatchingLabels{v1alpha1.LabelRun: o.run.Name})
	if err != nil {
		return fmt.Errorf("listing Jobs of SyncRun %s/%s: %w", o.run.Namespace, o.run.Name, err)
	}
	for _, job := range jobs.Items {
		if metav1.IsControlledBy(&job, o.run) {
			o.jobs = append(o.jobs, job)
		}
	}
	return nil
}

// findJob picks the newest Job. One that the status names, or that is about to
// be made, is looked for live before it is taken as missing: the list may be
// older than the Job.
func (r *Reconciler) findJob(ctx context.Context, o *observed) error {
	if o.run.Status.Job != nil {
		o.attempt = runnerjob.Number(o.run.Name, o.run.Status.Job.Name)
	}
	for i := range o.jobs {
		if number := runnerjob.Number(o.run.Name, o.jobs[i].Name); number >= o.attempt {
			o.attempt, o.job = number, &o.jobs[i]
		}
	}
	if o.job != nil {
		return nil
	}
	var job batchv1.Job
	key := types.NamespacedName{Namespace: o.run.Namespace, Name: runnerjob.Name(o.run.Name, max(o.attempt, 1))}
	switch err := r.Live.Get(ctx, key, &job); {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("reading Job %s: %w", key, err)
	}
	if !metav1.IsControlledBy(&job, o.run) {
		o.foreignJob = job.Name
		return nil
	}
	o.attempt, o.job = max(o.attempt, 1), &job
	return nil
}

// observePods reads the pods of the newest Job, and looks further where they
// cannot say themselves what is wrong.
func (r *Reconciler) observePods(ctx context.Context, o *observed) error {
	var list corev1.PodList
	err := r.Client.List(ctx, &list, client.InNamespace(o.run.Namespace), client.MatchingLabels{v1alpha1.LabelRun: o.run.Name})
	if err != nil {
		return fmt.Errorf("listing pods of SyncRun %s/%s: %w", o.run.Namespace, o.run.Name, err)
	}
	now := r.Clock.Now()
	if o.job == nil {
		o.pods = pods{left: slices.ContainsFunc(list.Items, func(pod corev1.Pod) bool { return isLeft(&pod, now) })}
		return nil
	}
	own := slices.DeleteFunc(list.Items, func(pod corev1.Pod) bool { return !metav1.IsControlledBy(&pod, o.job) })
	o.pods = summarize(own, now)
	if o.pods.stuckOn != "" {
		return r.observeNode(ctx, o)
	}
	if len(own) > 0 {
		return nil
	}
	o.pods.trouble, err = trouble.OfJob(ctx, r.Live, o.job)
	return err
}

// observeNode says whether the node of a pod that should have ended is lost.
func (r *Reconciler) observeNode(ctx context.Context, o *observed) error {
	var node corev1.Node
	err := r.Live.Get(ctx, types.NamespacedName{Name: o.pods.stuckOn}, &node)
	switch {
	case apierrors.IsNotFound(err):
		o.pods.lostNode = o.pods.stuckOn
		return nil
	case apierrors.IsForbidden(err):
		o.pods.trouble = fmt.Sprintf("The pod does not end, and the manager may not read node %q to see whether it still answers. Delete the pod if it does not.", o.pods.stuckOn)
		return nil
	case err != nil:
		return fmt.Errorf("reading node %q: %w", o.pods.stuckOn, err)
	}
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
			return nil
		}
	}
	o.pods.lostNode = o.pods.stuckOn
	return nil
}
