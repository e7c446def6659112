package retention

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/past"
	"synccenter.dev/synccenter/internal/schedule"
)

// observed is all that a decision about one task may depend on, beside the time.
type observed struct {
	task *v1alpha1.SyncTask
	// runs are those of the task. They are shared with the cache and not changed.
	runs []*v1alpha1.SyncRun
	// named are the runs that another run or an approval names.
	named map[types.UID]bool
}

// isComplete says whether a run has ended.
func isComplete(run *v1alpha1.SyncRun) bool {
	return meta.IsStatusConditionTrue(run.Status.Conditions, v1alpha1.ConditionComplete)
}

// wasExecuted says whether a run got so far as to have a number in the history.
func wasExecuted(run *v1alpha1.SyncRun) bool { return run.Status.Sequence > 0 }

// modeOf is the trigger that made the run; empty if a person did. The label alone
// proves nothing, since a copy has it too: what a trigger makes is named after
// its time, and nobody applies it.
func modeOf(run *v1alpha1.SyncRun) string {
	if _, timed := schedule.TimeOf(run.Spec.TaskRef.Name, run.Name); !timed || past.WasApplied(run) {
		return ""
	}
	return run.Labels[v1alpha1.LabelTrigger]
}

// isKept says whether somebody wants the run to stay whole.
func isKept(run *v1alpha1.SyncRun) bool {
	_, byAnnotation := run.Annotations[v1alpha1.AnnotationKeep]
	_, byLabel := run.Labels[v1alpha1.AnnotationKeep]
	return byAnnotation || byLabel
}

// mayGo says whether the object itself may be deleted. A name that a person
// chose is an idempotency key: a GitOps tool would apply the run again, and
// that would execute it again. So is a name that was generated once, and under
// which a copy was applied since.
func mayGo(run *v1alpha1.SyncRun) bool {
	return modeOf(run) != "" || (past.IsGenerated(run) && !past.WasApplied(run))
}

// hasDetails says whether anything of the run is stored beside its status.
func hasDetails(run *v1alpha1.SyncRun) bool {
	return run.Status.Task != nil && !meta.IsStatusConditionFalse(run.Status.Conditions, v1alpha1.ConditionDetailsKept)
}

// hasRecords says whether the run's records are stored.
func hasRecords(run *v1alpha1.SyncRun) bool {
	return hasDetails(run) && run.Status.Records != nil
}

// hasPlain says whether records of entries without a change are stored one by one.
func hasPlain(run *v1alpha1.SyncRun) bool {
	unchanged := func(counts *v1alpha1.SubjectCounts) bool { return counts != nil && counts.Total > counts.Updates.Total }
	counted := meta.IsStatusConditionTrue(run.Status.Conditions, v1alpha1.ConditionDetailsKept)
	return hasRecords(run) && !counted && (unchanged(run.Status.Users) || unchanged(run.Status.Organizations))
}

// endOf is when a run ended.
func endOf(run *v1alpha1.SyncRun) time.Time {
	if run.Status.CompletionTime == nil {
		return run.CreationTimestamp.Time
	}
	return run.Status.CompletionTime.Time
}

// newestFirst orders runs by their number in the history, and those without one
// by when they were made.
func newestFirst(a, b *v1alpha1.SyncRun) int {
	return cmp.Or(
		cmp.Compare(b.Status.Sequence, a.Status.Sequence),
		b.CreationTimestamp.Compare(a.CreationTimestamp.Time),
		cmp.Compare(b.Name, a.Name),
	)
}

// lastRun is the run that was let start last. The task may not say so yet.
func (o *observed) lastRun() types.UID {
	var newest *v1alpha1.SyncRun
	for _, run := range o.runs {
		if wasExecuted(run) && (newest == nil || newestFirst(run, newest) < 0) {
			newest = run
		}
	}
	last := o.task.Status.LastRun
	switch {
	case newest == nil && last == nil:
		return ""
	case newest == nil || (last != nil && last.Sequence > newest.Status.Sequence):
		return last.UID
	}
	return newest.UID
}

// newestRecords is the last run with records, which people look into first.
func (o *observed) newestRecords() types.UID {
	var newest *v1alpha1.SyncRun
	for _, run := range o.runs {
		if isComplete(run) && hasRecords(run) && (newest == nil || newestFirst(run, newest) < 0) {
			newest = run
		}
	}
	if newest == nil {
		return ""
	}
	return newest.UID
}

// isRemembered says whether the task's short history has seen the run: until
// then removing it would lose an execution.
func (o *observed) isRemembered(run *v1alpha1.SyncRun) bool {
	recent := o.task.Status.RecentExecutions
	if !wasExecuted(run) || slices.ContainsFunc(recent, func(e v1alpha1.RecentExecution) bool { return e.UID == run.UID }) {
		return true
	}
	return len(recent) > 0 && recent[len(recent)-1].Sequence > run.Status.Sequence
}

// namedBy are the runs that a run's spec names.
func namedBy(run *v1alpha1.SyncRun) []types.UID {
	var result []types.UID
	if run.Spec.ApplyPlan != nil {
		result = append(result, run.Spec.ApplyPlan.RunRef.UID)
	}
	for _, source := range []*v1alpha1.RunSource{run.Spec.Retry, run.Spec.Undo} {
		if source != nil {
			result = append(result, source.RunRef.UID)
		}
	}
	return result
}
