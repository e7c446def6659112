package syncrun

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// rule looks at what was observed and names the next step, or passes.
type rule func(o *observed, now time.Time) (step, bool)

// decide names the one next step of a run: that of the first rule that does not
// pass. The last rule of each part never does.
func decide(o *observed, now time.Time) step {
	var next step
	for _, rule := range rulesFor(o) {
		var decided bool
		if next, decided = rule(o, now); decided {
			break
		}
	}
	return next
}

// rulesFor are the rules of the part of its life that a run is in. Their order
// is their priority.
func rulesFor(o *observed) []rule {
	switch {
	case isComplete(o.run):
		return []rule{tidyUp}
	case isCopy(o.run):
		return []rule{refuseCopy}
	case !o.hasDefinition():
		return []rule{
			refuseNotServed, endCancelled, acceptRun, awaitTask, awaitRelease, awaitReady,
			awaitOthers, reserveSequence, storeDefinition,
		}
	case o.job == nil:
		return []rule{endWithOutcome, reportUnusable, endUnbegun, endWithoutDefinition, holdUnbegun, awaitName, endWithoutJob, makeJob}
	default:
		return []rule{endWithOutcome, reportUnusable, awaitDeletion, settleFinished, leaveLostNode, stopRunner, follow}
	}
}

// refuseCopy ends a copy, however far the run was that it is a copy of.
func refuseCopy(*observed, time.Time) (step, bool) {
	return ends(v1alpha1.PhaseCancelled, v1alpha1.ReasonRestoredCopy,
		"This object is a copy of a run that was accepted under another uid, as a restored backup is. It is never executed. "+
			"To sync, make a new SyncRun without the annotation "+v1alpha1.AnnotationAcceptedUID+"."), true
}

func refuseNotServed(o *observed, _ time.Time) (step, bool) {
	if len(o.notServed) == 0 {
		return step{}, false
	}
	return ends(v1alpha1.PhaseFailed, v1alpha1.ReasonNotServed,
		"Not served by this version: "+strings.Join(o.notServed, ", ")+". Make a new SyncRun without it."), true
}

// endCancelled ends a run at once whose Job was never made.
func endCancelled(o *observed, _ time.Time) (step, bool) {
	if !o.run.Spec.Cancel {
		return step{}, false
	}
	return ends(v1alpha1.PhaseCancelled, v1alpha1.ReasonCancelled, "The run was cancelled before it started. Nothing was done."), true
}

func acceptRun(o *observed, _ time.Time) (step, bool) {
	if o.run.Annotations[v1alpha1.AnnotationAcceptedUID] != "" {
		return step{}, false
	}
	return does(accept, v1alpha1.ReasonAccepted, "The run is accepted."), true
}

// awaitTask waits for a task that does not exist yet, but not for ever. A run
// that was made after its task was deleted is meant for the next one of that name.
func awaitTask(o *observed, now time.Time) (step, bool) {
	switch left := taskDeadline(o.run).Sub(now); {
	case o.task != nil && o.taskGone() && left > 0 && o.run.CreationTimestamp.After(o.task.DeletionTimestamp.Time):
		return waits(v1alpha1.ReasonTaskNotFound, fmt.Sprintf("SyncTask %q is being deleted. One that is made again is waited for until %s.",
			o.run.Spec.TaskRef.Name, taskDeadline(o.run).UTC().Format(time.RFC3339)), min(left, soon)), true
	case o.task != nil && o.taskGone():
		return ends(v1alpha1.PhaseCancelled, v1alpha1.ReasonTaskDeleted, "The task is being deleted. Nothing was done."), true
	case o.task != nil:
		return step{}, false
	case left > 0:
		return waits(v1alpha1.ReasonTaskNotFound, fmt.Sprintf("There is no SyncTask %q in this namespace. It is waited for until %s.",
			o.run.Spec.TaskRef.Name, taskDeadline(o.run).UTC().Format(time.RFC3339)), left), true
	}
	return ends(v1alpha1.PhaseFailed, v1alpha1.ReasonTaskDeleted, fmt.Sprintf(
		"There was no SyncTask %q in this namespace for ten minutes. Create it, then make a new SyncRun.", o.run.Spec.TaskRef.Name)), true
}

// awaitRelease waits while somebody stops the task.
func awaitRelease(o *observed, _ time.Time) (step, bool) {
	reason, message := o.stop()
	if reason == "" {
		return step{}, false
	}
	return waits(reason, message+" The run waits.", rarely(o.run)), true
}

// awaitReady starts nothing from a definition that nobody has judged, and
// fails with the task's own words if it was judged to be wrong.
func awaitReady(o *observed, _ time.Time) (step, bool) {
	ready := meta.FindStatusCondition(o.task.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.ObservedGeneration != o.task.Generation || ready.Status == metav1.ConditionUnknown {
		return waits(v1alpha1.ReasonTaskNotReady, "The manager has not looked at the present definition of the task yet.", soon), true
	}
	if ready.Status == metav1.ConditionFalse {
		return ends(v1alpha1.PhaseFailed, v1alpha1.Reason(ready.Reason), "The task is not ready: "+ready.Message), true
	}
	return step{}, false
}

// awaitOthers lets one run of a task be executed at a time, the oldest first,
// and as many in all as the manager allows.
func awaitOthers(o *observed, _ time.Time) (step, bool) {
	if o.sequence() > 0 {
		return step{}, false
	}
	if o.queue.blocker != "" {
		message := fmt.Sprintf("Run %q of the same task was made earlier and goes first.", o.queue.blocker)
		if o.queue.blockerStarted {
			message = fmt.Sprintf("Run %q of the same task is being executed.", o.queue.blocker)
		}
		return waits(v1alpha1.ReasonWaitingForRun, message, rarely(o.run)), true
	}
	if o.queue.full() {
		return waits(v1alpha1.ReasonTooManyRuns, fmt.Sprintf("The manager executes at most %d runs at once. This one is %s of %d in the queue.",
			o.queue.limit, ordinal(o.queue.place), o.queue.waiting), sometime), true
	}
	return step{}, false
}

// ordinal is a place in words: 1st, 2nd, 3rd, 11th.
func ordinal(place int) string {
	suffix := "th"
	if tens := place / 10 % 10; tens != 1 {
		switch place % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(place) + suffix
}

func reserveSequence(o *observed, _ time.Time) (step, bool) {
	if o.sequence() > 0 {
		return step{}, false
	}
	return does(reserve, v1alpha1.ReasonAccepted, "The run has its sequence."), true
}

func storeDefinition(*observed, time.Time) (step, bool) {
	return does(saveDefinition, v1alpha1.ReasonAccepted, "The run has its sequence and the definition that it executes."), true
}

// tidyUp follows the end of a run, once its outcome is stored.
func tidyUp(o *observed, _ time.Time) (step, bool) {
	for _, job := range o.jobs {
		if job.Spec.TTLSecondsAfterFinished == nil && job.DeletionTimestamp.IsZero() {
			return step{action: expireJobs, again: atOnce}, true
		}
	}
	if o.reportCached {
		return step{action: putReportAway}, true
	}
	return step{}, true
}
