package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// taskGauges show what each task's status says. The series are made when they
// are read: a gauge for each of thousands of tasks would take a kilobyte of each.
type taskGauges struct {
	pending, lastSuccess, next *prometheus.Desc

	mu    sync.Mutex
	tasks map[types.NamespacedName]taskFigures
}

// taskFigures are those of one task. Times are in seconds since 1970; 0 is none.
type taskFigures struct {
	pending, lastSuccess, next int64
	// executed: an execution has ended, so that no success is worth an alert.
	executed bool
}

func newTaskGauges() *taskGauges {
	task := []string{"namespace", "task"}
	return &taskGauges{
		pending: prometheus.NewDesc("synccenter_pending_deletions",
			"Removals of a task that wait for a person.", task, nil),
		lastSuccess: prometheus.NewDesc("synccenter_last_success_timestamp_seconds",
			"When a run of all entries of the task last succeeded, in seconds since 1970; 0 if none is known of a task that was executed.", task, nil),
		next: prometheus.NewDesc("synccenter_next_schedule_timestamp_seconds",
			"When the next run by schedule is due, in seconds since 1970.", task, nil),
		tasks: map[types.NamespacedName]taskFigures{},
	}
}

// Describe tells Prometheus which series there are.
func (g *taskGauges) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- g.pending
	descriptions <- g.lastSuccess
	descriptions <- g.next
}

// Collect gives the series of all tasks.
func (g *taskGauges) Collect(series chan<- prometheus.Metric) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for task, figures := range g.tasks {
		show := func(description *prometheus.Desc, value int64) {
			series <- prometheus.MustNewConstMetric(description, prometheus.GaugeValue, float64(value), task.Namespace, task.Name)
		}
		show(g.pending, figures.pending)
		if figures.lastSuccess > 0 || figures.executed {
			show(g.lastSuccess, figures.lastSuccess)
		}
		if figures.next > 0 {
			show(g.next, figures.next)
		}
	}
}

// see takes over what a task's status says now. The last success stays known
// when the short history has only failures.
func (g *taskGauges) see(task *v1alpha1.SyncTask) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := types.NamespacedName{Namespace: task.Namespace, Name: task.Name}
	figures := taskFigures{lastSuccess: g.tasks[key].lastSuccess, executed: wasExecuted(task)}
	if pending := task.Status.PendingDeletions; pending != nil {
		figures.pending = pending.Count
	}
	if next := task.Status.NextScheduleTime; next != nil {
		figures.next = next.Unix()
	}
	if last := lastSuccess(task); !last.IsZero() {
		figures.lastSuccess = last.Unix()
	}
	g.tasks[key] = figures
}

func (g *taskGauges) forget(namespace, task string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.tasks, types.NamespacedName{Namespace: namespace, Name: task})
}
