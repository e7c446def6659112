//go:build e2e

package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// everyMinute makes a task run by a schedule, and keep what goes on in view.
func everyMinute(task *v1alpha1.SyncTask) {
	task.Spec.Trigger = v1alpha1.Trigger{
		Mode: v1alpha1.TriggerScheduled, Schedule: &v1alpha1.Schedule{Cron: "* * * * *", StartingDeadlineSeconds: 10},
	}
}

// TestSchedule lets a task run by itself: a run each minute and one record of them, of which everything can be counted; a pause that is not made up
// for; and a history that goes with its task.
func TestSchedule(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.directory("source", directoryOptions{ldif: w.read("company.ldif")})
	w.directory("target", directoryOptions{ldif: w.read("target.ldif")})
	w.task("company.yaml", "nightly", everyMinute, func(task *v1alpha1.SyncTask) { task.Spec.History.OnTaskDeletion = v1alpha1.OnTaskDeletionDelete })

	executed := func(count int64) func(*v1alpha1.SyncTask) bool {
		return func(task *v1alpha1.SyncTask) bool {
			recent := task.Status.RecentExecutions
			return len(recent) > 0 && recent[0].Sequence >= count
		}
	}
	task := until(w, "two runs by schedule", "nightly", &v1alpha1.SyncTask{}, executed(2))
	for _, execution := range task.Status.RecentExecutions {
		if execution.Mode != v1alpha1.TriggerScheduled || execution.Outcome != v1alpha1.PhaseSucceeded {
			t.Errorf("an execution is remembered as %+v", execution)
		}
	}
	first := task.Status.RecentExecutions[len(task.Status.RecentExecutions)-1]
	w.eventually("the first record to go with all that it owns", func(ctx context.Context) (bool, error) {
		err := cluster.client.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: first.Run}, &v1alpha1.SyncRun{})
		return apierrors.IsNotFound(err) && len(w.artifactsOf(first.Run)) == 0, client.IgnoreNotFound(err)
	})
	if events := w.kubectl("get", "events", "--field-selector=reason=FirstSync", "--output=jsonpath={.items[*].message}"); !strings.Contains(events, "This task has never run") {
		t.Errorf("nobody is told of the first sync: %q", events)
	}

	w.suspend(true)
	before := until(w, "the schedule to rest", "nightly", &v1alpha1.SyncTask{}, func(task *v1alpha1.SyncTask) bool {
		scheduled := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionScheduled)
		return scheduled != nil && scheduled.Reason == string(v1alpha1.ReasonTaskSuspended) && w.executing() == ""
	})
	pause := time.Now().Truncate(time.Minute).Add(2*time.Minute + 30*time.Second)
	w.eventually("two scheduled times to pass", func(context.Context) (bool, error) { return time.Now().After(pause), nil })
	w.suspend(false)
	after := until(w, "the next run by schedule", "nightly", &v1alpha1.SyncTask{}, executed(before.Status.LastSequence+1))
	if after.Status.LastSequence != before.Status.LastSequence+1 || after.Status.Schedule.Missed < before.Status.Schedule.Missed+2 {
		t.Errorf("a pause of more than two minutes: sequence %d, then %d; missed %d, then %d",
			before.Status.LastSequence, after.Status.LastSequence, before.Status.Schedule.Missed, after.Status.Schedule.Missed)
	}
	w.eventually("kubectl get syncruns to show one record of the schedule", func(context.Context) (bool, error) {
		rows := table(w.kubectl("get", "syncruns"))[1:]
		rows = slices.DeleteFunc(rows, func(row []string) bool { return len(row) < 11 }) // one that goes on
		return len(rows) == 1 && rows[0][4] == "Scheduled" && rows[0][5] == "Succeeded", nil
	})

	w.kubectl("delete", "synctask", "nightly")
	w.eventually("the history to go with its task", func(ctx context.Context) (bool, error) {
		var runs v1alpha1.SyncRunList
		var artifacts v1alpha1.SyncArtifactList
		if err := cluster.client.List(ctx, &runs, client.InNamespace(w.namespace)); err != nil {
			return false, err
		}
		err := cluster.client.List(ctx, &artifacts, client.InNamespace(w.namespace))
		return len(runs.Items)+len(artifacts.Items) == 0, err
	})
}

// TestHistoryIsKeptToWhatTheTaskSays: of two runs that generateName named the older goes; one of a chosen name stays without its details, and says so.
func TestHistoryIsKeptToWhatTheTaskSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.directory("source", directoryOptions{ldif: w.read("company.ldif")})
	w.directory("target", directoryOptions{ldif: w.read("target.ldif")})
	w.task("company.yaml", "company", func(task *v1alpha1.SyncTask) { task.Spec.History.Limit = new(int32(1)) })

	w.succeeds("company-first", "company")
	older := w.runs("company")
	until(w, "the details of a chosen name to go", "company-first", &v1alpha1.SyncRun{}, func(run *v1alpha1.SyncRun) bool {
		return meta.IsStatusConditionFalse(run.Status.Conditions, v1alpha1.ConditionDetailsKept)
	})
	if left := w.artifactsOf("company-first"); len(left) > 0 {
		t.Errorf("of company-first is left: %v", left)
	}
	w.eventually("its export to go", func(ctx context.Context) (bool, error) {
		_, complaint := w.tryKubectl("", "get", "configmap", "company-first-export")
		return strings.Contains(complaint, "NotFound"), nil
	})
	if _, complaint := w.tryKubectl("", "synccenter", "export", "company-first", "--output", w.TempDir()+"/first.xlsx"); !strings.Contains(complaint, "they were removed; the counts in its status stay. history.limit") {
		t.Errorf("the export of company-first says: %s", complaint)
	}

	newer := w.runs("company")
	w.eventually("the older run to go", func(context.Context) (bool, error) {
		names := strings.Fields(w.kubectl("get", "syncruns", "--output=name"))
		for i := range names {
			names[i] = strings.TrimPrefix(names[i], "syncrun.synccenter.dev/")
		}
		want := []string{"company-first", newer}
		slices.Sort(names)
		slices.Sort(want)
		return cmp.Equal(names, want), nil
	})
	if rows := table(w.kubectl("synccenter", "history", "company")); len(rows) != 3 {
		t.Errorf("the history has %d lines, want a heading and two: %v (the older was %s)", len(rows), rows, older)
	}
}

// suspend stops the task of the schedule, or lets it go on.
func (w *world) suspend(stop bool) {
	w.Helper()
	patch := `{"spec":{"suspend":false}}`
	if stop {
		patch = `{"spec":{"suspend":true}}`
	}
	w.kubectl("patch", "synctask", "nightly", "--type=merge", "--patch", patch)
}

// executing is a run that has started and not ended, or empty.
func (w *world) executing() string {
	w.Helper()
	var runs v1alpha1.SyncRunList
	if err := cluster.client.List(w.Context(), &runs, client.InNamespace(w.namespace)); err != nil {
		w.Fatal(err)
	}
	for i := range runs.Items {
		if !meta.IsStatusConditionTrue(runs.Items[i].Status.Conditions, v1alpha1.ConditionComplete) && runs.Items[i].Status.Sequence > 0 {
			return runs.Items[i].Name
		}
	}
	return ""
}

// artifactsOf are the names of what a run owns.
func (w *world) artifactsOf(run string) []string {
	w.Helper()
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(v1alpha1.KindSyncArtifact + "List"))
	if err := cluster.client.List(w.Context(), list, client.InNamespace(w.namespace), client.MatchingLabels{v1alpha1.LabelRun: run}); err != nil {
		w.Fatal(err)
	}
	var result []string
	for i := range list.Items {
		if len(list.Items[i].OwnerReferences) > 0 {
			result = append(result, list.Items[i].Name)
		}
	}
	return result
}
