package syncrun

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition"
)

// announcement is an event on the run, and on its task if the task's people
// want to know too.
type announcement struct {
	kind, reason, message string
	forTask               bool
}

// The event's action, for tools: what the manager did with the run.
const eventAction = "Execute"

// eventFirstSync is the reason of the event about the first run of a task that
// nobody started. The sequence tells: a task that was made again goes on with
// that of its state.
const eventFirstSync = "FirstSync"

const firstSyncStarts = "This task has never run, and its schedule starts its first sync now, which creates and takes over whoever matches. Look at what it does: kubectl synccenter history, then details."

// announce tells people what a status that was written has changed.
func (r *Reconciler) announce(ctx context.Context, run *v1alpha1.SyncRun, before *v1alpha1.SyncRunStatus, task *v1alpha1.SyncTask) {
	news, changed := newsOf(before, &run.Status)
	if changed {
		log.FromContext(ctx).Info("Run changed", "phase", run.Status.Phase, "reason", news.reason, "message", news.message, "sequence", run.Status.Sequence)
		r.Events.Eventf(run, nil, news.kind, news.reason, eventAction, "%s", condition.Note(news.message))
		if task != nil && news.forTask {
			r.Events.Eventf(task, run, news.kind, news.reason, eventAction, "%s", condition.Note(run.Name+": "+news.message))
		}
	}
	if task != nil && before.Sequence == 0 && isFirstBySchedule(run) {
		r.Events.Eventf(task, run, corev1.EventTypeNormal, eventFirstSync, eventAction, "%s", condition.Note(firstSyncStarts))
	}
	if isComplete(run) && run.Status.Sequence > 0 {
		r.Metrics.RunEnded(run)
	}
}

// newsOf is the one thing that a person would want to know, if there is one: the
// reason of the condition Complete is new.
func newsOf(before, after *v1alpha1.SyncRunStatus) (announcement, bool) {
	old := meta.FindStatusCondition(before.Conditions, v1alpha1.ConditionComplete)
	now := meta.FindStatusCondition(after.Conditions, v1alpha1.ConditionComplete)
	if now == nil || (old != nil && old.Reason == now.Reason && old.Status == now.Status) {
		return announcement{}, false
	}
	reason := v1alpha1.Reason(now.Reason)
	ended := now.Status == metav1.ConditionTrue
	result := announcement{
		kind: corev1.EventTypeNormal, reason: now.Reason, message: now.Message,
		forTask: ended || reason == v1alpha1.ReasonRunning,
	}
	failed := after.Phase == v1alpha1.PhaseFailed || after.Phase == v1alpha1.PhasePartiallyFailed
	if failed || slices.Contains(warnings, reason) {
		result.kind = corev1.EventTypeWarning
	}
	return result, true
}

// warnings are the reasons of a run that has not ended which somebody should look at.
var warnings = []v1alpha1.Reason{
	v1alpha1.ReasonTaskNotFound, v1alpha1.ReasonDefinitionNotSaved, v1alpha1.ReasonJobMissing, v1alpha1.ReasonNodeLost, v1alpha1.ReasonSettlingDoubt,
}
