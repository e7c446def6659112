package syncrun

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition"
	"synccenter.dev/synccenter/controllers/runnerjob"
	"synccenter.dev/synccenter/internal/report"
)

// endWithOutcome ends a run with what its runner says. It comes first: a run
// that has ended has ended, whatever became of its Job since.
func endWithOutcome(o *observed, _ time.Time) (step, bool) {
	outcome := o.outcome()
	if outcome == nil {
		return step{}, false
	}
	phase, reason := phaseOf(outcome)
	if why, _ := o.stop(); phase == v1alpha1.PhaseCancelled && why == v1alpha1.ReasonTaskDeleted {
		reason = why
	}
	message := cmp.Or(outcome.Message, sentences[phase])
	if notice := o.report.Notice; notice != "" && !strings.Contains(message, notice) {
		message += " " + notice
	}
	if isFirstBySchedule(o.run) && (phase == v1alpha1.PhaseSucceeded || phase == v1alpha1.PhasePartiallyFailed) {
		message += " " + firstSync
	}
	return ends(phase, reason, message), true
}

// firstSync is said of the first run of a task that nobody was there to start.
const firstSync = "This was the first sync of the task, started by its schedule: look at what it created and took over."

// isFirstBySchedule says whether a run was started by a schedule and is the
// first that its task, or an earlier one with the same state, ever had.
func isFirstBySchedule(run *v1alpha1.SyncRun) bool {
	return run.Status.Sequence == 1 && run.Labels[v1alpha1.LabelTrigger] == string(v1alpha1.TriggerScheduled)
}

// sentences are what is said of an outcome that needs no more words.
var sentences = map[v1alpha1.Phase]string{
	v1alpha1.PhaseSucceeded:       "Everything is in step.",
	v1alpha1.PhasePartiallyFailed: "Some operations failed. The records say which, and why.",
	v1alpha1.PhaseFailed:          "The run could not go on.",
	v1alpha1.PhaseCancelled:       "The run was stopped at a safe point. The records say what had been done.",
}

// phaseOf translates a runner's result. A reason that is not in the contract
// becomes that of the phase; the message keeps the details.
func phaseOf(outcome *report.Outcome) (v1alpha1.Phase, v1alpha1.Reason) {
	var phase v1alpha1.Phase
	switch outcome.Result {
	case report.Succeeded:
		return v1alpha1.PhaseSucceeded, v1alpha1.ReasonSucceeded
	case report.PartiallyFailed:
		phase = v1alpha1.PhasePartiallyFailed
	case report.Cancelled:
		phase = v1alpha1.PhaseCancelled
	default:
		phase = v1alpha1.PhaseFailed
	}
	reason := v1alpha1.Reason(outcome.Reason)
	if reason == v1alpha1.ReasonSucceeded || !condition.Known(v1alpha1.KindSyncRun, v1alpha1.ConditionComplete, metav1.ConditionTrue, reason) {
		reason = v1alpha1.Reason(phase)
	}
	return phase, reason
}

// reportUnusable changes nothing while the runner's words cannot be understood.
// A newer manager may understand them; what is damaged nobody will.
func reportUnusable(o *observed, _ time.Time) (step, bool) {
	if o.reportProblem == "" {
		return step{}, false
	}
	if o.reportDamaged && (o.job == nil || hasFinished(o.job)) {
		return ends(v1alpha1.PhaseFailed, v1alpha1.ReasonFailed,
			o.reportProblem+". What the run did is not known here; the next run compares afresh: make a new SyncRun."), true
	}
	return waits(v1alpha1.ReasonRunning, o.reportProblem, sometime), true
}

// endUnbegun ends a run that must stop and whose runner never said a word: no
// runner writes to a target before it has reported.
func endUnbegun(o *observed, _ time.Time) (step, bool) {
	reason, message := o.stop()
	if o.report != nil || (reason != v1alpha1.ReasonCancelled && reason != v1alpha1.ReasonTaskDeleted) {
		return step{}, false
	}
	if o.pods.left {
		return waits(v1alpha1.ReasonStopping, message+" Its pod is removed.", soon), true
	}
	return ends(v1alpha1.PhaseCancelled, reason, message+" Nothing was done."), true
}

// endWithoutDefinition ends a run whose stored definition somebody has deleted.
func endWithoutDefinition(o *observed, _ time.Time) (step, bool) {
	if o.definition != nil {
		return step{}, false
	}
	return ends(v1alpha1.PhaseFailed, v1alpha1.ReasonFailed,
		"The stored definition of this run is gone, so it cannot be finished. The next run compares afresh: make a new SyncRun."), true
}

// holdUnbegun makes no Job while somebody stops the task.
func holdUnbegun(o *observed, _ time.Time) (step, bool) {
	reason, message := o.stop()
	if reason == "" || o.report != nil {
		return step{}, false
	}
	return waits(reason, message+" The run waits.", rarely(o.run)), true
}

// awaitName waits while the name of the Job is taken, such as by the Job of a
// deleted run of the same name.
func awaitName(o *observed, _ time.Time) (step, bool) {
	if o.foreignJob == "" {
		return step{}, false
	}
	return waits(v1alpha1.ReasonWaitingForPod, fmt.Sprintf("Job %q exists and belongs to something else. The run goes on when it is gone.", o.foreignJob), soon), true
}

// endWithoutJob gives up a run whose Jobs keep disappearing.
func endWithoutJob(o *observed, _ time.Time) (step, bool) {
	if o.attempt < maxAttempts {
		return step{}, false
	}
	return ends(v1alpha1.PhaseFailed, v1alpha1.ReasonFailed, fmt.Sprintf(
		"%d Jobs of this run disappeared before they ended. What was done is recorded as far as it is known. See who deletes them, then make a new SyncRun.",
		o.attempt)), true
}

// makeJob makes the first Job, or the next one of a run whose Job is gone.
func makeJob(o *observed, _ time.Time) (step, bool) {
	next := runnerjob.Attempt{Number: o.attempt + 1, SettleOnly: o.mustStop() || o.attempt+1 == maxAttempts}
	result := step{
		action: createJob, attempt: next, again: atOnce,
		reason: v1alpha1.ReasonWaitingForPod, message: notReported,
	}
	if o.attempt > 0 {
		result.reason = v1alpha1.ReasonJobMissing
		result.message = fmt.Sprintf("Job %q is gone and no outcome is stored. The next Job finishes the same plan.", runnerjob.Name(o.run.Name, o.attempt))
	}
	return result, true
}

// awaitDeletion waits for a Job that somebody has deleted to be gone.
func awaitDeletion(o *observed, _ time.Time) (step, bool) {
	if o.job.DeletionTimestamp.IsZero() {
		return step{}, false
	}
	return waits(v1alpha1.ReasonJobMissing, fmt.Sprintf("Job %q is being deleted. The next Job finishes the same plan.", o.job.Name), soon), true
}

// settleFinished follows a Job that ended without an outcome: one last attempt
// finds out what was done, unless there is nothing to find out.
func settleFinished(o *observed, _ time.Time) (step, bool) {
	reason, message, finished := finishedJob(o)
	if !finished {
		return step{}, false
	}
	if o.report != nil && o.definition != nil && !runnerjob.SettlesOnly(o.job) && o.attempt < maxAttempts {
		return step{
			action: createJob, attempt: runnerjob.Attempt{Number: o.attempt + 1, SettleOnly: true}, again: atOnce,
			reason: v1alpha1.ReasonSettlingDoubt, message: message + " A last attempt settles what is in doubt.",
		}, true
	}
	if stopping, why := o.stop(); o.report == nil && (stopping == v1alpha1.ReasonCancelled || stopping == v1alpha1.ReasonTaskDeleted) {
		return ends(v1alpha1.PhaseCancelled, stopping, why+" Nothing was done."), true
	}
	if o.report == nil {
		message += " The runner never reported, so nothing was done."
	} else {
		message += " What was done could not be settled; the next run reads the target and goes on from there."
	}
	return ends(v1alpha1.PhaseFailed, reason, message), true
}

// finishedJob says how the newest Job ended, if it has.
func finishedJob(o *observed) (reason v1alpha1.Reason, message string, finished bool) {
	for _, c := range o.job.Status.Conditions {
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch {
		case c.Type == batchv1.JobComplete:
			return v1alpha1.ReasonFailed, "The runner ended without an outcome." + o.pods.lastWords(), true
		case c.Type == batchv1.JobFailed && c.Reason == batchv1.JobReasonDeadlineExceeded:
			return v1alpha1.ReasonDeadlineExceeded, "The run took longer than execution.activeDeadlineSeconds allows." + o.pods.lastWords(), true
		case c.Type == batchv1.JobFailed && c.Reason == batchv1.JobReasonBackoffLimitExceeded:
			return v1alpha1.ReasonBackoffLimit, "Pods failed more often than execution.backoffLimit allows." + o.pods.lastWords(), true
		case c.Type == batchv1.JobFailed:
			return v1alpha1.ReasonFailed, "The runner failed for good." + o.pods.lastWords(), true
		}
	}
	return "", "", false
}

// leaveLostNode gives up a Job whose pod stays on a node that no longer
// answers, once its runner cannot believe any more that it holds the Lease.
func leaveLostNode(o *observed, _ time.Time) (step, bool) {
	if o.pods.lostNode == "" {
		return step{}, false
	}
	return does(deleteJob, v1alpha1.ReasonNodeLost, fmt.Sprintf("Node %q no longer answers. The next Job finishes the same plan.", o.pods.lostNode)), true
}

// stopRunner ends a started run at a safe point. One that only settles is left
// to its end, which is the same.
func stopRunner(o *observed, _ time.Time) (step, bool) {
	reason, message := o.stop()
	switch {
	case reason == "" || runnerjob.SettlesOnly(o.job):
		return step{}, false
	case o.report == nil || (o.task == nil && o.definition == nil):
		// Without task and definition nobody knows the Lease any more.
		return does(deleteJob, v1alpha1.ReasonStopping, message+" Its pod is removed."), true
	}
	return step{action: requestStop, reason: v1alpha1.ReasonStopping, message: message + " The runner comes to a safe point.", again: soon}, true
}

// notReported is said of a Job from its making to the runner's first word, so
// that a start is one news and not three.
const notReported = "The Job is made. Its runner has not reported yet."

// follow shows how far the runner is.
func follow(o *observed, now time.Time) (step, bool) {
	switch {
	case o.pods.trouble != "":
		return waits(v1alpha1.ReasonWaitingForPod, o.pods.trouble, sometime), true
	case o.report == nil:
		return waits(v1alpha1.ReasonWaitingForPod, notReported, rarer(o.job.CreationTimestamp.Time, now)), true
	case !o.pods.working:
		return waits(v1alpha1.ReasonWaitingForPod, "The Job has no pod at work.", rarer(o.job.CreationTimestamp.Time, now)), true
	case runnerjob.SettlesOnly(o.job):
		return waits(v1alpha1.ReasonSettlingDoubt, "Attempts have run out. A last one settles what is in doubt and completes the records.", sometime), true
	case o.report.Notice != "":
		return waits(v1alpha1.ReasonRunning, o.report.Notice, sometime), true
	}
	return waits(v1alpha1.ReasonRunning, "The runner is at work.", sometime), true
}

// rarer is when to look again at what a watch should tell of: the longer it takes,
// the less often, so that a thousand runs that wait for room cost little.
func rarer(since, now time.Time) time.Duration {
	return min(max(now.Sub(since)/4, soon), sometime)
}
