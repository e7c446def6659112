package synctask

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/report"
)

// executionLimit is how many executions a task remembers.
const executionLimit = 10

// status is how the task looks. What its runs no longer tell, since they are
// gone, stays as it was. The last run and its sequence are written by the run
// that is let start; here only its phase follows.
func status(o *observed, s step, stepErr error, now time.Time) v1alpha1.SyncTaskStatus {
	result := *o.task.Status.DeepCopy()
	result.Source, result.Target = definition.Endpoints(&o.task.Spec)
	result.RecentExecutions = recentExecutions(result.RecentExecutions, o.runs)
	result.LastSync = lastSync(result.LastSync, result.RecentExecutions)
	switch {
	case o.lastRunGone:
		result.LastRun.Phase = v1alpha1.PhaseCancelled
	case result.LastRun != nil:
		result.LastRun.Phase = cmp.Or(phaseOf(o.runs, result.LastRun), result.LastRun.Phase)
	}
	set := condition.Setter{Conditions: &result.Conditions, Generation: o.task.Generation, Now: now}
	applyState(&result, set, o)
	result.ObservedGeneration = o.task.Generation
	if !o.task.DeletionTimestamp.IsZero() {
		setDeleting(set, o)
		return result
	}
	setReady(set, o, stepErr)
	setEnds(&result, set, o)
	if s.timing != nil {
		s.timing.applyTo(&result, set)
	}
	return result
}

// setDeleting says what a deleted task waits for, and until when.
func setDeleting(set condition.Setter, o *observed) {
	run := o.executing()
	if run == nil {
		return
	}
	set.Remove(v1alpha1.ConditionStalled)
	set.Set(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonProgressing, fmt.Sprintf(
		"The task is being deleted. Run %q comes to a safe point first; it is waited for until %s.",
		run.Name, o.task.DeletionTimestamp.Add(deletionPatience).UTC().Format(time.RFC3339)))
}

// setReady says whether the definition can be executed. After a step that failed
// Ready stays as it was: no run must start before the account of its runner is there.
func setReady(set condition.Setter, o *observed, stepErr error) {
	switch {
	case len(o.faults) > 0:
		reason, message := o.faults[0].reason, messageOf(o.faults)
		set.Remove(v1alpha1.ConditionReconciling)
		set.Set(v1alpha1.ConditionReady, metav1.ConditionFalse, reason, message)
		set.Set(v1alpha1.ConditionStalled, metav1.ConditionTrue, reason, message)
	case stepErr != nil:
		set.Remove(v1alpha1.ConditionStalled)
		set.Set(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonProgressing,
			"This did not succeed and is tried again: "+stepErr.Error())
	default:
		set.Remove(v1alpha1.ConditionReconciling)
		set.Remove(v1alpha1.ConditionStalled)
		set.Set(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, readyMessage(o.task))
	}
}

// readyMessage tells who stops a task that is ready: that changes nothing about
// its definition.
func readyMessage(task *v1alpha1.SyncTask) string {
	_, stopped := stopOf(task)
	return strings.TrimSpace("The definition is valid. " + stopped)
}

const nonePending = "No removal waits for a person."

// applyState shows what the newest finished run says about the state.
func applyState(result *v1alpha1.SyncTaskStatus, set condition.Setter, o *observed) {
	for i := range o.runs {
		told := o.reports[o.runs[i].UID]
		if told == nil || told.State == nil {
			continue
		}
		state := told.State
		result.Links = &v1alpha1.LinkCounts{Users: state.Users, Departments: state.Departments}
		result.PendingDeletions = &v1alpha1.PendingDeletions{Count: state.Pending, ListDigest: state.PendingListDigest}
		if state.PendingSince != nil {
			since := metav1.NewTime(state.PendingSince.Truncate(time.Second))
			result.PendingDeletions.Since = &since
		}
		if state.Pending > 0 {
			set.Set(v1alpha1.ConditionDeletionsPending, metav1.ConditionTrue, v1alpha1.ReasonHeld, pendingMessage(o.task, told))
			return
		}
		set.Set(v1alpha1.ConditionDeletionsPending, metav1.ConditionFalse, v1alpha1.ReasonNonePending, nonePending)
		return
	}
	if meta.FindStatusCondition(*set.Conditions, v1alpha1.ConditionDeletionsPending) == nil {
		set.Set(v1alpha1.ConditionDeletionsPending, metav1.ConditionFalse, v1alpha1.ReasonNonePending, nonePending)
	}
}

// pendingMessage says how many removals wait, since when and why, and how to see
// them. Only the run that held them says why: as long as the same ones wait, its
// words stay, since that run may be gone from the history long before.
func pendingMessage(task *v1alpha1.SyncTask, told *report.Report) string {
	waited := task.Status.PendingDeletions
	known := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionDeletionsPending)
	if told.Notice == "" && known != nil && known.Status == metav1.ConditionTrue && waited != nil && waited.ListDigest == told.State.PendingListDigest {
		return known.Message
	}
	message := fmt.Sprintf("Removals that wait for a person: %d, the oldest since run %q. ", told.State.Pending, told.State.PendingRun)
	if told.Notice != "" {
		message += told.Notice + " "
	}
	return fmt.Sprintf("%sWho waits: kubectl synccenter links %s --state held", message, task.Name)
}

// phaseOf is the phase of the run that the task names, or empty if it is gone.
func phaseOf(runs []v1alpha1.SyncRun, last *v1alpha1.LastRun) v1alpha1.Phase {
	for i := range runs {
		if runs[i].UID == last.UID {
			return runs[i].Status.Phase
		}
	}
	return ""
}

// recentExecutions adds the runs that have ended to those that are remembered.
// A run that never got a sequence was no execution.
func recentExecutions(remembered []v1alpha1.RecentExecution, runs []v1alpha1.SyncRun) []v1alpha1.RecentExecution {
	result := slices.Clone(remembered)
	for i := range runs {
		run := &runs[i]
		known := slices.ContainsFunc(result, func(e v1alpha1.RecentExecution) bool { return e.UID == run.UID })
		if known || run.Status.Sequence == 0 || run.Status.CompletionTime == nil {
			continue
		}
		result = append(result, v1alpha1.RecentExecution{
			Run: run.Name, UID: run.UID, Sequence: run.Status.Sequence, Mode: run.Status.Mode,
			Time: *run.Status.CompletionTime, Outcome: run.Status.Phase, Coverage: coverageOf(run),
			Organizations: run.Status.Organizations, Users: run.Status.Users,
		})
	}
	slices.SortStableFunc(result, func(a, b v1alpha1.RecentExecution) int { return cmp.Compare(b.Sequence, a.Sequence) })
	return result[:min(len(result), executionLimit)]
}

func coverageOf(run *v1alpha1.SyncRun) v1alpha1.Coverage {
	if run.Spec.Only != nil {
		return v1alpha1.CoverageSome
	}
	return v1alpha1.CoverageAll
}

// lastSync is the newest execution that brought all entries in step. A run that
// failed, was cancelled, or was about some entries alone says nothing of them.
func lastSync(remembered *v1alpha1.RecentExecution, recent []v1alpha1.RecentExecution) *v1alpha1.RecentExecution {
	for i := range recent {
		e := &recent[i]
		synced := e.Outcome == v1alpha1.PhaseSucceeded || e.Outcome == v1alpha1.PhasePartiallyFailed
		if !synced || e.Coverage == v1alpha1.CoverageSome {
			continue
		}
		if remembered == nil || e.Sequence > remembered.Sequence {
			return e.DeepCopy()
		}
		break
	}
	return remembered
}
