// Package trouble says in a sentence for people why a Job has no pod that
// works, as far as Kubernetes tells: an image, a node, a quota, a policy.
package trouble

import (
	"context"
	"fmt"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// OfPod says why a pod does not start, as far as the pod knows.
func OfPod(pod *corev1.Pod) string {
	if pod.Status.Phase != corev1.PodPending {
		return ""
	}
	for _, container := range pod.Status.ContainerStatuses {
		waiting := container.State.Waiting
		if waiting != nil && slices.Contains(startFailures, waiting.Reason) {
			return fmt.Sprintf("The container of pod %q does not start (%s): %s", pod.Name, waiting.Reason, waiting.Message)
		}
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return fmt.Sprintf("Pod %q finds no node (%s): %s", pod.Name, c.Reason, c.Message)
		}
	}
	return ""
}

// startFailures are the kubelet's words for a container that does not start
// unless somebody helps. Others, such as ContainerCreating, pass by themselves.
var startFailures = []string{
	"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError", "RegistryUnavailable",
	"SignatureValidationFailed", "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "CrashLoopBackOff",
}

// failedCreate is the Job controller's word for a pod that the API server refuses.
const failedCreate = "FailedCreate"

// OfJob is the newest reason why the Job controller could not create a pod:
// a quota, a missing account, a policy. It is read from the Job's events.
func OfJob(ctx context.Context, reader client.Reader, job *batchv1.Job) (string, error) {
	var events corev1.EventList
	err := reader.List(ctx, &events, client.InNamespace(job.Namespace), client.MatchingFieldsSelector{
		Selector: fields.Set{"involvedObject.uid": string(job.UID), "reason": failedCreate}.AsSelector(),
	})
	if err != nil {
		return "", fmt.Errorf("listing events of Job %s/%s: %w", job.Namespace, job.Name, err)
	}
	return refusal(job, events.Items), nil
}

func refusal(job *batchv1.Job, events []corev1.Event) string {
	var newest *corev1.Event
	for i := range events {
		event := &events[i]
		if event.InvolvedObject.UID != job.UID || event.Reason != failedCreate {
			continue
		}
		if newest == nil || lastSeen(newest).Before(lastSeen(event)) {
			newest = event
		}
	}
	if newest == nil {
		return ""
	}
	return fmt.Sprintf("No pod can be created for Job %q: %s", job.Name, newest.Message)
}

func lastSeen(event *corev1.Event) time.Time {
	if event.Series != nil {
		return event.Series.LastObservedTime.Time
	}
	if !event.LastTimestamp.IsZero() {
		return event.LastTimestamp.Time
	}
	return event.EventTime.Time
}
