package synctask

import (
	"cmp"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/schedule"
)

// timing is what the schedule of a task asks for at one moment, and how the
// task looks when that is done. Of a task without a schedule it is empty.
type timing struct {
	// start is the scheduled time whose run is to be made; zero if there is none.
	start time.Time
	// next is when the schedule asks again; zero if something must change first.
	next time.Time
	// last is the newest scheduled time that has its run then; zero if that is not known here.
	last time.Time
	// progress is how far the manager is then.
	progress *v1alpha1.ScheduleStatus
	// missed counts the times that are found to have passed without a run, and
	// unwanted those of them that passed so although nobody had stopped the task.
	missed, unwanted int
	// verdict is the condition Scheduled then; without a reason there is none.
	verdict verdict
	news    []news
}

// verdict is a condition, without its name.
type verdict struct {
	status  metav1.ConditionStatus
	reason  v1alpha1.Reason
	message string
}

// news is an event on the task.
type news struct {
	kind, reason, message string
}

// timingOf says what the schedule asks for. What is dealt with stands in the
// task's status, so that nothing depends on runs that retention removes.
func timingOf(o *observed, now time.Time) *timing {
	task := o.task
	if task.Spec.Trigger.Mode != v1alpha1.TriggerScheduled {
		return &timing{}
	}
	if len(o.faults) > 0 {
		// The schedule itself may be what is wrong, so it is not looked at.
		return &timing{progress: task.Status.Schedule, verdict: verdict{
			metav1.ConditionFalse, v1alpha1.ReasonTaskNotReady, "The definition is not valid, so nothing starts. Scheduled times pass.",
		}}
	}
	timetable := definition.Resolve(&task.Spec).Trigger.Schedule
	result := &timing{progress: progressOf(task, timetable, now)}
	if reason, message := stopOf(task); reason != "" {
		result.verdict = verdict{metav1.ConditionFalse, reason, message + " Scheduled times pass; the newest has its run if the task goes on in time for it."}
		return result
	}
	parsed, err := schedule.Parse(timetable.Cron, timetable.TimeZone)
	if err != nil {
		return result // it was parsed for the judgement of the definition
	}
	deadline := time.Duration(timetable.StartingDeadlineSeconds) * time.Second
	made := o.madeSince(result.progress.Through.Time, now)
	result.follow(o, parsed.Due(result.progress.Through.Time, now, deadline, made...), made, now)
	return result
}

// follow decides what becomes of the times that have come.
func (t *timing) follow(o *observed, due schedule.Due, made []time.Time, now time.Time) {
	since := t.progress.Through.Time
	t.next, t.missed = due.Next, due.Missed
	for _, at := range made {
		if at.After(t.last) && !at.Equal(due.Time) {
			t.last = at
		}
	}
	t.verdict = standing(o.task)
	if !t.last.IsZero() {
		t.verdict = onSchedule
	}
	if t.missed > 0 {
		t.verdict = verdict{metav1.ConditionFalse, v1alpha1.ReasonScheduleMissed, missedSentence(t.missed, since, o.task)}
		t.tell(corev1.EventTypeWarning)
	}
	if !wasStopped(o.task) {
		t.unwanted = t.missed
	}
	switch waiting := o.waitingBySchedule(due.Time); {
	case due.Time.IsZero():
		if t.missed > 0 || !t.last.IsZero() {
			t.progress.Through = metav1.NewTime(now.Truncate(time.Second))
		}
	case waiting != "":
		t.missed++
		t.unwanted++
		t.progress.Through = metav1.NewTime(due.Time)
		t.verdict = verdict{metav1.ConditionFalse, v1alpha1.ReasonScheduleSkipped, fmt.Sprintf(
			"The time %s was skipped: run %q of an earlier time has not started yet, and does the same when it starts.", clockText(due.Time), waiting)}
		t.tell(corev1.EventTypeWarning)
	default:
		t.start, t.last = due.Time, due.Time
		t.progress.Through = metav1.NewTime(due.Time)
		t.verdict = onSchedule
	}
	t.progress.Missed += int64(t.missed)
}

// tell makes the verdict an event.
func (t *timing) tell(kind string) {
	t.news = append(t.news, news{kind, string(t.verdict.reason), t.verdict.message})
}

var onSchedule = verdict{metav1.ConditionTrue, v1alpha1.ReasonOnSchedule, "Runs start by the schedule."}

// standing is the verdict if nothing has come: it stays what it was, unless
// something else than the schedule had stopped the task.
func standing(task *v1alpha1.SyncTask) verdict {
	present := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionScheduled)
	if present == nil || task.Status.Schedule == nil {
		return onSchedule
	}
	reason := v1alpha1.Reason(present.Reason)
	if reason != v1alpha1.ReasonScheduleMissed && reason != v1alpha1.ReasonScheduleSkipped {
		return onSchedule
	}
	return verdict{present.Status, reason, present.Message}
}

// stoppedBy says in a sentence about missed times what had stopped the task.
var stoppedBy = map[v1alpha1.Reason]string{
	v1alpha1.ReasonTaskSuspended: "the task was suspended",
	v1alpha1.ReasonTaskHeld:      "the task was held",
	v1alpha1.ReasonTaskNotReady:  "the definition was not valid",
}

// wasStopped says whether somebody had stopped the task on purpose until now.
func wasStopped(task *v1alpha1.SyncTask) bool {
	reason := scheduledReason(task)
	return reason == v1alpha1.ReasonTaskSuspended || reason == v1alpha1.ReasonTaskHeld
}

// scheduledReason is the reason of the condition Scheduled as it was written last, or empty.
func scheduledReason(task *v1alpha1.SyncTask) v1alpha1.Reason {
	present := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionScheduled)
	if present == nil {
		return ""
	}
	return v1alpha1.Reason(present.Reason)
}

// missedSentence says how many times were missed, since when and why.
func missedSentence(count int, since time.Time, task *v1alpha1.SyncTask) string {
	number := fmt.Sprintf("%d scheduled times", count)
	switch {
	case count == 1:
		number = "1 scheduled time"
	case count > schedule.MissedLimit:
		number = fmt.Sprintf("More than %d scheduled times", schedule.MissedLimit)
	}
	why := cmp.Or(stoppedBy[scheduledReason(task)], "the manager was away, or could not make a run in time")
	return fmt.Sprintf("%s after %s passed without a run: %s.", number, clockText(since), why)
}

func clockText(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// progressOf is how far the manager is in the present schedule. A clock that was
// ahead by more than a day leaves no trace in it.
func progressOf(task *v1alpha1.SyncTask, timetable *v1alpha1.Schedule, now time.Time) *v1alpha1.ScheduleStatus {
	progress := task.Status.Schedule.DeepCopy()
	if progress == nil || progress.Cron != timetable.Cron || progress.TimeZone != timetable.TimeZone {
		progress = &v1alpha1.ScheduleStatus{Cron: timetable.Cron, TimeZone: timetable.TimeZone, Through: beginOf(task, now)}
	}
	progress.Through = metav1.NewTime(schedule.DealtWith(progress.Through.Time, now))
	return progress
}

// beginOf is when the present schedule begins. One that is new or was changed
// begins now, and that of a new task when it was made: what it would have
// started before is not made up for.
func beginOf(task *v1alpha1.SyncTask, now time.Time) metav1.Time {
	begin := metav1.NewTime(now.Truncate(time.Second))
	if task.Status.Schedule == nil && task.Generation == 1 {
		begin = task.CreationTimestamp
	}
	if last := task.Status.LastScheduleTime; last != nil && last.After(begin.Time) {
		begin = *last
	}
	return begin
}

// madeSince are the times whose runs were made since a time although the status
// does not say so, since the manager died between the two writes: they were not missed.
func (o *observed) madeSince(since, now time.Time) []time.Time {
	var result []time.Time
	for i := range o.runs {
		if at, ok := scheduledTime(o.task.Name, &o.runs[i]); ok && at.After(since) && !at.After(now) {
			result = append(result, at)
		}
	}
	return result
}

// waitingBySchedule is a run of an earlier scheduled time that has not started
// yet, or empty. One that waits is enough: it does what the next would do.
func (o *observed) waitingBySchedule(due time.Time) string {
	for i := range o.runs {
		run := &o.runs[i]
		at, ok := scheduledTime(o.task.Name, run)
		if ok && at.Before(due) && run.Status.Sequence == 0 && run.Status.CompletionTime == nil && run.DeletionTimestamp.IsZero() {
			return run.Name
		}
	}
	return ""
}

// scheduledTime is the time for which the schedule made a run, if it did.
func scheduledTime(task string, run *v1alpha1.SyncRun) (time.Time, bool) {
	if run.Labels[v1alpha1.LabelTrigger] != string(v1alpha1.TriggerScheduled) {
		return time.Time{}, false
	}
	return schedule.TimeOf(task, run.Name)
}

// stopOf says what keeps the task from starting anything, or is empty.
func stopOf(task *v1alpha1.SyncTask) (reason v1alpha1.Reason, message string) {
	hold, held := task.Annotations[v1alpha1.AnnotationHold]
	switch {
	case held && hold == "":
		return v1alpha1.ReasonTaskHeld, "The task is held, so nothing starts."
	case held:
		return v1alpha1.ReasonTaskHeld, "The task is held, so nothing starts: " + hold + "."
	case task.Spec.Suspend:
		return v1alpha1.ReasonTaskSuspended, "The task is suspended, so nothing starts."
	}
	return "", ""
}

// applyTo shows the timing in a status.
func (t *timing) applyTo(result *v1alpha1.SyncTaskStatus, set condition.Setter) {
	result.Schedule = t.progress
	result.NextScheduleTime = nil
	if !t.next.IsZero() {
		next := metav1.NewTime(t.next)
		result.NextScheduleTime = &next
	}
	// One that has not come yet was written by a clock that was ahead.
	if before := result.LastScheduleTime; !t.last.IsZero() && (before == nil || before.Time.Before(t.last) || before.After(set.Now)) {
		last := metav1.NewTime(t.last)
		result.LastScheduleTime = &last
	}
	if t.verdict.reason == "" {
		set.Remove(v1alpha1.ConditionScheduled)
		return
	}
	set.Set(v1alpha1.ConditionScheduled, t.verdict.status, t.verdict.reason, t.verdict.message)
}
