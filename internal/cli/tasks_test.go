package cli

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// condition is one as the manager would write it.
func condition(kind string, status metav1.ConditionStatus, reason v1alpha1.Reason, message string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: string(reason), Message: message, LastTransitionTime: metav1.NewTime(now)}
}

// ready makes a task ready.
func ready(task *v1alpha1.SyncTask) {
	task.Status.Conditions = []metav1.Condition{
		condition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, "The definition is valid."),
		condition(v1alpha1.ConditionDeletionsPending, metav1.ConditionFalse, v1alpha1.ReasonNonePending, "No removal waits for a person."),
	}
}

// ranWith gives a task a last run that is in a phase, and if that is final a line of its short history.
func ranWith(phase v1alpha1.Phase) func(*v1alpha1.SyncTask) {
	return func(task *v1alpha1.SyncTask) {
		ready(task)
		task.Status.LastRun = &v1alpha1.LastRun{Name: task.Name + "-7", UID: "7", Sequence: 7, Phase: phase}
		task.Status.RecentExecutions = []v1alpha1.RecentExecution{{
			Run: task.Name + "-7", UID: "7", Sequence: 7, Mode: v1alpha1.TriggerManual, Time: metav1.NewTime(now.Add(-90 * time.Minute)), Outcome: phase,
			Organizations: &v1alpha1.SubjectCounts{Total: 12, Succeeded: 12, Summary: "12/12", UpdatesSummary: "0/0"},
			Users:         &v1alpha1.SubjectCounts{Total: 1200, Succeeded: 1199, Summary: "1199/1200", UpdatesSummary: "2/3"},
		}}
		if _, final := endedStates[phase]; !final {
			task.Status.RecentExecutions[0].Outcome = v1alpha1.PhaseSucceeded
		}
		synced := task.Status.RecentExecutions[0]
		if phase == v1alpha1.PhaseFailed || phase == v1alpha1.PhaseCancelled {
			synced.Run, synced.Sequence, synced.Outcome, synced.Time = task.Name+"-6", 6, v1alpha1.PhaseSucceeded, metav1.NewTime(now.Add(-25*time.Hour))
		}
		task.Status.LastSync = &synced
	}
}

// pending gives a task removals that wait.
func pending(task *v1alpha1.SyncTask) {
	task.Status.PendingDeletions = &v1alpha1.PendingDeletions{Count: 3}
	task.Status.Conditions[1] = condition(v1alpha1.ConditionDeletionsPending, metav1.ConditionTrue, v1alpha1.ReasonHeld, "Removals that wait for a person: 3.")
}

// everyState makes a task in each state.
func everyState(t *testing.T, p *person) {
	t.Helper()
	all := func(changes ...func(*v1alpha1.SyncTask)) func(*v1alpha1.SyncTask) {
		return func(task *v1alpha1.SyncTask) {
			for _, change := range changes {
				change(task)
			}
		}
	}
	p.task(t, "a-never-run", ready)
	p.task(t, "b-unseen", nil)
	p.task(t, "c-running", ranWith(v1alpha1.PhaseApplying))
	p.task(t, "d-ok", all(ranWith(v1alpha1.PhaseSucceeded), func(task *v1alpha1.SyncTask) {
		task.Spec.DisplayName = "人事 to \x1b[31mcompany"
		task.Spec.Trigger.Mode = v1alpha1.TriggerScheduled
		task.Spec.Trigger.Schedule = &v1alpha1.Schedule{Cron: "0 2 * * *"}
		next := metav1.NewTime(now.Add(14 * time.Hour))
		task.Status.NextScheduleTime = &next
	}))
	p.task(t, "e-partly-failed", ranWith(v1alpha1.PhasePartiallyFailed))
	p.task(t, "f-failed", ranWith(v1alpha1.PhaseFailed))
	p.task(t, "g-deletions", all(ranWith(v1alpha1.PhaseSucceeded), pending))
	p.task(t, "h-failed-and-deletions", all(ranWith(v1alpha1.PhaseFailed), pending))
	p.task(t, "i-suspended", all(ranWith(v1alpha1.PhaseSucceeded), func(task *v1alpha1.SyncTask) { task.Spec.Suspend = true }))
	p.task(t, "j-held", all(ranWith(v1alpha1.PhaseFailed), func(task *v1alpha1.SyncTask) {
		metav1.SetMetaDataAnnotation(&task.ObjectMeta, v1alpha1.AnnotationHold, "the directory is being moved")
	}))
	p.task(t, "k-not-ready", all(ranWith(v1alpha1.PhaseSucceeded), func(task *v1alpha1.SyncTask) {
		task.Status.Conditions[0] = condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInvalidDefinition, "spec.protected.users: undeclared reference to 'usr'")
	}))
	p.task(t, "l-cancelled", ranWith(v1alpha1.PhaseCancelled))
	p.task(t, "n-target-not-ready", all(ranWith(v1alpha1.PhaseSucceeded), func(task *v1alpha1.SyncTask) {
		task.Status.Conditions = append(task.Status.Conditions, condition(v1alpha1.ConditionTargetReady, metav1.ConditionFalse, v1alpha1.ReasonCredentialsRejected, "target: the server refuses the login"))
	}))
	p.task(t, "o-failed-and-then-some-alone", all(ranWith(v1alpha1.PhaseFailed), func(task *v1alpha1.SyncTask) {
		task.Status.LastRun.Phase = v1alpha1.PhaseSucceeded
		task.Status.RecentExecutions = append([]v1alpha1.RecentExecution{{
			Run: "some", UID: "8", Sequence: 8, Mode: v1alpha1.TriggerManual, Time: metav1.NewTime(now.Add(-time.Minute)), Outcome: v1alpha1.PhaseSucceeded,
			Coverage: v1alpha1.CoverageSome, Users: &v1alpha1.SubjectCounts{Total: 1, Succeeded: 1, Summary: "1/1", UpdatesSummary: "1/1"},
		}}, task.Status.RecentExecutions...)
	}))
	p.task(t, "p-deleted-before-its-end", all(ranWith(v1alpha1.PhaseSucceeded), func(task *v1alpha1.SyncTask) {
		task.Status.LastRun = &v1alpha1.LastRun{Name: "gone", UID: "8", Sequence: 8, Phase: v1alpha1.PhaseCancelled}
	}))
	p.task(t, "q-failed-and-suspended", all(ranWith(v1alpha1.PhaseFailed), func(task *v1alpha1.SyncTask) { task.Spec.Suspend = true }))
	p.task(t, "m-running-and-held", all(ranWith(v1alpha1.PhaseApplying), func(task *v1alpha1.SyncTask) {
		metav1.SetMetaDataAnnotation(&task.ObjectMeta, v1alpha1.AnnotationHold, "wrong filter")
	}))
}

func TestTasks(t *testing.T) {
	p := newPerson(t)
	everyState(t, p)
	plainTable := p.succeeds(t, "tasks").out
	golden(t, "tasks", plainTable)
	golden(t, "tasks-wide", p.succeeds(t, "tasks", "-o", "wide").out)
	for line := range strings.Lines(p.succeeds(t, "tasks", "-o", "wide").out) {
		name, rest, _ := strings.Cut(line, " ")
		state := strings.Fields(rest)[0]
		if failed := state == string(stateFailed) || state == string(statePartlyFailed); failed && !strings.Contains(line, "see: kubectl synccenter history "+name) {
			t.Errorf("nothing says why: %s", line)
		}
		if state == string(stateSuspended) && !strings.Contains(line, "spec.suspend is true") {
			t.Errorf("nothing says why: %s", line)
		}
	}
	contains(t, p.succeeds(t, "tasks", "-A").out, "NAMESPACE", p.namespace)
	if got := p.succeeds(t, "tasks", "-o", "name").out; !strings.HasPrefix(got, "synctask.synccenter.dev/a-never-run\nsynctask.synccenter.dev/b-unseen\n") {
		t.Errorf("-o name gives %q", got)
	}
	var list struct {
		Kind  string
		Items []json.RawMessage
	}
	if err := json.Unmarshal([]byte(p.succeeds(t, "tasks", "-o", "json").out), &list); err != nil || list.Kind != "SyncTaskList" || len(list.Items) != 17 {
		t.Errorf("-o json gives a %s of %d (%v)", list.Kind, len(list.Items), err)
	}

	p.colours = true
	painted := p.succeeds(t, "tasks").out
	golden(t, "tasks-colours", strings.ReplaceAll(painted, "\x1b", "␛"))
	for _, colour := range []string{blue, green, red, orange, grey, noColour} {
		painted = strings.ReplaceAll(painted, colour, "")
	}
	if painted != plainTable {
		t.Error("colours change more than the colour")
	}
}

// TestTasksWatch changes tasks while a person looks, and reads what is shown.
func TestTasksWatch(t *testing.T) {
	p := newPerson(t)
	task := p.task(t, "hr", ready)
	w := p.watches(t, "tasks", "--watch")
	status := func(change func(*v1alpha1.SyncTask)) {
		t.Helper()
		change(task)
		if err := server.Client.Status().Update(t.Context(), task); err != nil {
			t.Fatal(err)
		}
	}
	w.next("NAME", "STATE")
	w.next("hr", "NeverRun")
	status(ranWith(v1alpha1.PhasePending))
	w.next("hr", "Running")
	status(func(task *v1alpha1.SyncTask) { task.Status.LastSequence = 7 }) // shows nowhere
	status(ranWith(v1alpha1.PhaseSucceeded))
	w.next("hr", "OK", "12/12", "1199/1200")
	p.task(t, "payroll", nil)
	w.next("payroll", "NeverRun")
	if err := server.Client.Delete(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	for w.lines.Scan() { // what the manager wrote of payroll may show first
		if strings.HasPrefix(w.lines.Text(), "hr") {
			break
		}
	}
	contains(t, w.lines.Text(), "hr", "Deleted")
	w.ends()
}

func TestTasksWatchAsJSON(t *testing.T) {
	p := newPerson(t)
	task := p.task(t, "hr", ready)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, writer := io.Pipe()
	go func() {
		p.typesInto(ctx, writer, io.Discard, "tasks", "-w", "-o", "json")
		writer.Close()
	}()
	documents := json.NewDecoder(reader)
	for _, want := range []string{"", "hr-7"} {
		var shown v1alpha1.SyncTask
		if err := documents.Decode(&shown); err != nil {
			t.Fatal(err)
		}
		if got := shown.Status.LastRun; shown.Name != "hr" || (got == nil) != (want == "") || (got != nil && got.Name != want) {
			t.Errorf("shown is %s with the last run %+v, want %q", shown.Name, got, want)
		}
		if want == "" {
			ranWith(v1alpha1.PhaseSucceeded)(task)
			if err := server.Client.Status().Update(t.Context(), task); err != nil {
				t.Fatal(err)
			}
		}
	}
}
