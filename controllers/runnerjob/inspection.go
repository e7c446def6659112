package runnerjob

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/inspection"
)

const (
	// checkSeconds bounds a check, readSeconds what reads both directories to their ends.
	checkSeconds = 120
	readSeconds  = 1800
	// inspectionGraceSeconds is short, since there is nothing to flush.
	inspectionGraceSeconds = 5
	// inspectionTTLSeconds is how long the logs of a pod stay. The answer is stored before it ends.
	inspectionTTLSeconds = 600
)

// Inspection says which look at a task's directories is built.
type Inspection struct {
	// Name is the beginning of the names of Job and pod.
	Name, UID string
	Kind      inspection.Kind
}

// BuildInspection makes the Job of a look at the directories of a task, whose spec has its defaults resolved.
func BuildInspection(task *v1alpha1.SyncTask, spec *v1alpha1.SyncTaskSpec, looking Inspection, options Options) *batchv1.Job {
	labels := map[string]string{
		v1alpha1.LabelTask:       task.Name,
		v1alpha1.LabelRun:        looking.Name,
		v1alpha1.LabelInspection: string(looking.Kind),
	}
	deadline := int64(checkSeconds)
	if looking.Kind != inspection.KindCheck {
		deadline = readSeconds
	}
	arguments := []string{
		"inspect",
		"--namespace=" + task.Namespace,
		"--task=" + task.Name,
		"--task-uid=" + string(task.UID),
		"--inspection=" + looking.Name,
		"--inspection-uid=" + looking.UID,
		"--kind=" + string(looking.Kind),
		fmt.Sprintf("--run-budget=%d", options.Budget.Run),
	}
	return &batchv1.Job{
		TypeMeta: metav1.TypeMeta{APIVersion: batchv1.SchemeGroupVersion.String(), Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{
			Name:      Name(looking.Name, 1),
			Namespace: task.Namespace,
			Labels:    labels,
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: v1alpha1.GroupVersion.String(),
				Kind:       v1alpha1.KindSyncTask,
				Name:       task.Name,
				UID:        task.UID,
				Controller: ptr.To(true),
			}},
		},
		Spec: batchv1.JobSpec{
			Parallelism:             ptr.To[int32](1),
			Completions:             ptr.To[int32](1),
			BackoffLimit:            ptr.To[int32](1),
			ActiveDeadlineSeconds:   &deadline,
			TTLSecondsAfterFinished: ptr.To[int32](inspectionTTLSeconds),
			PodReplacementPolicy:    ptr.To(batchv1.Failed),
			PodFailurePolicy:        failurePolicy(),
			Template: corev1.PodTemplateSpec{
				ObjectMeta: podMetadata(labels, spec.Execution.PodTemplate),
				Spec:       podSpec(spec, arguments, inspectionGraceSeconds, options),
			},
		},
	}
}
