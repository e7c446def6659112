package synctask

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/schedule"
)

// scheduledTask runs every quarter of an hour and has dealt with all up to testTime.
func scheduledTask() *v1alpha1.SyncTask {
	task := newTask("hr", 0)
	task.Finalizers = []string{v1alpha1.Finalizer}
	task.Spec.Trigger = v1alpha1.Trigger{Mode: v1alpha1.TriggerScheduled, Schedule: &v1alpha1.Schedule{Cron: "*/15 * * * *"}}
	task.Status.LastSequence = 7
	task.Status.Schedule = &v1alpha1.ScheduleStatus{Cron: "*/15 * * * *", TimeZone: "UTC", Through: metav1.NewTime(testTime), Missed: 2}
	setScheduled(task, onSchedule)
	return task
}

func setScheduled(task *v1alpha1.SyncTask, v verdict) {
	meta.SetStatusCondition(&task.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionScheduled, Status: v.status, Reason: string(v.reason), Message: v.message,
	})
}

// bySchedule is the run of a scheduled time that has not started.
func bySchedule(minutes int) v1alpha1.SyncRun {
	run := execution(0)
	run.Name = schedule.RunName("hr", testTime.Add(time.Duration(minutes)*time.Minute))
	run.Labels = map[string]string{v1alpha1.LabelTrigger: string(v1alpha1.TriggerScheduled)}
	run.Status = v1alpha1.SyncRunStatus{}
	return run
}

func TestTiming(t *testing.T) {
	t.Parallel()
	minutes := func(count int) time.Time { return testTime.Add(time.Duration(count) * time.Minute) }
	done := bySchedule(15)
	done.Status = execution(8).Status
	byHand := bySchedule(15)
	byHand.Labels = nil
	for _, test := range []struct {
		name   string
		change func(*v1alpha1.SyncTask)
		faults []fault
		runs   []v1alpha1.SyncRun
		after  time.Duration

		start, next, through int
		missed               int
		reason               v1alpha1.Reason
		words                string
		events               []v1alpha1.Reason
		// wanted are the missed times that nobody is alarmed for.
		wanted int
	}{
		{name: "nothing has come", after: 14 * time.Minute, next: 15, reason: v1alpha1.ReasonOnSchedule},
		{name: "a time has come", after: 15 * time.Minute, start: 15, next: 30, through: 15, reason: v1alpha1.ReasonOnSchedule},
		{name: "late but in time", after: 20 * time.Minute, start: 15, next: 30, through: 15, reason: v1alpha1.ReasonOnSchedule},
		{
			name: "too late", after: 21 * time.Minute, next: 30, through: 21, missed: 1,
			reason: v1alpha1.ReasonScheduleMissed, words: "1 scheduled time after 2026-03-02T08:00:00Z passed without a run: the manager was away",
			events: []v1alpha1.Reason{v1alpha1.ReasonScheduleMissed},
		},
		{
			name: "a pause is followed by one run", after: 61 * time.Minute, start: 60, next: 75, through: 60, missed: 3,
			reason: v1alpha1.ReasonOnSchedule, events: []v1alpha1.Reason{v1alpha1.ReasonScheduleMissed},
		},
		{
			name: "a pause of months", after: 100 * 24 * time.Hour, start: 100 * 24 * 60, next: 100*24*60 + 15, through: 100 * 24 * 60, missed: 101,
			reason: v1alpha1.ReasonOnSchedule, events: []v1alpha1.Reason{v1alpha1.ReasonScheduleMissed},
		},
		{
			name: "the run of an earlier time waits", after: 30 * time.Minute, runs: []v1alpha1.SyncRun{bySchedule(15)},
			change: func(task *v1alpha1.SyncTask) { task.Status.Schedule.Through = metav1.NewTime(minutes(15)) },
			next:   45, through: 30, missed: 1, reason: v1alpha1.ReasonScheduleSkipped, words: "2026-03-02T08:30:00Z was skipped",
			events: []v1alpha1.Reason{v1alpha1.ReasonScheduleSkipped},
		},
		{
			name: "the run of an earlier time goes on", after: 30 * time.Minute,
			runs: func() []v1alpha1.SyncRun {
				run := bySchedule(15)
				run.Status.Sequence = 8
				return []v1alpha1.SyncRun{run}
			}(),
			change: func(task *v1alpha1.SyncTask) { task.Status.Schedule.Through = metav1.NewTime(minutes(15)) },
			start:  30, next: 45, through: 30, reason: v1alpha1.ReasonOnSchedule,
		},
		{
			name: "a run by hand waits", after: 15 * time.Minute, runs: []v1alpha1.SyncRun{{ObjectMeta: metav1.ObjectMeta{Name: "hr-first"}}},
			start: 15, next: 30, through: 15, reason: v1alpha1.ReasonOnSchedule,
		},
		{
			name: "killed between the run and the status", after: 16 * time.Minute, runs: []v1alpha1.SyncRun{bySchedule(15)},
			start: 15, next: 30, through: 15, reason: v1alpha1.ReasonOnSchedule,
		},
		{
			name: "killed between the run and the status, and back after the deadline", after: 25 * time.Minute, runs: []v1alpha1.SyncRun{done},
			next: 30, through: 25, reason: v1alpha1.ReasonOnSchedule,
		},
		{
			name: "killed so, and back after more of them", after: 50 * time.Minute, runs: []v1alpha1.SyncRun{done},
			start: 45, next: 60, through: 45, missed: 1, reason: v1alpha1.ReasonOnSchedule, events: []v1alpha1.Reason{v1alpha1.ReasonScheduleMissed},
		},
		{
			name: "killed so, and back after months", after: 100*24*time.Hour + 6*time.Minute, runs: []v1alpha1.SyncRun{done},
			next: 100*24*60 + 15, through: 100*24*60 + 6, missed: 101, reason: v1alpha1.ReasonScheduleMissed, words: "More than 100 scheduled times",
			events: []v1alpha1.Reason{v1alpha1.ReasonScheduleMissed},
		},
		{
			name: "a person's run of the same name is none of the schedule", after: 25 * time.Minute, runs: []v1alpha1.SyncRun{byHand},
			next: 30, through: 25, missed: 1, reason: v1alpha1.ReasonScheduleMissed, events: []v1alpha1.Reason{v1alpha1.ReasonScheduleMissed},
		},
		{
			name: "suspended", after: 61 * time.Minute, change: func(task *v1alpha1.SyncTask) { task.Spec.Suspend = true },
			reason: v1alpha1.ReasonTaskSuspended, words: "The task is suspended, so nothing starts. Scheduled times pass",
		},
		{
			name: "held", after: 61 * time.Minute,
			change: func(task *v1alpha1.SyncTask) {
				task.Annotations = map[string]string{v1alpha1.AnnotationHold: "audit"}
			},
			reason: v1alpha1.ReasonTaskHeld, words: "held, so nothing starts: audit.",
		},
		{name: "not ready", after: 61 * time.Minute, faults: []fault{{v1alpha1.ReasonOwnerInUse, "taken"}}, reason: v1alpha1.ReasonTaskNotReady, words: "nothing starts"},
		{
			name: "no longer suspended, in time", after: 61 * time.Minute,
			change: func(task *v1alpha1.SyncTask) {
				setScheduled(task, verdict{metav1.ConditionFalse, v1alpha1.ReasonTaskSuspended, "x"})
			},
			start: 60, next: 75, through: 60, missed: 3, wanted: 3, reason: v1alpha1.ReasonOnSchedule, events: []v1alpha1.Reason{v1alpha1.ReasonScheduleMissed},
		},
		{
			name: "no longer held, and a run of before waits", after: 61 * time.Minute, runs: []v1alpha1.SyncRun{bySchedule(0)},
			change: func(task *v1alpha1.SyncTask) {
				setScheduled(task, verdict{metav1.ConditionFalse, v1alpha1.ReasonTaskHeld, "x"})
			},
			next: 75, through: 60, missed: 4, wanted: 3, reason: v1alpha1.ReasonScheduleSkipped,
			events: []v1alpha1.Reason{v1alpha1.ReasonScheduleMissed, v1alpha1.ReasonScheduleSkipped},
		},
		{
			name: "mended too late", after: 66 * time.Minute,
			change: func(task *v1alpha1.SyncTask) {
				setScheduled(task, verdict{metav1.ConditionFalse, v1alpha1.ReasonTaskNotReady, "x"})
			},
			next: 75, through: 66, missed: 4, reason: v1alpha1.ReasonScheduleMissed, words: "the definition was not valid.",
			events: []v1alpha1.Reason{v1alpha1.ReasonScheduleMissed},
		},
		{
			name: "no longer suspended, too late", after: 66 * time.Minute,
			change: func(task *v1alpha1.SyncTask) {
				setScheduled(task, verdict{metav1.ConditionFalse, v1alpha1.ReasonTaskSuspended, "x"})
			},
			next: 75, through: 66, missed: 4, wanted: 4, reason: v1alpha1.ReasonScheduleMissed, words: "4 scheduled times after 2026-03-02T08:00:00Z passed without a run: the task was suspended.",
			events: []v1alpha1.Reason{v1alpha1.ReasonScheduleMissed},
		},
		{
			name: "no longer suspended, and nothing came", after: time.Minute,
			change: func(task *v1alpha1.SyncTask) {
				setScheduled(task, verdict{metav1.ConditionFalse, v1alpha1.ReasonTaskSuspended, "x"})
			},
			next: 15, reason: v1alpha1.ReasonOnSchedule,
		},
		{
			name: "missed stays until a run is made", after: 14 * time.Minute,
			change: func(task *v1alpha1.SyncTask) {
				setScheduled(task, verdict{metav1.ConditionFalse, v1alpha1.ReasonScheduleMissed, "earlier"})
			},
			next: 15, reason: v1alpha1.ReasonScheduleMissed, words: "earlier",
		},
		{
			name: "another schedule makes nothing up", after: 61 * time.Minute,
			change: func(task *v1alpha1.SyncTask) { task.Spec.Trigger.Schedule.Cron = "0 * * * *" },
			next:   120, through: 61, missed: -2, reason: v1alpha1.ReasonOnSchedule,
		},
		{
			name: "another time zone makes nothing up", after: 61 * time.Minute,
			change: func(task *v1alpha1.SyncTask) { task.Spec.Trigger.Schedule.TimeZone = "Asia/Shanghai" },
			next:   75, through: 61, missed: -2, reason: v1alpha1.ReasonOnSchedule,
		},
		{
			name: "another deadline is the same schedule", after: 21 * time.Minute,
			change: func(task *v1alpha1.SyncTask) { task.Spec.Trigger.Schedule.StartingDeadlineSeconds = 600 },
			start:  15, next: 30, through: 15, reason: v1alpha1.ReasonOnSchedule,
		},
		{
			name: "a new task counts from when it was made", after: 16 * time.Minute,
			change: func(task *v1alpha1.SyncTask) { task.Generation, task.Status.Schedule = 1, nil },
			start:  15, next: 30, through: 15, missed: -2, reason: v1alpha1.ReasonOnSchedule,
		},
		{
			name: "a task that gets a schedule counts from now", after: 16 * time.Minute,
			change: func(task *v1alpha1.SyncTask) { task.Status.Schedule = nil },
			next:   30, through: 16, missed: -2, reason: v1alpha1.ReasonOnSchedule,
		},
		{
			name: "the first sync of a task", after: 15 * time.Minute, change: func(task *v1alpha1.SyncTask) { task.Status.LastSequence = 0 },
			start: 15, next: 30, through: 15, reason: v1alpha1.ReasonOnSchedule,
		},
		{name: "the clock was put back", after: -10 * time.Minute, next: 15, reason: v1alpha1.ReasonOnSchedule},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			task := scheduledTask()
			if test.change != nil {
				test.change(task)
			}
			o := &observed{task: task, faults: test.faults, runs: test.runs}
			now := testTime.Add(test.after)
			next := decide(o, now)
			if made := next.action == createRun; made != (test.start > 0) || (made && !next.timing.start.Equal(minutes(test.start))) {
				t.Errorf("starts %s by action %d, want minute %d", next.timing.start, next.action, test.start)
			}
			got := status(o, next, nil, now)
			expect(t, got.Conditions, v1alpha1.ConditionScheduled, next.timing.verdict.status, test.reason)
			if !strings.Contains(next.timing.verdict.message, test.words) {
				t.Errorf("message %q, want %q in it", next.timing.verdict.message, test.words)
			}
			if test.next == 0 && (got.NextScheduleTime != nil || next.again != 0) {
				t.Errorf("the next time is %s, again after %s; want none", got.NextScheduleTime, next.again)
			} else if test.next > 0 && (got.NextScheduleTime == nil || !got.NextScheduleTime.Time.Equal(minutes(test.next)) || next.again != minutes(test.next).Sub(now)) {
				t.Errorf("the next time is %s, again after %s; want minute %d", got.NextScheduleTime, next.again, test.next)
			}
			if !got.Schedule.Through.Time.Equal(minutes(test.through)) || got.Schedule.Missed != int64(2+test.missed) {
				t.Errorf("dealt with up to %s and %d missed, want minute %d and %d", got.Schedule.Through, got.Schedule.Missed, test.through, 2+test.missed)
			}
			if alarming := max(test.missed, 0) - test.wanted; next.timing.unwanted != alarming {
				t.Errorf("%d missed times raise an alarm, want %d", next.timing.unwanted, alarming)
			}
			expectEvents(t, next.timing.news, test.events)
			again := *o
			again.task = task.DeepCopy()
			again.task.Status = got
			again.task.Status.LastSequence = 8
			if second := decide(&again, now); second.action != doNothing || len(second.timing.news) > 0 || second.timing.missed > 0 {
				t.Errorf("a second look at the same moment does it again: %+v", second.timing)
			}
		})
	}
}

func expectEvents(t *testing.T, got []news, want []v1alpha1.Reason) {
	t.Helper()
	var reasons []v1alpha1.Reason
	for _, event := range got {
		reasons = append(reasons, v1alpha1.Reason(event.reason))
	}
	if len(reasons) != len(want) || (len(want) > 0 && reasons[0] != want[0]) {
		t.Errorf("events %v, want %v", reasons, want)
	}
}

func TestTaskWithoutAScheduleShowsNone(t *testing.T) {
	t.Parallel()
	task := scheduledTask()
	next := metav1.NewTime(testTime)
	task.Status.NextScheduleTime, task.Status.LastScheduleTime = &next, &next
	task.Spec.Trigger = v1alpha1.Trigger{Mode: v1alpha1.TriggerManual}
	got := check(t, &observed{task: task})
	if got.Schedule != nil || got.NextScheduleTime != nil || meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionScheduled) != nil {
		t.Errorf("a task without a schedule shows one: %+v", got)
	}
	if got.LastScheduleTime == nil {
		t.Error("the last scheduled time is forgotten")
	}
}

// TestAScheduleFollowsAClockThatIsPutBack: a task that ran while the clock was a
// year ahead has the next run in time, and does not show a run of next year.
func TestAScheduleFollowsAClockThatIsPutBack(t *testing.T) {
	t.Parallel()
	for name, cron := range map[string]string{"the same schedule": "*/15 * * * *", "another one since": "0 * * * *"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			task := scheduledTask()
			ahead := metav1.NewTime(testTime.AddDate(1, 0, 0))
			task.Status.LastScheduleTime, task.Status.Schedule.Through, task.Status.Schedule.Cron = &ahead, ahead, cron
			var made []time.Time
			for _, minutes := range []int{1, 15, 30} { // the manager looks at it when it is due, and not in between
				now := testTime.Add(time.Duration(minutes) * time.Minute)
				o := &observed{task: task}
				next := decide(o, now)
				if next.action == createRun {
					made = append(made, next.timing.start)
				}
				task.Status = status(o, next, nil, now)
			}
			if want := []time.Time{testTime.Add(15 * time.Minute), testTime.Add(30 * time.Minute)}; !cmp.Equal(made, want) {
				t.Errorf("runs were made for %v, want %v", made, want)
			}
			if last := task.Status.LastScheduleTime; !last.Time.Equal(testTime.Add(30 * time.Minute)) {
				t.Errorf("the last scheduled time is %s", last)
			}
		})
	}
}

// TestRunThatCannotBeMadeIsStillDue: what did not succeed is not dealt with.
func TestRunThatCannotBeMadeIsStillDue(t *testing.T) {
	t.Parallel()
	o := &observed{task: scheduledTask()}
	now := testTime.Add(15 * time.Minute)
	got := status(o, step{action: createRun}, errKilled{}, now)
	if !got.Schedule.Through.Time.Equal(testTime) || got.LastScheduleTime != nil {
		t.Errorf("dealt with up to %s", got.Schedule.Through)
	}
}

type errKilled struct{}

func (errKilled) Error() string { return "the API server is away" }
