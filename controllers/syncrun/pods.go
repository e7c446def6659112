package syncrun

import (
	"cmp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"synccenter.dev/synccenter/controllers/condition"
	"synccenter.dev/synccenter/controllers/trouble"
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
		result.trouble = trouble.OfPod(pod)
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
