package synctask

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/past"
)

// eventRunDeleted is the reason of the event about a run that was deleted before it ended.
const eventRunDeleted = "RunDeleted"

// lastRunGone says whether the run that the task names as its last one was
// deleted before it had ended. Nothing else would ever say how it ended. A list
// may miss a run for a moment, so the API server is asked.
func (r *Reconciler) lastRunGone(ctx context.Context, o *observed) (bool, error) {
	last := o.task.Status.LastRun
	if last == nil || past.IsFinal(last.Phase) || phaseOf(o.runs, last) != "" {
		return false, nil
	}
	var run v1alpha1.SyncRun
	key := types.NamespacedName{Namespace: o.task.Namespace, Name: last.Name}
	switch err := r.Live.Get(ctx, key, &run); {
	case apierrors.IsNotFound(err):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("reading SyncRun %s, the last run of its task: %w", key, err)
	}
	return run.UID != last.UID, nil
}

// newsOfDeletion tells of a run that was deleted before it had ended: such a run
// is in no history.
func newsOfDeletion(last *v1alpha1.LastRun) news {
	return news{corev1.EventTypeWarning, eventRunDeleted, fmt.Sprintf(
		"Run %q was deleted before it ended. Its pod is stopped, and its records are gone with it; what it had done by then stays done. The next run compares afresh.", last.Name)}
}
