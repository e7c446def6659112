package syncrun_test

import (
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/state"
)

// success is the last report of a run in which one person was made.
func success(end time.Time) report.Report {
	return report.Report{
		Stage: report.Applying, StartTime: end.Add(-time.Minute), Done: 1, Total: 1,
		Source:  &report.Endpoint{Reason: string(v1alpha1.ReasonConnected), Message: "ldaps://hr.example.com answered."},
		Target:  &report.Endpoint{Reason: string(v1alpha1.ReasonConnected), Message: "ldaps://directory.example.com answered."},
		Plan:    &report.Plan{Digest: "sha256:plan", Operations: 1},
		Outcome: &report.Outcome{Result: report.Succeeded, EndTime: end},
		Counts: &history.Counts{
			Users:      history.Tally{Total: 3, Succeeded: 3, UpdatesTotal: 1, UpdatesSucceeded: 1},
			Operations: []history.OperationCount{{Operation: "CreateUser", Planned: 1, Succeeded: 1}, {Operation: "NoUpdate", Planned: 2, Succeeded: 2}},
			Records:    3,
		},
		Records: &report.Records{Count: 3, Bytes: 400, Digest: "sha256:records"},
		State:   &report.State{Users: 3},
	}
}

func TestTaskAndRunAppliedTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(newRun("hr", "hr-first"))
	w.expect(w.settleRun("hr-first"), v1alpha1.PhasePending, v1alpha1.ReasonTaskNotFound)
	w.create(newTask("hr"))
	w.expect(w.settleRun("hr-first"), v1alpha1.PhasePending, v1alpha1.ReasonTaskNotReady)

	task := w.settleTask("hr")
	if !meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionReady) {
		t.Fatalf("the task is not ready: %+v", task.Status.Conditions)
	}
	run := w.settleRun("hr-first")
	w.expect(run, v1alpha1.PhasePending, v1alpha1.ReasonWaitingForPod)
	job := w.job("hr-first", 1)
	if job == nil {
		t.Fatal("there is no Job")
	}
	if run.Status.Job == nil || run.Status.Job.Name != job.Name || run.Status.Sequence != 1 || run.Status.StartTime == nil || run.Status.Mode != v1alpha1.TriggerManual {
		t.Errorf("the status of the started run: %+v", run.Status)
	}

	w.pod(job, "hr-first-1-a")
	w.tell(run, 1, report.Report{Stage: report.Reading, Done: 10})
	run = w.settleRun("hr-first")
	w.expect(run, v1alpha1.PhaseReading, v1alpha1.ReasonRunning)
	if run.Status.Progress == nil || run.Status.Progress.Done != 10 {
		t.Errorf("progress is %+v, want 10 read", run.Status.Progress)
	}

	end := w.clock.Now().Add(time.Minute)
	w.tell(run, 1, success(end))
	run = w.settleRun("hr-first")
	w.expect(run, v1alpha1.PhaseSucceeded, v1alpha1.ReasonSucceeded)
	if !run.Status.CompletionTime.Time.Equal(end) {
		t.Errorf("the sync time is %s, want the end of applying, %s", run.Status.CompletionTime, end)
	}
	if run.Status.Users.Summary != "3/3" || run.Status.Users.UpdatesSummary != "1/1" || run.Status.Organizations.Summary != "0/0" {
		t.Errorf("counts: %+v, %+v", run.Status.Users, run.Status.Organizations)
	}
	task = w.settleTask("hr")
	if len(task.Status.RecentExecutions) != 1 || task.Status.RecentExecutions[0].Outcome != v1alpha1.PhaseSucceeded {
		t.Errorf("recent executions: %+v", task.Status.RecentExecutions)
	}
	if task.Status.LastRun.Phase != v1alpha1.PhaseSucceeded || task.Status.Links == nil || task.Status.Links.Users != 3 {
		t.Errorf("the task after the run: %+v", task.Status)
	}
	for _, condition := range []string{v1alpha1.ConditionSourceReady, v1alpha1.ConditionTargetReady} {
		if !meta.IsStatusConditionTrue(task.Status.Conditions, condition) {
			t.Errorf("%s is not True", condition)
		}
	}
}

func TestJobExpiresOnlyWithStoredOutcome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.started("hr", "hr-first")
	if ttl := w.job("hr-first", 1).Spec.TTLSecondsAfterFinished; ttl != nil {
		t.Fatalf("the Job of an unfinished run expires after %d s", *ttl)
	}
	w.tell(run, 1, success(w.clock.Now()))
	w.settleRun("hr-first")
	w.expectExpiry("hr-first", time.Hour)
}

// expectExpiry checks how long the Job of an ended run stays, unless its run goes earlier.
func (w *world) expectExpiry(run string, want time.Duration) {
	w.Helper()
	job := w.job(run, 1)
	ttl := job.Spec.TTLSecondsAfterFinished
	if ttl == nil || time.Duration(*ttl)*time.Second != want {
		w.Errorf("the Job of an ended run stays for %v seconds, want %s", ptr.Deref(ttl, -1), want)
	}
	if !metav1.IsControlledBy(job, w.run(run)) {
		w.Errorf("the Job does not go with its run: its owners are %+v", job.OwnerReferences)
	}
}

// TestLogsOfAFailedRunStayForADay: people look at them in the morning.
func TestLogsOfAFailedRunStayForADay(t *testing.T) {
	t.Parallel()
	for _, result := range []report.Result{report.Failed, report.PartiallyFailed, report.Cancelled} {
		t.Run(string(result), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			facts := success(w.clock.Now())
			facts.Outcome.Result = result
			w.tell(w.started("hr", "hr-first"), 1, facts)
			w.settleRun("hr-first")
			w.expectExpiry("hr-first", 24*time.Hour)
		})
	}
}

func TestSecondRunWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.started("hr", "hr-first")
	w.create(newRun("hr", "hr-second"))
	second := w.settleRun("hr-second")
	w.expect(second, v1alpha1.PhasePending, v1alpha1.ReasonWaitingForRun)
	if second.Status.Sequence != 0 || w.job("hr-second", 1) != nil {
		t.Fatal("the second run has started")
	}
	w.tell(first, 1, success(w.clock.Now()))
	w.settleRun("hr-first")
	second = w.settleRun("hr-second")
	w.expect(second, v1alpha1.PhasePending, v1alpha1.ReasonWaitingForPod)
	if second.Status.Sequence != 2 {
		t.Errorf("the sequence is %d, want 2", second.Status.Sequence)
	}
}

func TestRunsStartInOrderOfCreation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(newTask("hr"))
	w.settleTask("hr")
	w.create(newRun("hr", "hr-a"))
	w.create(newRun("hr", "hr-b"))
	w.expect(w.settleRun("hr-b"), v1alpha1.PhasePending, v1alpha1.ReasonWaitingForRun)
	w.expect(w.settleRun("hr-a"), v1alpha1.PhasePending, v1alpha1.ReasonWaitingForPod)
}

func TestSequenceGoesOnWhenTheTaskIsMadeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.started("hr", "hr-first")
	w.tell(run, 1, success(w.clock.Now()))
	w.settleRun("hr-first")
	w.saveSequence(run, 41)
	w.remove(run)
	w.remove(w.task("hr"))
	w.settleDeleted("hr")

	w.apply("hr", "hr-again")
	w.settleTask("hr")
	if got := w.settleRun("hr-again").Status.Sequence; got != 42 {
		t.Errorf("the sequence is %d, want 42, after the state's 41", got)
	}
}

// saveSequence writes the state of a run's task, as a run of that sequence does.
func (w *world) saveSequence(run *v1alpha1.SyncRun, sequence int64) {
	w.Helper()
	task := run.Spec.TaskRef.Name
	saved := state.New(w.namespace+"/"+task, state.Identity{Source: "source", Target: "target"})
	saved.LastSequence = sequence
	store := cluster.New(cluster.Options{Client: w.client, Namespace: w.namespace, Task: task, Writer: v1alpha1.ArtifactWriter{Run: run.Name, UID: run.UID}})
	if _, err := saved.Save(w.Context(), store, ""); err != nil {
		w.Fatal(err)
	}
}

func TestTwoManagersReserveOneSequence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(newTask("hr"))
	w.settleTask("hr")
	names := []string{"hr-a", "hr-b"}
	var managers errgroup.Group
	for _, name := range names {
		w.create(newRun("hr", name))
	}
	for _, name := range append(names, names...) {
		managers.Go(func() error {
			for range 20 {
				result, err := w.runs(w.client).Reconcile(t.Context(), ctrl.Request{NamespacedName: w.key(name)})
				if err != nil && !apierrors.IsConflict(err) {
					return err
				}
				if result.RequeueAfter > atOnce {
					return nil
				}
			}
			return nil
		})
	}
	if err := managers.Wait(); err != nil {
		t.Fatal(err)
	}
	a, b := w.settleRun("hr-a"), w.settleRun("hr-b")
	if a.Status.Sequence+b.Status.Sequence != 1 {
		t.Errorf("the sequences are %d and %d, want one of them to be 1 and the other to wait", a.Status.Sequence, b.Status.Sequence)
	}
	if last := w.task("hr").Status.LastSequence; last != 1 {
		t.Errorf("the last sequence is %d", last)
	}
}

func TestTaskNeverComes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(newRun("hr", "hr-first"))
	w.expect(w.settleRun("hr-first"), v1alpha1.PhasePending, v1alpha1.ReasonTaskNotFound)
	w.clock.SetTime(w.run("hr-first").CreationTimestamp.Add(10 * time.Minute)) // the API server's time, which a busy machine lets run ahead of ours
	w.expect(w.settleRun("hr-first"), v1alpha1.PhaseFailed, v1alpha1.ReasonTaskDeleted)
}

func TestNotServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := newTask("hr")
	task.Spec.Execution.Approval = v1alpha1.ApprovalFourEyes
	w.create(task)
	w.create(newRun("hr", "hr-first"))
	w.settleTask("hr")
	run := w.settleRun("hr-first")
	w.expect(run, v1alpha1.PhaseFailed, v1alpha1.ReasonNotServed)
	if want := "The task is not ready: Not served by this version: spec.execution.approval: FourEyes. Remove it, or upgrade."; run.Status.Message != want {
		t.Errorf("message %q, want %q", run.Status.Message, want)
	}

	w.create(newTask("payroll"))
	w.settleTask("payroll")
	plan := newRun("payroll", "payroll-plan")
	plan.Spec.Type = v1alpha1.RunPlan
	w.create(plan)
	run = w.settleRun("payroll-plan")
	w.expect(run, v1alpha1.PhaseFailed, v1alpha1.ReasonNotServed)
	if want := "Not served by this version: spec.type: Plan. Make a new SyncRun without it."; run.Status.Message != want {
		t.Errorf("message %q, want %q", run.Status.Message, want)
	}
}

func TestSuspendedAndHeldTasksWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply("hr", "hr-first")
	task := w.settleTask("hr")
	w.update(task, func() { task.Spec.Suspend = true })
	w.settleTask("hr")
	w.expect(w.settleRun("hr-first"), v1alpha1.PhasePending, v1alpha1.ReasonTaskSuspended)
	w.update(task, func() {
		task.Spec.Suspend = false
		metav1.SetMetaDataAnnotation(&task.ObjectMeta, v1alpha1.AnnotationHold, "the directory is being moved")
	})
	w.settleTask("hr")
	held := w.settleRun("hr-first")
	w.expect(held, v1alpha1.PhasePending, v1alpha1.ReasonTaskHeld)
	if want := "The task is held: the directory is being moved. The run waits."; held.Status.Message != want {
		t.Errorf("message %q, want %q", held.Status.Message, want)
	}
	w.update(task, func() { delete(task.Annotations, v1alpha1.AnnotationHold) })
	w.settleTask("hr")
	w.expect(w.settleRun("hr-first"), v1alpha1.PhasePending, v1alpha1.ReasonWaitingForPod)
}

// started applies a task and a run and takes the run to its Job with a pod at work.
func (w *world) started(task, name string) *v1alpha1.SyncRun {
	w.Helper()
	w.apply(task, name)
	w.settleTask(task)
	w.settleRun(name)
	job := w.job(name, 1)
	if job == nil {
		w.Fatalf("run %s has no Job: %+v", name, w.run(name).Status)
	}
	w.pod(job, name+"-1-a")
	w.expect(w.settleRun(name), v1alpha1.PhasePending, v1alpha1.ReasonWaitingForPod)
	return w.run(name)
}

// TestRunDeletedWhileItIsExecuted: its task says that it goes on no longer, and
// tells people once what became of it.
func TestRunDeletedWhileItIsExecuted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.started("hr", "hr-first")
	w.tell(run, 1, report.Report{Stage: report.Applying, Done: 1, Total: 2})
	run = w.settleRun("hr-first")
	if last := w.settleTask("hr").Status.LastRun; last.Phase != v1alpha1.PhaseApplying {
		t.Fatalf("the run is shown as %+v", last)
	}
	w.remove(run)
	w.create(newRun("hr", "hr-first")) // another one of that name, which nobody has looked at
	if last := w.settleTask("hr").Status.LastRun; last.Phase != v1alpha1.PhaseCancelled || last.UID != run.UID {
		t.Errorf("the deleted run is shown as %+v", last)
	}
	w.expectEvent("RunDeleted", `"hr-first"`, "deleted before it ended")
	w.settleTask("hr")
	w.expectNoEvent("RunDeleted")
	if next := w.settleRun("hr-first"); next.Status.Sequence != 2 {
		t.Errorf("the next run has sequence %d", next.Status.Sequence)
	}
	if last := w.settleTask("hr").Status.LastRun; last.Phase == v1alpha1.PhaseCancelled || last.Sequence != 2 {
		t.Errorf("the next run is shown as %+v", last)
	}
}
