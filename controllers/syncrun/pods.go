package syncrun

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"synccenter.dev/synccenter/controllers/condition"
)

// lastWordsLimit is how many characters of a pod's own message are shown.
const lastWordsLimit = 400

// pods is what the pods of a Job say.
type pods struct {
	// working: a runner is at work now.
	working bool
	// left: the Job is gone and a pod of it is not yet.
	left bool
	// trouble says why no pod works, in a sentence for people.
	trouble string
	// words are what the last runner that failed said.
	words string
	// lostNode is the node of a pod that will never say anything again.
	lostNode string
	// stuckOn is the node of a pod that should long have ended.
	stuckOn string
}

// lastWords is a further sentence for a message, or empty.
func (p pods) lastWords() string {
	if p.words == "" {
		return ""
	}
	return " It said: " + condition.Bound(strings.TrimSpace(p.words), lastWordsLimit)
}

// summarize reads the pods of a Job, oldest first.
func summarize(list []corev1.Pod, now time.Time) pods {
	slices.SortFunc(list, func(a, b corev1.Pod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
	})
	var result pods
	for i := range list {
		pod := &list[i]
		result.trouble = troubleOf(pod)
		for _, container := range pod.Status.ContainerStatuses {
			if container.State.Running != nil {
				result.working = true
			}
			if ended := container.State.Terminated; ended != nil && ended.Message != "" {
				result.words = ended.Message
			}
		}
		if isStuck(pod, now) {
			result.stuckOn = pod.Spec.NodeName
		}
	}
	return result
}

// isStuck says whether a pod should long have ended: its grace is over, and so
// is the time for which its runner may believe that it holds the Lease.
func isStuck(pod *corev1.Pod, now time.Time) bool {
	return !pod.DeletionTimestamp.IsZero() && now.After(pod.DeletionTimestamp.Add(leaseDuration))
}

// isLeft says whether a pod may still do something.
func isLeft(pod *corev1.Pod, now time.Time) bool {
	ended := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	return !ended && !isStuck(pod, now)
}

// troubleOf says why a pod does not start, as far as the pod knows.
func troubleOf(pod *corev1.Pod) string {
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

// refusalOf is the newest reason why the Job controller could not create a pod:
// a quota, a missing account, a policy.
func refusalOf(job *batchv1.Job, events []corev1.Event) string {
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
