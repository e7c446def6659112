package syncrun_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/schedule"
	"synccenter.dev/synccenter/test/apiserver"
)

// scheduled makes a task that runs every quarter of an hour, and puts the clock
// on the first full hour from then on, when everything before is dealt with.
func (w *world) scheduled(name string) time.Time {
	w.Helper()
	task := newTask(name)
	task.Spec.Trigger = v1alpha1.Trigger{Mode: v1alpha1.TriggerScheduled, Schedule: &v1alpha1.Schedule{Cron: "*/15 * * * *"}}
	w.create(task)
	hour := w.clock.Now().Truncate(time.Hour).Add(time.Hour)
	task.Status.Schedule = &v1alpha1.ScheduleStatus{Cron: "*/15 * * * *", TimeZone: "UTC", Through: metav1.NewTime(hour)}
	if err := w.client.Status().Update(w.Context(), task); err != nil {
		w.Fatal(err)
	}
	w.clock.SetTime(hour)
	w.settleTask(name)
	return hour
}

// runsOf are the runs of a task, in the order of their names.
func (w *world) runsOf(task string) []v1alpha1.SyncRun {
	w.Helper()
	var list v1alpha1.SyncRunList
	if err := w.client.List(w.Context(), &list, client.InNamespace(w.namespace), client.MatchingFields{"spec.taskRef.name": task}); err != nil {
		w.Fatal(err)
	}
	return list.Items
}

func (w *world) expectScheduled(task *v1alpha1.SyncTask, status metav1.ConditionStatus, reason v1alpha1.Reason, words string) {
	w.Helper()
	got := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionScheduled)
	if got == nil || got.Status != status || got.Reason != string(reason) || !strings.Contains(got.Message, words) {
		w.Fatalf("the condition Scheduled is %+v, want %s, %s and %q", got, status, reason, words)
	}
}

func (w *world) expectEvent(words ...string) {
	w.Helper()
	var seen []string
	for {
		select {
		case event := <-w.events.Events:
			seen = append(seen, event)
			if strings.Contains(event, words[0]) {
				for _, word := range words[1:] {
					if !strings.Contains(event, word) {
						w.Errorf("the event %q does not say %q", event, word)
					}
				}
				return
			}
		default:
			w.Fatalf("there is no event %q among %q", words[0], seen)
		}
	}
}

func TestScheduledTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hour := w.scheduled("hr")
	task := w.task("hr")
	if next := task.Status.NextScheduleTime; next == nil || !next.Time.Equal(hour.Add(15*time.Minute)) || len(w.runsOf("hr")) != 0 {
		t.Fatalf("the next time is %s with %d runs", next, len(w.runsOf("hr")))
	}

	w.clock.SetTime(hour.Add(15 * time.Minute))
	task = w.settleTask("hr")
	w.expectScheduled(task, metav1.ConditionTrue, v1alpha1.ReasonOnSchedule, "")
	first := w.settleRun(schedule.RunName("hr", hour.Add(15*time.Minute)))
	w.expectEvent("FirstSync", "never run", "takes over")
	w.expect(first, v1alpha1.PhasePending, v1alpha1.ReasonWaitingForPod)
	if first.Labels[v1alpha1.LabelTrigger] != "Scheduled" || first.Labels[v1alpha1.LabelTask] != "hr" || first.Status.Mode != v1alpha1.TriggerScheduled || first.Spec.RequestedBy != "" {
		t.Errorf("the run of a scheduled time: %+v", first)
	}

	w.clock.SetTime(hour.Add(30 * time.Minute))
	w.expectScheduled(w.settleTask("hr"), metav1.ConditionTrue, v1alpha1.ReasonOnSchedule, "")
	second := w.settleRun(schedule.RunName("hr", hour.Add(30*time.Minute)))
	w.expect(second, v1alpha1.PhasePending, v1alpha1.ReasonWaitingForRun)

	w.clock.SetTime(hour.Add(45 * time.Minute))
	task = w.settleTask("hr")
	w.expectScheduled(task, metav1.ConditionFalse, v1alpha1.ReasonScheduleSkipped, second.Name)
	w.expectEvent("ScheduleSkipped", second.Name)
	if len(w.runsOf("hr")) != 2 || task.Status.Schedule.Missed != 1 || !task.Status.LastScheduleTime.Time.Equal(hour.Add(30*time.Minute)) {
		t.Fatalf("%d runs, and the schedule says %+v, last %s", len(w.runsOf("hr")), task.Status.Schedule, task.Status.LastScheduleTime)
	}

	w.tell(first, 1, success(w.clock.Now()))
	first = w.settleRun(first.Name)
	w.expect(first, v1alpha1.PhaseSucceeded, v1alpha1.ReasonSucceeded)
	if !strings.Contains(first.Status.Message, "first sync of the task, started by its schedule") {
		t.Errorf("the first sync says: %s", first.Status.Message)
	}
	w.settleRun(second.Name)
	w.tell(second, 1, success(w.clock.Now()))
	second = w.settleRun(second.Name)
	w.expect(second, v1alpha1.PhaseSucceeded, v1alpha1.ReasonSucceeded)
	if strings.Contains(second.Status.Message, "first sync") {
		t.Errorf("the second sync says: %s", second.Status.Message)
	}
	recent := w.settleTask("hr").Status.RecentExecutions
	if len(recent) != 2 || recent[0].Run != second.Name || recent[0].Mode != v1alpha1.TriggerScheduled {
		t.Errorf("recent executions: %+v", recent)
	}
}

// expectNoEvent checks that nobody was told something since the events were last looked at.
func (w *world) expectNoEvent(word string) {
	w.Helper()
	for {
		select {
		case event := <-w.events.Events:
			if strings.Contains(event, word) {
				w.Errorf("there is an event %q", event)
			}
		default:
			return
		}
	}
}

// TestScheduleOfATaskThatWasMadeAgain: its people are known, so nobody is told of a first sync.
func TestScheduleOfATaskThatWasMadeAgain(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"with its runs", "with its state alone"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			run := w.started("hr", "hr-first")
			w.saveSequence(run, 1)
			w.tell(run, 1, success(w.clock.Now()))
			run = w.settleRun("hr-first")
			w.remove(w.task("hr"))
			w.settleDeleted("hr")
			if name == "with its state alone" {
				w.remove(run)
			}
			w.expectNoEvent("FirstSync")

			hour := w.scheduled("hr")
			w.clock.SetTime(hour.Add(15 * time.Minute))
			w.settleTask("hr")
			next := w.settleRun(schedule.RunName("hr", hour.Add(15*time.Minute)))
			if next.Status.Sequence != 2 {
				t.Errorf("the next run has sequence %d, want 2", next.Status.Sequence)
			}
			w.expectNoEvent("FirstSync")
		})
	}
}

func TestScheduleAfterAPause(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		stop   func(w *world, task *v1alpha1.SyncTask)
		resume func(w *world, task *v1alpha1.SyncTask)
		reason v1alpha1.Reason
		why    string
	}{
		{name: "of the manager", why: "the manager was away"},
		{
			name:   "by suspend",
			stop:   func(w *world, task *v1alpha1.SyncTask) { w.update(task, func() { task.Spec.Suspend = true }) },
			resume: func(w *world, task *v1alpha1.SyncTask) { w.update(task, func() { task.Spec.Suspend = false }) },
			reason: v1alpha1.ReasonTaskSuspended, why: "the task was suspended",
		},
		{
			name: "by hold",
			stop: func(w *world, task *v1alpha1.SyncTask) {
				w.update(task, func() { task.Annotations = map[string]string{v1alpha1.AnnotationHold: "audit"} })
			},
			resume: func(w *world, task *v1alpha1.SyncTask) { w.update(task, func() { task.Annotations = nil }) },
			reason: v1alpha1.ReasonTaskHeld, why: "the task was held",
		},
		{
			name: "by a definition that is not valid",
			stop: func(w *world, task *v1alpha1.SyncTask) {
				w.update(task, func() { task.Spec.Scope.Users.Filter = "user.uid ==" })
			},
			resume: func(w *world, task *v1alpha1.SyncTask) { w.update(task, func() { task.Spec.Scope.Users.Filter = "" }) },
			reason: v1alpha1.ReasonTaskNotReady, why: "the definition was not valid",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			hour := w.scheduled("hr")
			if test.stop != nil {
				test.stop(w, w.task("hr"))
				task := w.settleTask("hr")
				w.expectScheduled(task, metav1.ConditionFalse, test.reason, "")
				if task.Status.NextScheduleTime != nil {
					t.Errorf("a stopped task says that it runs at %s", task.Status.NextScheduleTime)
				}
				w.clock.SetTime(hour.Add(15 * time.Minute))
				w.settleTask("hr")
			}
			w.clock.SetTime(hour.Add(100*time.Hour + 7*time.Minute))
			if test.resume != nil {
				test.resume(w, w.task("hr"))
			}
			task := w.settleTask("hr")
			w.expectScheduled(task, metav1.ConditionFalse, v1alpha1.ReasonScheduleMissed, "More than 100 scheduled times")
			w.expectEvent("ScheduleMissed", test.why)
			if len(w.runsOf("hr")) != 0 || task.Status.Schedule.Missed != 101 {
				t.Fatalf("%d runs, missed %d", len(w.runsOf("hr")), task.Status.Schedule.Missed)
			}
			w.clock.SetTime(hour.Add(100*time.Hour + 16*time.Minute))
			w.expectScheduled(w.settleTask("hr"), metav1.ConditionTrue, v1alpha1.ReasonOnSchedule, "")
			if runs := w.runsOf("hr"); len(runs) != 1 || runs[0].Name != schedule.RunName("hr", hour.Add(100*time.Hour+15*time.Minute)) {
				t.Errorf("there are %d runs, want that of the last time alone", len(runs))
			}
		})
	}
}

func TestScheduleThatIsNoneIsAFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := newTask("hr")
	task.Spec.Trigger = v1alpha1.Trigger{Mode: v1alpha1.TriggerScheduled, Schedule: &v1alpha1.Schedule{Cron: "CRON_TZ=UTC 0 2 * * *"}}
	w.create(task)
	ready := meta.FindStatusCondition(w.settleTask("hr").Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Reason != string(v1alpha1.ReasonInvalidDefinition) || !strings.Contains(ready.Message, "spec.trigger.schedule.cron") || !strings.Contains(ready.Message, "write it into timeZone") {
		t.Errorf("Ready is %+v", ready)
	}
}

func TestNameOfAScheduledRunThatSomebodyTook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hour := w.scheduled("hr")
	taken := schedule.RunName("hr", hour.Add(15*time.Minute))
	w.create(newRun("hr", taken))
	w.clock.SetTime(hour.Add(15 * time.Minute))
	_, err := w.tasks().Reconcile(w.Context(), ctrl.Request{NamespacedName: w.key("hr")})
	if err == nil || !strings.Contains(err.Error(), "somebody else made a run of that name") {
		t.Fatalf("the reconcile ends with %v", err)
	}
	if task := w.task("hr"); !task.Status.Schedule.Through.Time.Equal(hour) || task.Status.LastScheduleTime != nil {
		t.Errorf("the time is dealt with: %+v", task.Status.Schedule)
	}
	w.clock.SetTime(hour.Add(21 * time.Minute))
	w.expectScheduled(w.settleTask("hr"), metav1.ConditionFalse, v1alpha1.ReasonScheduleMissed, "could not make a run in time")
}

// TestScheduleKilledAtEachWrite kills the manager at each write that a scheduled
// time takes, before and after it takes effect. Another manager comes back in
// time or too late: the time has one run, or is counted as missed, and never both.
func TestScheduleKilledAtEachWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hour := w.scheduled("hr")
	times, missed := 0, int64(0)
	for at := 1; at <= 2; at++ {
		for _, afterward := range []bool{false, true} {
			for _, back := range []time.Duration{time.Minute, 6 * time.Minute} {
				times++
				due := hour.Add(time.Duration(times) * 15 * time.Minute)
				name := schedule.RunName("hr", due)
				t.Run(fmt.Sprintf("write %d afterward %t back after %s", at, afterward, back), func(t *testing.T) {
					w := &world{T: t, client: w.client, namespace: w.namespace, clock: w.clock, metrics: w.metrics, events: w.events}
					w.clock.SetTime(due)
					dying := w.tasks()
					dying.Client = server.Killed(w.T, &apiserver.Killer{At: at, Afterward: afterward})
					if _, err := dying.Reconcile(w.Context(), ctrl.Request{NamespacedName: w.key("hr")}); !errors.Is(err, apiserver.ErrKilled) {
						t.Fatalf("the manager was not killed: %v", err)
					}
					w.clock.SetTime(due.Add(back))
					task := w.settleTask("hr")
					made := w.exists(&v1alpha1.SyncRun{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}})
					if want := at == 2 || afterward || back < 5*time.Minute; made != want {
						t.Fatalf("the run is there: %t, want %t", made, want)
					}
					if !made {
						missed++
					}
					if task.Status.Schedule.Missed != missed {
						t.Errorf("%d times are counted as missed, want %d", task.Status.Schedule.Missed, missed)
					}
					if made && !task.Status.LastScheduleTime.Time.Equal(due) {
						t.Errorf("the last scheduled time is %s, want %s", task.Status.LastScheduleTime, due)
					}
					if made {
						w.settleRun(name)
						w.tell(w.run(name), 1, success(w.clock.Now()))
						w.expect(w.settleRun(name), v1alpha1.PhaseSucceeded, v1alpha1.ReasonSucceeded)
						w.settleTask("hr")
					}
				})
			}
		}
	}
}
