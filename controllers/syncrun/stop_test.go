package syncrun_test

import (
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/lease"
	"synccenter.dev/synccenter/internal/report"
)

func (w *world) cancel(name string) {
	w.Helper()
	run := w.run(name)
	w.update(run, func() { run.Spec.Cancel = true })
}

// stopReason is what the runner of a task would read on its Lease.
func (w *world) stopReason(owner string) string {
	w.Helper()
	var object coordinationv1.Lease
	if err := w.client.Get(w.Context(), w.key(lease.Name(owner)), &object); err != nil {
		w.Fatal(err)
	}
	return object.Annotations[v1alpha1.AnnotationStop]
}

func TestCancelBeforeTheTaskIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(newRun("hr", "hr-first"))
	w.settleRun("hr-first")
	w.cancel("hr-first")
	run := w.settleRun("hr-first")
	w.expect(run, v1alpha1.PhaseCancelled, v1alpha1.ReasonCancelled)
	if run.Status.Sequence != 0 {
		t.Errorf("a run that never started has sequence %d", run.Status.Sequence)
	}
}

func TestCancelWhileWaitingForAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.started("hr", "hr-first")
	w.create(newRun("hr", "hr-second"))
	w.settleRun("hr-second")
	w.cancel("hr-second")
	w.expect(w.settleRun("hr-second"), v1alpha1.PhaseCancelled, v1alpha1.ReasonCancelled)
}

func TestCancelBeforeTheRunnerBegins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply("hr", "hr-first")
	w.settleTask("hr")
	w.settleRun("hr-first")
	pod := w.pod(w.job("hr-first", 1), "hr-first-1-a")
	w.cancel("hr-first")
	w.expect(w.settleRun("hr-first"), v1alpha1.PhasePending, v1alpha1.ReasonStopping)
	if w.job("hr-first", 1) != nil {
		t.Fatal("the Job is still there")
	}
	w.remove(pod)
	run := w.settleRun("hr-first")
	w.expect(run, v1alpha1.PhaseCancelled, v1alpha1.ReasonCancelled)
	if want := "The run is cancelled. Nothing was done."; run.Status.Message != want {
		t.Errorf("message %q, want %q", run.Status.Message, want)
	}
}

func TestCancelWhileApplying(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.started("hr", "hr-first")
	w.tell(run, 1, report.Report{Stage: report.Applying, Done: 10, Total: 100})
	w.settleRun("hr-first")
	w.cancel("hr-first")
	w.expect(w.settleRun("hr-first"), v1alpha1.PhaseApplying, v1alpha1.ReasonStopping)
	if got := w.stopReason(w.namespace + "/hr"); got == "" {
		t.Fatal("the runner was not asked to stop")
	}
	facts := success(w.clock.Now())
	facts.Outcome = &report.Outcome{Result: report.Cancelled, Reason: string(v1alpha1.ReasonCancelled), Message: "10 of 100 operations were done.", EndTime: w.clock.Now()}
	w.tell(run, 1, facts)
	ended := w.settleRun("hr-first")
	w.expect(ended, v1alpha1.PhaseCancelled, v1alpha1.ReasonCancelled)
	if ended.Status.Message != "10 of 100 operations were done." {
		t.Errorf("message %q does not say what had been done", ended.Status.Message)
	}
}

func TestCancelledPodThatDiesIsSettled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.started("hr", "hr-first")
	w.tell(run, 1, report.Report{Stage: report.Applying, Done: 10, Total: 100})
	w.cancel("hr-first")
	w.settleRun("hr-first")
	w.remove(w.job("hr-first", 1))
	w.settleRun("hr-first")
	if second := w.job("hr-first", 2); second == nil || !settlesOnly(second) {
		t.Fatalf("the next Job is %+v, want one that only settles", second)
	}
}

func TestHoldStopsAStartedRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.started("hr", "hr-first")
	w.tell(run, 1, report.Report{Stage: report.Applying, Done: 10, Total: 100})
	task := w.task("hr")
	w.update(task, func() {
		metav1.SetMetaDataAnnotation(&task.ObjectMeta, v1alpha1.AnnotationHold, "wrong filter")
	})
	w.expect(w.settleRun("hr-first"), v1alpha1.PhaseApplying, v1alpha1.ReasonStopping)
	if got, want := w.stopReason(w.namespace+"/hr"), "The task is held: wrong filter."; got != want {
		t.Errorf("the Lease says %q, want %q", got, want)
	}
}

func TestDeletedTaskEndsItsExecutionFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.started("hr", "hr-first")
	w.tell(run, 1, report.Report{Stage: report.Applying, Done: 10, Total: 100})
	w.settleRun("hr-first")
	w.create(newRun("hr", "hr-second"))
	task := w.settleTask("hr")
	w.remove(task)
	w.settleDeleted("hr")
	w.expect(w.settleRun("hr-first"), v1alpha1.PhaseApplying, v1alpha1.ReasonStopping)
	w.expect(w.settleRun("hr-second"), v1alpha1.PhaseCancelled, v1alpha1.ReasonTaskDeleted)

	facts := success(w.clock.Now())
	facts.Outcome.Result, facts.Outcome.Reason = report.Cancelled, string(v1alpha1.ReasonTaskDeleted)
	w.tell(run, 1, facts)
	w.expect(w.settleRun("hr-first"), v1alpha1.PhaseCancelled, v1alpha1.ReasonTaskDeleted)
	w.settleDeleted("hr")
	if w.exists(task) {
		t.Error("the task does not go although its execution has ended")
	}
	if !w.exists(run) {
		t.Error("the history went with the task")
	}
}

func TestDeletedTaskWaitsTwoMinutesAtMost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.started("hr", "hr-first")
	w.tell(run, 1, report.Report{Stage: report.Applying, Done: 10, Total: 100})
	w.settleRun("hr-first")
	task := w.settleTask("hr")
	w.remove(task)
	w.settleDeleted("hr")
	if !w.exists(task) {
		t.Fatal("the task went before its execution")
	}
	w.clock.SetTime(w.task("hr").DeletionTimestamp.Add(2 * time.Minute)) // the API server's time, which a busy machine lets run ahead of ours
	w.settleDeleted("hr")
	if w.exists(task) {
		t.Fatal("the task is still there after two minutes")
	}
	w.expect(w.settleRun("hr-first"), v1alpha1.PhaseApplying, v1alpha1.ReasonStopping)
	if w.stopReason(w.namespace+"/hr") == "" {
		t.Error("the runner of a task that is gone was not asked to stop")
	}
}
