package synctask

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// clocks are those of a machine: the one on the wall can be set, and goes on
// while the machine is suspended, which the other does not notice.
type clocks struct {
	wall    time.Time
	running time.Duration
}

func (c *clocks) read() (time.Time, time.Duration) { return c.wall, c.running }

// pass lets time pass for both.
func (c *clocks) pass(d time.Duration) { c.wall, c.running = c.wall.Add(d), c.running+d }

// set sets the clock on the wall alone.
func (c *clocks) set(d time.Duration) { c.wall = c.wall.Add(d) }

func TestClockOnTheWall(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		steps []time.Duration
		want  int
	}{
		{name: "nobody sets it", steps: []time.Duration{0, 0, 0}},
		{name: "it is put right by little", steps: []time.Duration{time.Millisecond, -time.Millisecond, time.Second}},
		{name: "a machine was suspended", steps: []time.Duration{0, 2 * time.Hour, 0}, want: 1},
		{name: "twice", steps: []time.Duration{2 * time.Hour, 0, time.Minute}, want: 2},
		{name: "by little each time", steps: []time.Duration{time.Second, time.Second, time.Second, 0}, want: 1},
		{name: "it is put back", steps: []time.Duration{-time.Hour, 0}},
		{name: "it is put back, and then right again", steps: []time.Duration{-time.Hour, 0, time.Hour, 0}, want: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			machine := &clocks{wall: testTime, running: time.Hour}
			clock, got := &wallClock{read: machine.read}, 0
			clock.wasPutForward()
			for _, step := range test.steps {
				machine.pass(clockLook)
				machine.set(step)
				if clock.wasPutForward() {
					got++
				}
			}
			if got != test.want {
				t.Errorf("it was put forward %d times, want %d", got, test.want)
			}
		})
	}
}

// TestNightlyRunOfASuspendedMachine lives through an evening on a machine that is
// suspended for two hours, and looks at the task when a timer or the clock says so.
func TestNightlyRunOfASuspendedMachine(t *testing.T) {
	t.Parallel()
	task := scheduledTask()
	task.Spec.Trigger.Schedule.Cron = "0 2 * * *"
	evening := time.Date(2026, time.March, 2, 22, 0, 0, 0, time.UTC)
	task.Status.Schedule = &v1alpha1.ScheduleStatus{Cron: "0 2 * * *", TimeZone: "UTC", Through: metav1.NewTime(evening)}
	machine := &clocks{wall: evening}
	clock := &wallClock{read: machine.read}
	clock.wasPutForward()
	var timer time.Duration
	var made time.Time
	look := func() {
		next := decide(&observed{task: task}, machine.wall)
		task.Status = status(&observed{task: task}, next, nil, machine.wall)
		timer = machine.running + next.again
		if next.action == createRun {
			made = machine.wall
		}
	}
	look()
	for machine.wall.Before(evening.Add(12 * time.Hour)) {
		machine.pass(clockLook)
		if machine.running == time.Hour {
			machine.set(2 * time.Hour)
		}
		if clock.wasPutForward() || machine.running >= timer {
			look()
		}
	}
	if want := evening.Add(4 * time.Hour); !made.Equal(want) || task.Status.Schedule.Missed != 0 {
		t.Errorf("the nightly run was made at %s, want %s; %d times were missed", made, want, task.Status.Schedule.Missed)
	}
}

// TestWatchOfTheClockEnds: it tells of each step, and ends with its controller.
func TestWatchOfTheClockEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machine := &clocks{wall: testTime}
		ctx, stop := context.WithCancel(t.Context())
		ticks, ended, told := make(chan time.Time), make(chan struct{}), 0
		go func() {
			defer close(ended)
			(&wallClock{read: machine.read}).watch(ctx, ticks, func() { told++ })
		}()
		synctest.Wait()
		for _, step := range []time.Duration{0, time.Minute, 0, time.Minute} {
			machine.pass(clockLook)
			machine.set(step)
			ticks <- machine.wall
			synctest.Wait()
		}
		stop()
		<-ended
		if told != 2 {
			t.Errorf("it told of %d steps, want 2", told)
		}
	})
}

// cached are the tasks in a cache.
type cached struct {
	client.Reader
	tasks []v1alpha1.SyncTask
}

func (c cached) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	list.(*v1alpha1.SyncTaskList).Items = c.tasks
	return nil
}

// TestTasksWithAScheduleAreLookedAt: the others have no timer.
func TestTasksWithAScheduleAreLookedAt(t *testing.T) {
	t.Parallel()
	nightly := scheduledTask()
	nightly.Name = "nightly"
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer queue.ShutDown()
	(&Reconciler{Cache: cached{tasks: []v1alpha1.SyncTask{*newTask("hr", 0), *nightly}}}).queueScheduled(t.Context(), queue)
	if queue.Len() != 1 {
		t.Fatalf("%d tasks are looked at, want 1", queue.Len())
	}
	if request, _ := queue.Get(); request.Name != "nightly" {
		t.Errorf("the task %s is looked at", request)
	}
}
