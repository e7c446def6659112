// Package metrics counts what ended and shows what waits, for Prometheus. The
// names are documented in docs/operations.md. The only label with many values is
// the task, and its series go when the task does.
package metrics

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// Recorder holds the series of all tasks.
type Recorder struct {
	runs       *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	operations *prometheus.CounterVec
	missed     *prometheus.CounterVec
	tasks      *taskGauges
}

// New makes a recorder and registers its series.
func New(registry prometheus.Registerer) (*Recorder, error) {
	task := []string{"namespace", "task"}
	r := &Recorder{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "synccenter_runs_total",
			Help: "Runs that ended, by outcome: Succeeded, PartiallyFailed, Failed or Cancelled.",
		}, append(task, "outcome")),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "synccenter_run_duration_seconds",
			Help:    "Time from the start of a run to the end of applying.",
			Buckets: prometheus.ExponentialBuckets(1, 3, 10),
		}, task),
		operations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "synccenter_operations_total",
			Help: "Operations of runs that ended, by kind and by status: succeeded, failed, skipped or held.",
		}, append(task, "operation", "status")),
		missed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "synccenter_missed_schedules_total",
			Help: "Scheduled times of a task that passed without a run although nobody had stopped it. Of one long pause at most 101 are counted.",
		}, task),
		tasks: newTaskGauges(),
	}
	for _, collector := range []prometheus.Collector{r.runs, r.duration, r.operations, r.missed, r.tasks} {
		if err := registry.Register(collector); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// RunEnded counts a run that has just ended.
func (r *Recorder) RunEnded(run *v1alpha1.SyncRun) {
	namespace, task := run.Namespace, run.Spec.TaskRef.Name
	r.runs.WithLabelValues(namespace, task, string(run.Status.Phase)).Inc()
	if run.Status.StartTime != nil && run.Status.CompletionTime != nil {
		took := run.Status.CompletionTime.Sub(run.Status.StartTime.Time)
		r.duration.WithLabelValues(namespace, task).Observe(max(took, 0).Seconds())
	}
	for _, count := range run.Status.Operations {
		for status, number := range map[v1alpha1.RecordStatus]int64{
			v1alpha1.RecordSucceeded: count.Succeeded,
			v1alpha1.RecordFailed:    count.Failed,
			v1alpha1.RecordSkipped:   count.Skipped,
			v1alpha1.RecordHeld:      count.Held,
		} {
			r.operations.WithLabelValues(namespace, task, string(count.Operation), strings.ToLower(string(status))).Add(float64(number))
		}
	}
}

// TaskSeen shows what a task's status says now.
func (r *Recorder) TaskSeen(task *v1alpha1.SyncTask) { r.tasks.see(task) }

// TimesMissed counts scheduled times that passed without a run although nobody had stopped the task.
func (r *Recorder) TimesMissed(task *v1alpha1.SyncTask, count int) {
	if count > 0 {
		r.missed.WithLabelValues(task.Namespace, task.Name).Add(float64(count))
	}
}

// wasExecuted says whether any execution of a task has ended.
func wasExecuted(task *v1alpha1.SyncTask) bool {
	return len(task.Status.RecentExecutions) > 0 || task.Status.LastSync != nil
}

// lastSuccess leaves out runs about some entries alone: that those are in step
// says nothing about the others.
func lastSuccess(task *v1alpha1.SyncTask) time.Time {
	for _, execution := range task.Status.RecentExecutions {
		if execution.Outcome == v1alpha1.PhaseSucceeded && execution.Coverage != v1alpha1.CoverageSome {
			return execution.Time.Time
		}
	}
	if last := task.Status.LastSync; last != nil && last.Outcome == v1alpha1.PhaseSucceeded {
		return last.Time.Time // ten others came after it
	}
	return time.Time{}
}

// TaskGone deletes every series of a task.
func (r *Recorder) TaskGone(namespace, task string) {
	labels := prometheus.Labels{"namespace": namespace, "task": task}
	r.runs.DeletePartialMatch(labels)
	r.duration.DeletePartialMatch(labels)
	r.operations.DeletePartialMatch(labels)
	r.missed.DeletePartialMatch(labels)
	r.tasks.forget(namespace, task)
}
