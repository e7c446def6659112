package manager

import (
	"errors"
	"fmt"
	"net/http"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/selection"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/past"
	"synccenter.dev/synccenter/internal/artifact/cluster"
)

// cacheOptions keep the cache to what the controllers watch: tasks, the runs that
// have not ended, their reports, the heads of inspections, and the Jobs and pods of both, without what
// nobody asks of them. Package past knows of the runs that have ended. Reading anything else through it is an
// error instead of a watch on a whole cluster's objects, its Secrets first of all.
func cacheOptions(namespaces []string) cache.Options {
	ofRuns := labels.NewSelector().Add(requirement(v1alpha1.LabelRun, selection.Exists))
	told := cache.ByObject{
		Label:     labels.NewSelector().Add(requirement(v1alpha1.LabelArtifact, selection.In, cluster.LabelValueReport, cluster.LabelValueInspection)),
		Transform: withoutAnswers,
	}
	options := cache.Options{
		ReaderFailOnMissingInformer: true,
		DefaultTransform:            cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&batchv1.Job{}:           {Label: ofRuns, Transform: slimJob},
			&corev1.Pod{}:            {Label: ofRuns, Transform: slimPod},
			&v1alpha1.SyncTask{}:     {Transform: slimTask},
			&v1alpha1.SyncArtifact{}: told,
			&v1alpha1.SyncRun{}:      {Field: past.Going()},
		},
	}
	if len(namespaces) > 0 {
		options.DefaultNamespaces = map[string]cache.Config{}
		for _, namespace := range namespaces {
			options.DefaultNamespaces[namespace] = cache.Config{}
		}
	}
	return options
}

// slimTask leaves of a task what is decided about many of them by: whose it is,
// whether it is stopped, when it runs, what it keeps, and how far its short
// history goes. Whoever executes, checks, shows or changes a task reads it from
// the API server.
func slimTask(object any) (any, error) {
	task, ok := object.(*v1alpha1.SyncTask)
	if !ok {
		return object, nil
	}
	task.ManagedFields = nil
	delete(task.Annotations, corev1.LastAppliedConfigAnnotation) // the whole manifest once more
	spec, status := task.Spec, task.Status
	task.Spec = v1alpha1.SyncTaskSpec{
		Owner: spec.Owner, Suspend: spec.Suspend, PreviewOf: spec.PreviewOf, Trigger: spec.Trigger, CheckInterval: spec.CheckInterval, History: spec.History,
	}
	task.Status = v1alpha1.SyncTaskStatus{
		LastRun: status.LastRun, Links: status.Links, Conditions: status.Conditions,
	}
	if recent := status.RecentExecutions; len(recent) > 0 {
		task.Status.RecentExecutions = []v1alpha1.RecentExecution{{UID: recent[0].UID, Sequence: recent[0].Sequence, Time: recent[0].Time}}
	}
	for i := range task.Status.Conditions {
		task.Status.Conditions[i].Message = ""
	}
	return task.DeepCopy(), nil // a copy takes no more room than it needs
}

// slimJob leaves of a Job's pods what a Job is told by: the arguments of its
// containers. Jobs are never written back but by patches of a field.
func slimJob(object any) (any, error) {
	if job, ok := object.(*batchv1.Job); ok {
		job.ManagedFields = nil
		var containers []corev1.Container
		for _, container := range job.Spec.Template.Spec.Containers {
			containers = append(containers, corev1.Container{Name: container.Name, Args: container.Args})
		}
		job.Spec.Template = corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: containers}}
		return job.DeepCopy(), nil
	}
	return object, nil
}

// slimPod leaves of a pod's definition where it runs.
func slimPod(object any) (any, error) {
	if pod, ok := object.(*corev1.Pod); ok {
		pod.ManagedFields = nil
		pod.Spec = corev1.PodSpec{NodeName: pod.Spec.NodeName}
		return pod.DeepCopy(), nil
	}
	return object, nil
}

// withoutAnswers leaves the data of inspections out: what is decided by stands
// in their annotations, and the rest is read when it is needed.
func withoutAnswers(object any) (any, error) {
	if artifact, ok := object.(*v1alpha1.SyncArtifact); ok && artifact.Labels[v1alpha1.LabelArtifact] == cluster.LabelValueInspection {
		artifact.Data = nil
	}
	return cache.TransformStripManagedFields()(object)
}

// requirement is one of a few that are right as they stand here.
func requirement(label string, operator selection.Operator, values ...string) labels.Requirement {
	result, err := labels.NewRequirement(label, operator, values)
	if err != nil {
		panic(fmt.Sprintf("a selector of the cache is wrong: %v", err))
	}
	return *result
}

// newScheme knows the kinds that the manager reads and writes.
func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, fmt.Errorf("registering kinds: %w", err)
	}
	return scheme, nil
}

// cacheSynced is ready when the cache has been filled once, and all runs that
// have ended are known.
func cacheSynced(mgr ctrl.Manager, ended *past.Runs) healthz.Checker {
	return func(request *http.Request) error {
		if !mgr.GetCache().WaitForCacheSync(request.Context()) {
			return errors.New("the cache is not filled yet")
		}
		return ended.Known().WaitForSync(request.Context())
	}
}
