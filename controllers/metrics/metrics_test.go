package metrics

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
)

func TestRecorder(t *testing.T) {
	registry := prometheus.NewRegistry()
	recorder, err := New(registry)
	if err != nil {
		t.Fatal(err)
	}
	start, end := metav1.Unix(1000, 0), metav1.Unix(1010, 0)
	recorder.RunEnded(&v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Namespace: "people", Name: "hr-first"},
		Spec:       v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: "hr"}},
		Status: v1alpha1.SyncRunStatus{
			Phase: v1alpha1.PhaseSucceeded, StartTime: &start, CompletionTime: &end,
			Operations: []v1alpha1.OperationCounts{{Operation: v1alpha1.OperationCreateUser, Succeeded: 3, Held: 1}},
		},
	})
	task := &v1alpha1.SyncTask{ObjectMeta: metav1.ObjectMeta{Namespace: "people", Name: "hr"}}
	task.Status.PendingDeletions = &v1alpha1.PendingDeletions{Count: 4}
	task.Status.RecentExecutions = []v1alpha1.RecentExecution{
		{Outcome: v1alpha1.PhaseSucceeded, Coverage: v1alpha1.CoverageSome, Time: metav1.NewTime(end.Add(2 * time.Hour))},
		{Outcome: v1alpha1.PhaseFailed, Time: metav1.NewTime(end.Add(time.Hour))}, {Outcome: v1alpha1.PhaseSucceeded, Time: end},
	}
	next := metav1.Unix(2000, 0)
	task.Status.NextScheduleTime = &next
	recorder.TaskSeen(task)
	recorder.TimesMissed(task, 3)

	want := `
# HELP synccenter_last_success_timestamp_seconds When a run of all entries of the task last succeeded, in seconds since 1970; 0 if none is known of a task that was executed.
# TYPE synccenter_last_success_timestamp_seconds gauge
synccenter_last_success_timestamp_seconds{namespace="people",task="hr"} 1010
# HELP synccenter_missed_schedules_total Scheduled times of a task that passed without a run although nobody had stopped it. Of one long pause at most 101 are counted.
# TYPE synccenter_missed_schedules_total counter
synccenter_missed_schedules_total{namespace="people",task="hr"} 3
# HELP synccenter_next_schedule_timestamp_seconds When the next run by schedule is due, in seconds since 1970.
# TYPE synccenter_next_schedule_timestamp_seconds gauge
synccenter_next_schedule_timestamp_seconds{namespace="people",task="hr"} 2000
# HELP synccenter_operations_total Operations of runs that ended, by kind and by status: succeeded, failed, skipped or held.
# TYPE synccenter_operations_total counter
synccenter_operations_total{namespace="people",operation="CreateUser",status="failed",task="hr"} 0
synccenter_operations_total{namespace="people",operation="CreateUser",status="held",task="hr"} 1
synccenter_operations_total{namespace="people",operation="CreateUser",status="skipped",task="hr"} 0
synccenter_operations_total{namespace="people",operation="CreateUser",status="succeeded",task="hr"} 3
# HELP synccenter_pending_deletions Removals of a task that wait for a person.
# TYPE synccenter_pending_deletions gauge
synccenter_pending_deletions{namespace="people",task="hr"} 4
# HELP synccenter_runs_total Runs that ended, by outcome: Succeeded, PartiallyFailed, Failed or Cancelled.
# TYPE synccenter_runs_total counter
synccenter_runs_total{namespace="people",outcome="Succeeded",task="hr"} 1
`
	names := []string{"synccenter_runs_total", "synccenter_operations_total", "synccenter_pending_deletions", "synccenter_last_success_timestamp_seconds",
		"synccenter_missed_schedules_total", "synccenter_next_schedule_timestamp_seconds"}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}

	task.Status.NextScheduleTime = nil
	recorder.TaskSeen(task)
	if count, err := testutil.GatherAndCount(registry, "synccenter_next_schedule_timestamp_seconds"); err != nil || count != 0 {
		t.Errorf("a task without a next time shows one: %v", err)
	}
	recorder.TaskGone("people", "hr")
	if count, err := testutil.GatherAndCount(registry); err != nil || count != 0 {
		t.Errorf("%d series are left of a task that is gone: %v", count, err)
	}
}

// TestLastSuccess: an alert on the age of the last success must not fall silent
// where there is none, such as after a restart when the short history has only failures.
func TestLastSuccess(t *testing.T) {
	t.Parallel()
	at := metav1.Unix(1000, 0)
	failed := v1alpha1.RecentExecution{Outcome: v1alpha1.PhaseFailed, Time: at}
	for _, test := range []struct {
		name   string
		status v1alpha1.SyncTaskStatus
		want   string
	}{
		{name: "never executed"},
		{name: "in its first execution", status: v1alpha1.SyncTaskStatus{LastRun: &v1alpha1.LastRun{Phase: v1alpha1.PhaseApplying}}},
		{name: "only failures are known", status: v1alpha1.SyncTaskStatus{RecentExecutions: []v1alpha1.RecentExecution{failed}}, want: " 0"},
		{
			name: "and the last sync was no full success", want: " 0",
			status: v1alpha1.SyncTaskStatus{
				RecentExecutions: []v1alpha1.RecentExecution{failed}, LastSync: &v1alpha1.RecentExecution{Outcome: v1alpha1.PhasePartiallyFailed, Time: at},
			},
		},
		{
			name: "and the last sync was one", want: " 1000",
			status: v1alpha1.SyncTaskStatus{
				RecentExecutions: []v1alpha1.RecentExecution{failed}, LastSync: &v1alpha1.RecentExecution{Outcome: v1alpha1.PhaseSucceeded, Time: at},
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			registry := prometheus.NewRegistry()
			recorder, err := New(registry)
			if err != nil {
				t.Fatal(err)
			}
			recorder.TaskSeen(&v1alpha1.SyncTask{ObjectMeta: metav1.ObjectMeta{Namespace: "people", Name: "hr"}, Status: test.status})
			const name = "synccenter_last_success_timestamp_seconds"
			text := ""
			if test.want != "" {
				text = "# HELP " + name + " When a run of all entries of the task last succeeded, in seconds since 1970; 0 if none is known of a task that was executed.\n# TYPE " +
					name + " gauge\n" + name + `{namespace="people",task="hr"}` + test.want + "\n"
			}
			if err := testutil.GatherAndCompare(registry, strings.NewReader(text), name); err != nil {
				t.Error(err)
			}
		})
	}
}
