package cli

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// taskState is how a task is, in one word.
type taskState string

// The states of a task. When several hold, the first of this order is shown: what goes on, what keeps the task from running, how it ended.
const (
	stateDeleted          taskState = "Deleted" // only while watching
	stateRunning          taskState = "Running"
	stateNotReady         taskState = "NotReady"
	stateHeld             taskState = "Held"
	stateSuspended        taskState = "Suspended"
	stateSourceNotReady   taskState = "SourceNotReady"
	stateTargetNotReady   taskState = "TargetNotReady"
	stateFailed           taskState = "Failed"
	statePartlyFailed     taskState = "PartlyFailed"
	stateDeletionsWaiting taskState = "DeletionsWaiting"
	stateOK               taskState = "OK"
	stateCancelled        taskState = "Cancelled"
	stateNeverRun         taskState = "NeverRun"
)

// ended are the states of a task by how its last run ended.
var endedStates = map[v1alpha1.Phase]taskState{
	v1alpha1.PhaseFailed:          stateFailed,
	v1alpha1.PhasePartiallyFailed: statePartlyFailed,
	v1alpha1.PhaseSucceeded:       stateOK,
	v1alpha1.PhaseCancelled:       stateCancelled,
}

// stateOf names the state of a task and says why it is in it, as far as there is more to say.
func stateOf(task *v1alpha1.SyncTask) (taskState, string) {
	hold, held := task.Annotations[v1alpha1.AnnotationHold]
	last, run := lastState(task)
	ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
	pending := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionDeletionsPending)
	switch {
	case last == stateRunning:
		return last, run
	case ready != nil && ready.Status == metav1.ConditionFalse:
		return stateNotReady, ready.Message
	case held:
		return stateHeld, hold
	case task.Spec.Suspend:
		return stateSuspended, strings.TrimSuffix("spec.suspend is true; "+whyEnded(task, last, run), "; ")
	}
	if state, why := unusableEnd(task); state != "" {
		return state, why
	}
	if pending != nil && pending.Status == metav1.ConditionTrue && (last == stateOK || last == stateCancelled || last == stateNeverRun) {
		return stateDeletionsWaiting, pending.Message
	}
	return last, whyEnded(task, last, run)
}

// unusableEnd is the end of a task that the last check or run could not use, and why: a next run would fail, however the last one ended.
func unusableEnd(task *v1alpha1.SyncTask) (taskState, string) {
	for _, end := range []struct {
		condition string
		state     taskState
	}{{v1alpha1.ConditionSourceReady, stateSourceNotReady}, {v1alpha1.ConditionTargetReady, stateTargetNotReady}} {
		if found := meta.FindStatusCondition(task.Status.Conditions, end.condition); found != nil && found.Status == metav1.ConditionFalse {
			return end.state, found.Message
		}
	}
	return "", ""
}

// lastState is how the last run is, or how the last one about all entries ended, and the name of that run.
func lastState(task *v1alpha1.SyncTask) (taskState, string) {
	last := task.Status.LastRun
	if last != nil {
		state, ended := endedStates[last.Phase]
		if !ended {
			return stateRunning, last.Name
		}
		if recent := task.Status.RecentExecutions; len(recent) > 0 && last.Sequence > recent[0].Sequence {
			return state, last.Name // it was deleted before it ended, and is no execution that is remembered
		}
	}
	for _, execution := range task.Status.RecentExecutions {
		if execution.Coverage != v1alpha1.CoverageSome {
			return endedStates[execution.Outcome], execution.Run
		}
	}
	switch {
	case task.Status.LastSync != nil: // ten about some entries came after it
		return endedStates[task.Status.LastSync.Outcome], task.Status.LastSync.Run
	case len(task.Status.RecentExecutions) > 0:
		return endedStates[task.Status.RecentExecutions[0].Outcome], task.Status.RecentExecutions[0].Run
	case last != nil:
		return endedStates[last.Phase], last.Name
	}
	return stateNeverRun, ""
}

// whyEnded says where it stands why the last run ended as it did, unless that was well: a task does not know the messages of its runs.
func whyEnded(task *v1alpha1.SyncTask, last taskState, run string) string {
	if last != stateFailed && last != statePartlyFailed {
		return ""
	}
	return fmt.Sprintf("run %s: %s; see: kubectl synccenter history %s -o wide", run, last, task.Name)
}

// The colours of a terminal. Orange is one of its 256.
const (
	blue     = "\x1b[34m"
	green    = "\x1b[32m"
	red      = "\x1b[31m"
	orange   = "\x1b[38;5;208m"
	grey     = "\x1b[90m"
	noColour = "\x1b[0m"
)

var stateColours = map[taskState]string{
	stateDeleted:          grey,
	stateRunning:          blue,
	stateNotReady:         red,
	stateHeld:             orange,
	stateSuspended:        grey,
	stateSourceNotReady:   red,
	stateTargetNotReady:   red,
	stateFailed:           red,
	statePartlyFailed:     red,
	stateDeletionsWaiting: orange,
	stateOK:               green,
	stateCancelled:        grey,
	stateNeverRun:         grey,
}

// paintState colours the cells of one column by the state that they name.
func paintState(column int) func(int, string) string {
	return func(at int, cell string) string {
		colour, known := stateColours[taskState(cell)]
		if at != column || !known {
			return cell
		}
		return strings.Join([]string{colour, cell, noColour}, "")
	}
}
