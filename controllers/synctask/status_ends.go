package synctask

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/internal/report"
)

// end is one of the two ends of a task: its condition, and where runs and checks tell of it.
type end struct {
	condition string
	ofRun     func(*report.Report) *report.Endpoint
	ofCheck   func(*observed) *report.Endpoint
}

var ends = []end{
	{
		v1alpha1.ConditionSourceReady,
		func(r *report.Report) *report.Endpoint { return r.Source },
		func(o *observed) *report.Endpoint { return &o.check.Check.Source.Endpoint },
	},
	{
		v1alpha1.ConditionTargetReady,
		func(r *report.Report) *report.Endpoint { return r.Target },
		func(o *observed) *report.Endpoint { return &o.check.Check.Target.Endpoint },
	},
}

// setEnds says how source and target answered last with the present
// definition: a check or a run, whichever is newer.
func setEnds(result *v1alpha1.SyncTaskStatus, set condition.Setter, o *observed) {
	if check := o.check; check != nil && check.Ended != nil {
		result.LastCheck = &v1alpha1.LastCheck{Name: check.Name, Time: metav1.NewTime(check.Ended.Truncate(time.Second))}
	}
	for _, e := range ends {
		setEnd(set, o, e)
	}
}

func setEnd(set condition.Setter, o *observed, e end) {
	told, at := tellingRun(o, e, set.Now)
	check, present := o.check, meta.FindStatusCondition(*set.Conditions, e.condition)
	current := present != nil && present.ObservedGeneration == o.task.Generation
	if told == nil && current && overtaken(o, set.Now) {
		return // a run that is gone has told something newer
	}
	if check != nil && check.Checked == o.checked && (told == nil || spoke(check, set.Now).After(at)) {
		switch {
		case check.Trouble != "":
			set.Set(e.condition, metav1.ConditionUnknown, v1alpha1.ReasonCheckFailed, "The check could not be made. "+check.Trouble)
			return
		case check.Failure != "":
			set.Set(e.condition, metav1.ConditionUnknown, v1alpha1.ReasonCheckFailed, "The check could not be made: "+check.Failure)
			return
		case check.Check != nil:
			told = e.ofCheck(o)
		}
	}
	if told != nil {
		reason := v1alpha1.Reason(told.Reason)
		answered := metav1.ConditionFalse
		if reason == v1alpha1.ReasonConnected {
			answered = metav1.ConditionTrue
		} else if !condition.Known(v1alpha1.KindSyncTask, e.condition, answered, reason) {
			reason = v1alpha1.ReasonUnreachable
		}
		message := told.Message
		if answered == metav1.ConditionFalse {
			message = withRetry(message, o.task.Name)
		}
		set.Set(e.condition, answered, reason, message)
		return
	}
	if !current {
		set.Set(e.condition, metav1.ConditionUnknown, v1alpha1.ReasonNotChecked, notChecked(o.task))
	}
}

// withRetry ends a message with how to see whether what it tells is mended,
// however long it is.
func withRetry(message, task string) string {
	again := fmt.Sprintf(" Try it again: kubectl synccenter check %s", task)
	message = condition.Bound(strings.TrimSpace(message), condition.MessageLimit-utf8.RuneCountInString(again)-1)
	if !strings.HasSuffix(message, ".") && !strings.HasSuffix(message, "…") {
		message += "."
	}
	return message + again
}

// overtaken says whether an execution has ended after the newest check.
func overtaken(o *observed, now time.Time) bool {
	return o.check != nil && slices.ContainsFunc(o.task.Status.RecentExecutions, func(e v1alpha1.RecentExecution) bool {
		return inspection.Trusted(e.Time.Time, now).After(spoke(o.check, now))
	})
}

// spoke is how old the word of a check is.
func spoke(check *inspection.Inspection, now time.Time) time.Time {
	return inspection.SpokeAt(check.Begun, check.Ended, now)
}

// tellingRun is what the newest run of the present definition told about an end, and when.
func tellingRun(o *observed, e end, now time.Time) (told *report.Endpoint, at time.Time) {
	for i := range o.runs {
		run := &o.runs[i]
		facts := o.reports[run.UID]
		if run.Status.Task == nil || run.Status.Task.Generation != o.task.Generation || facts == nil || e.ofRun(facts) == nil {
			continue
		}
		at = facts.StartTime
		if run.Status.CompletionTime != nil {
			at = run.Status.CompletionTime.Time
		}
		found := *e.ofRun(facts)
		found.Message = cmp.Or(found.Message, fmt.Sprintf("It answered run %q.", run.Name))
		return &found, inspection.Trusted(at, now)
	}
	return nil, time.Time{}
}

// notChecked says why nothing is known yet, and what comes next.
func notChecked(task *v1alpha1.SyncTask) string {
	message := "Neither a check nor a run has tried it since the definition changed."
	_, held := task.Annotations[v1alpha1.AnnotationHold]
	if held || task.Spec.Suspend {
		return message + fmt.Sprintf(" The task is suspended or held, so it is checked on request only: kubectl synccenter check %s.", task.Name)
	}
	return message + " A check follows."
}
