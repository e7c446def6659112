package syncrun_test

import (
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/report"
)

// backup is an object as a backup brings it back: new, with labels, annotations
// and spec of the old one.
func backup(run *v1alpha1.SyncRun) *v1alpha1.SyncRun {
	copied := newRun(run.Spec.TaskRef.Name, run.Name)
	copied.Labels, copied.Annotations, copied.Spec = run.Labels, run.Annotations, run.Spec
	return copied
}

// expectCopy checks that a copy is told so, and that nothing came of it.
func (w *world) expectCopy(name string, lastSequence int64) {
	w.Helper()
	run := w.settleRun(name)
	w.expect(run, v1alpha1.PhaseCancelled, v1alpha1.ReasonRestoredCopy)
	if run.Status.Sequence != 0 || run.Status.Job != nil || run.Status.Users != nil {
		w.Errorf("the copy looks as if it was executed: %+v", run.Status)
	}
	if last := w.settleTask("hr").Status.LastSequence; last != lastSequence {
		w.Errorf("the last sequence of the task is %d, want %d", last, lastSequence)
	}
	if w.job(name, 1) != nil {
		w.Error("the copy has a Job")
	}
	for _, execution := range w.task("hr").Status.RecentExecutions {
		if execution.UID == run.UID {
			w.Errorf("a run that did not happen is shown as one: %+v", execution)
		}
	}
}

func TestRestoredCopyIsNeverExecuted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(newTask("hr"))
	w.settleTask("hr")
	copied := newRun("hr", "hr-first")
	copied.Annotations = map[string]string{v1alpha1.AnnotationAcceptedUID: "the-uid-before-the-restore"}
	w.create(copied)
	w.expectCopy("hr-first", 0)
}

func TestCopyOfAFinishedRunIsNeverExecuted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.started("hr", "hr-first")
	w.tell(run, 1, success(w.clock.Now()))
	done := w.settleRun("hr-first")
	w.settleTask("hr")
	w.remove(w.job("hr-first", 1))
	w.remove(done)
	w.create(backup(done))
	w.expectCopy("hr-first", 1)
}

// TestCopyOfARunInExecution restores a run, with and without its status, that
// was saved while it wrote to a target.
func TestCopyOfARunInExecution(t *testing.T) {
	t.Parallel()
	for name, withStatus := range map[string]bool{"without its status": false, "with its status": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			run := w.started("hr", "hr-first")
			w.tell(run, 1, report.Report{Stage: report.Applying, Done: 10, Total: 100})
			saved := w.settleRun("hr-first")
			w.remove(w.job("hr-first", 1))
			w.remove(saved)
			copied := backup(saved)
			w.create(copied)
			if withStatus {
				w.updateStatus(copied, func() { copied.Status = saved.Status })
			}
			w.expectCopy("hr-first", 1)

			w.create(newRun("hr", "hr-next"))
			if next := w.settleRun("hr-next"); next.Status.Sequence != 2 {
				t.Errorf("the next run has sequence %d, want 2: %+v", next.Status.Sequence, next.Status)
			}
		})
	}
}

func TestCopyInAnotherNamespaceIsNeverExecuted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.started("hr", "hr-first")
	w.tell(run, 1, success(w.clock.Now()))
	done := w.settleRun("hr-first")

	other := newWorld(t)
	other.create(newTask("hr"))
	other.settleTask("hr")
	other.create(backup(done))
	other.expectCopy("hr-first", 0)
}

// TestCopySaysHowToExecute: whoever copies a run by hand, annotations and all,
// is told what to leave out.
func TestCopySaysHowToExecute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.started("hr", "hr-first")
	w.tell(run, 1, success(w.clock.Now()))
	copied := backup(w.settleRun("hr-first"))
	copied.Name = "hr-second"
	w.create(copied)
	w.expectCopy("hr-second", 1)
	if message := w.run("hr-second").Status.Message; !strings.Contains(message, "without the annotation "+v1alpha1.AnnotationAcceptedUID) {
		t.Errorf("message %q does not say how to make a run from it", message)
	}
}
