package runnerjob

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
)

const (
	// ExitUseless is the exit code of a runner that must not be tried again.
	ExitUseless = 3
	// GraceSeconds is how long a runner may flush after SIGTERM.
	GraceSeconds = 60
	// ServiceAccount is the account of every runner, one in each namespace with tasks.
	ServiceAccount = "synccenter-runner"

	containerName = "runner"
	// settleSeconds bounds the last attempt, which only reads and completes records.
	settleSeconds = 1800
)

// Name is the name of a run's Job: a second create of the same attempt collides
// instead of running twice.
func Name(run string, attempt int32) string {
	return fmt.Sprintf("%s-%d", run, attempt)
}

// Number is the attempt that a Job's name stands for, or 0 if it is none of the run's.
func Number(run, job string) int32 {
	suffix, found := strings.CutPrefix(job, run+"-")
	if !found {
		return 0
	}
	number, err := strconv.ParseInt(suffix, 10, 32)
	if err != nil || number < 1 {
		return 0
	}
	return int32(number)
}

// SettlesOnly says whether a Job is one that only settles.
func SettlesOnly(job *batchv1.Job) bool {
	for _, container := range job.Spec.Template.Spec.Containers {
		for _, argument := range container.Args {
			if argument == settleArgument {
				return true
			}
		}
	}
	return false
}

// Build makes the Job of one attempt of a run. The spec is the one that was
// stored with the run, never the task's present one.
func Build(run *v1alpha1.SyncRun, spec *v1alpha1.SyncTaskSpec, attempt Attempt, options Options) *batchv1.Job {
	labels := map[string]string{
		v1alpha1.LabelTask: run.Spec.TaskRef.Name,
		v1alpha1.LabelRun:  run.Name,
	}
	deadline := spec.Execution.ActiveDeadlineSeconds
	if attempt.SettleOnly {
		deadline = settleSeconds
	}
	return &batchv1.Job{
		TypeMeta: metav1.TypeMeta{APIVersion: batchv1.SchemeGroupVersion.String(), Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{
			Name:      Name(run.Name, attempt.Number),
			Namespace: run.Namespace,
			Labels:    labels,
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: v1alpha1.GroupVersion.String(),
				Kind:       v1alpha1.KindSyncRun,
				Name:       run.Name,
				UID:        run.UID,
				Controller: ptr.To(true),
			}},
		},
		Spec: batchv1.JobSpec{
			Parallelism:           ptr.To[int32](1),
			Completions:           ptr.To[int32](1),
			BackoffLimit:          spec.Execution.BackoffLimit,
			ActiveDeadlineSeconds: positive(deadline),
			PodReplacementPolicy:  ptr.To(batchv1.Failed),
			PodFailurePolicy:      failurePolicy(),
			Template: corev1.PodTemplateSpec{
				ObjectMeta: podMetadata(labels, spec.Execution.PodTemplate),
				Spec:       podSpec(spec, arguments(run, attempt, options), GraceSeconds, options),
			},
		},
	}
}

// failurePolicy ends the Job at once where trying again is useless, and does
// not count pods that the cluster took away.
func failurePolicy() *batchv1.PodFailurePolicy {
	return &batchv1.PodFailurePolicy{Rules: []batchv1.PodFailurePolicyRule{
		{
			Action: batchv1.PodFailurePolicyActionFailJob,
			OnExitCodes: &batchv1.PodFailurePolicyOnExitCodesRequirement{
				ContainerName: ptr.To(containerName),
				Operator:      batchv1.PodFailurePolicyOnExitCodesOpIn,
				Values:        []int32{ExitUseless},
			},
		},
		{
			Action: batchv1.PodFailurePolicyActionIgnore,
			OnPodConditions: []batchv1.PodFailurePolicyOnPodConditionsPattern{
				{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue},
			},
		},
	}}
}

// podMetadata puts our labels over those of the task.
func podMetadata(labels map[string]string, template v1alpha1.PodTemplate) metav1.ObjectMeta {
	podLabels := plain(template.Labels)
	if podLabels == nil {
		podLabels = map[string]string{}
	}
	delete(podLabels, v1alpha1.LabelInspection) // or the pod of a run could be taken for another
	maps.Copy(podLabels, labels)
	return metav1.ObjectMeta{Labels: podLabels, Annotations: plain(template.Annotations)}
}

func plain(values map[string]v1alpha1.PodValue) map[string]string {
	if len(values) == 0 {
		return nil
	}
	result := make(map[string]string, len(values))
	for key, value := range values {
		result[key] = string(value)
	}
	return result
}

func positive(seconds int64) *int64 {
	if seconds <= 0 {
		return nil
	}
	return &seconds
}
