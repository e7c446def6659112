package syncrun

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/report"
)

// observed is all that a decision may depend on, beside the time.
type observed struct {
	run *v1alpha1.SyncRun
	// task is read live; nil if there is none.
	task *v1alpha1.SyncTask
	// notServed are the paths of fields of the run that are not served yet.
	notServed []string
	queue     queue

	// definition is what the run executes, and executed names it. They are read
	// where a step may need them; nil if none is stored.
	definition *definition.Definition
	executed   *v1alpha1.ExecutedTask

	// What follows is seen once the definition is stored.

	// attempt is the number of the newest Job; 0 if none was ever made.
	attempt int32
	// job is the Job of that attempt; nil if it is gone.
	job *batchv1.Job
	// foreignJob is a Job of that name that is not the run's.
	foreignJob string
	// jobs are all Jobs of the run.
	jobs []batchv1.Job
	pods pods
	// report is the runner's newest word; nil before the first.
	report *report.Report
	// reportProblem says why a report that is there cannot be used, and
	// reportDamaged that no other version of the manager could.
	reportProblem string
	reportDamaged bool
	// reportCached says of a run that has ended that its report still takes room in the cache.
	reportCached bool
}

// sequence is the number that was reserved for the run, 0 if none was: it
// stands in the task before it stands in the run. A copy has none.
func (o *observed) sequence() int64 {
	if isCopy(o.run) {
		return 0
	}
	if o.run.Status.Sequence > 0 {
		return o.run.Status.Sequence
	}
	if o.task != nil && o.task.Status.LastRun != nil && o.task.Status.LastRun.UID == o.run.UID {
		return o.task.Status.LastRun.Sequence
	}
	return 0
}

// hasDefinition says whether what the run executes is stored.
func (o *observed) hasDefinition() bool {
	return o.definition != nil || o.run.Status.Task != nil
}

// taskGone says whether the task is deleted or about to be.
func (o *observed) taskGone() bool {
	return o.task == nil || !o.task.DeletionTimestamp.IsZero()
}

// outcome is how the runner says that the run ended, or nil.
func (o *observed) outcome() *report.Outcome {
	if o.report == nil {
		return nil
	}
	return o.report.Outcome
}

// stop says why a started run must end at a safe point, or is empty.
func (o *observed) stop() (reason v1alpha1.Reason, message string) {
	switch {
	case o.run.Spec.Cancel:
		return v1alpha1.ReasonCancelled, "The run is cancelled."
	case o.taskGone():
		return v1alpha1.ReasonTaskDeleted, "The task was deleted."
	case heldBy(o.task) != "":
		return v1alpha1.ReasonTaskHeld, "The task is held: " + heldBy(o.task) + "."
	case o.task.Spec.Suspend:
		return v1alpha1.ReasonTaskSuspended, "The task is suspended."
	}
	return "", ""
}

// mustStop says whether a started run must end at a safe point.
func (o *observed) mustStop() bool {
	reason, _ := o.stop()
	return reason != ""
}

// heldBy is the reason that somebody gave for stopping the task, or empty.
func heldBy(task *v1alpha1.SyncTask) string {
	reason, held := task.Annotations[v1alpha1.AnnotationHold]
	if held && reason == "" {
		return "no reason was given"
	}
	return reason
}

// isComplete says whether a run has ended.
func isComplete(run *v1alpha1.SyncRun) bool {
	return meta.IsStatusConditionTrue(run.Status.Conditions, v1alpha1.ConditionComplete)
}

// isCopy says whether a run was accepted as another object: a restored backup.
func isCopy(run *v1alpha1.SyncRun) bool {
	accepted := run.Annotations[v1alpha1.AnnotationAcceptedUID]
	return accepted != "" && accepted != string(run.UID)
}

// isOlder orders runs by their creation, then by name.
func isOlder(a, b *v1alpha1.SyncRun) bool {
	if a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.Name < b.Name
	}
	return a.CreationTimestamp.Before(&b.CreationTimestamp)
}

// taskDeadline is until when a missing task is waited for.
func taskDeadline(run *v1alpha1.SyncRun) time.Time {
	return run.CreationTimestamp.Add(taskPatience)
}
