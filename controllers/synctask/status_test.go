package synctask

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition"
	"synccenter.dev/synccenter/controllers/condition/conditiontest"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/internal/report"
)

// execution is a run of the task's present generation that has ended.
func execution(sequence int64) v1alpha1.SyncRun {
	name := fmt.Sprintf("hr-%d", sequence)
	end := metav1.NewTime(testTime.Add(time.Duration(sequence-24) * time.Hour))
	return v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "people", UID: types.UID(name)},
		Status: v1alpha1.SyncRunStatus{
			Sequence: sequence, Mode: v1alpha1.TriggerManual, Phase: v1alpha1.PhaseSucceeded, CompletionTime: &end,
			Task: &v1alpha1.ExecutedTask{Generation: 2, DefinitionDigest: "sha256:definition"},
		},
	}
}

func connected(message string) *report.Endpoint {
	return &report.Endpoint{Reason: string(v1alpha1.ReasonConnected), Message: message}
}

// check computes the status twice, an hour apart, and checks what must always hold.
func check(t *testing.T, o *observed) v1alpha1.SyncTaskStatus {
	t.Helper()
	result := status(o, decide(o, testTime), nil, testTime)
	task := o.task.DeepCopy()
	task.Status = result
	conditiontest.Task(t, task)
	again := *o
	again.task = task
	if later := status(&again, decide(&again, testTime.Add(time.Hour)), nil, testTime.Add(time.Hour)); !cmp.Equal(result, later) {
		t.Errorf("the same facts an hour later give another status:\n%s", cmp.Diff(result, later))
	}
	return result
}

func expect(t *testing.T, conditions []metav1.Condition, name string, status metav1.ConditionStatus, reason v1alpha1.Reason) string {
	t.Helper()
	found := meta.FindStatusCondition(conditions, name)
	if found == nil {
		t.Fatalf("there is no condition %s", name)
	}
	if found.Status != status || found.Reason != string(reason) {
		t.Errorf("%s is %s with reason %s, want %s with %s: %s", name, found.Status, found.Reason, status, reason, found.Message)
	}
	return found.Message
}

func TestNewTask(t *testing.T) {
	t.Parallel()
	got := check(t, &observed{task: newTask("hr", 0)})
	expect(t, got.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	expect(t, got.Conditions, v1alpha1.ConditionSourceReady, metav1.ConditionUnknown, v1alpha1.ReasonNotChecked)
	expect(t, got.Conditions, v1alpha1.ConditionTargetReady, metav1.ConditionUnknown, v1alpha1.ReasonNotChecked)
	expect(t, got.Conditions, v1alpha1.ConditionDeletionsPending, metav1.ConditionFalse, v1alpha1.ReasonNonePending)
	if got.Source != "LDAP hr.example.com" || got.Target != "LDAP directory.example.com" {
		t.Errorf("source %q and target %q", got.Source, got.Target)
	}
}

func TestFaultyTaskIsStalledUntilMended(t *testing.T) {
	t.Parallel()
	task := newTask("hr", 0)
	task.Status = check(t, &observed{task: task, faults: []fault{{v1alpha1.ReasonOwnerInUse, "taken"}}})
	expect(t, task.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonOwnerInUse)
	expect(t, task.Status.Conditions, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonOwnerInUse)
	mended := check(t, &observed{task: task})
	expect(t, mended.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if meta.FindStatusCondition(mended.Conditions, v1alpha1.ConditionStalled) != nil {
		t.Error("the mended task is still stalled")
	}
}

func TestTaskWithoutAnAccountIsNotReadyYet(t *testing.T) {
	t.Parallel()
	task := newTask("hr", 0)
	task.Status = status(&observed{task: task, accountMissing: true}, step{action: makeAccount}, errors.New("applying RoleBinding: forbidden"), testTime)
	conditiontest.Task(t, task)
	if meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady) != nil {
		t.Error("the task is judged before its runners have an account")
	}
	message := expect(t, task.Status.Conditions, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonProgressing)
	if !strings.Contains(message, "forbidden") {
		t.Errorf("message %q does not say what is wrong", message)
	}
	mended := check(t, &observed{task: task})
	expect(t, mended.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	if meta.FindStatusCondition(mended.Conditions, v1alpha1.ConditionReconciling) != nil {
		t.Error("the mended task is still reconciling")
	}
}

func TestStoppedTaskIsReadyAndSaysSo(t *testing.T) {
	t.Parallel()
	task := newTask("hr", 0)
	task.Spec.Suspend = true
	got := check(t, &observed{task: task})
	if message := expect(t, got.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady); !strings.Contains(message, "suspended") {
		t.Errorf("message %q", message)
	}
	task.Annotations = map[string]string{v1alpha1.AnnotationHold: "audit"}
	got = check(t, &observed{task: task})
	if message := expect(t, got.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady); !strings.Contains(message, "held, so nothing starts: audit") {
		t.Errorf("message %q", message)
	}
}

// TestRunThatWasDeletedBeforeItsEnd: nobody will ever say how it ended, so the
// task says that it goes on no longer, and keeps what it knew before.
func TestRunThatWasDeletedBeforeItsEnd(t *testing.T) {
	t.Parallel()
	task := newTask("hr", 0)
	task.Status.LastSequence = 8
	task.Status.LastRun = &v1alpha1.LastRun{Name: "hr-8", UID: "hr-8", Sequence: 8, Phase: v1alpha1.PhaseApplying}
	o := &observed{task: task, runs: []v1alpha1.SyncRun{execution(7)}}
	if got := check(t, o); got.LastRun.Phase != v1alpha1.PhaseApplying {
		t.Errorf("a run that a list misses is shown as %s", got.LastRun.Phase)
	}
	o.lastRunGone = true
	got := check(t, o)
	if got.LastRun.Phase != v1alpha1.PhaseCancelled || got.LastRun.Name != "hr-8" || got.LastRun.Sequence != 8 {
		t.Errorf("the run that is gone is shown as %+v", got.LastRun)
	}
	if len(got.RecentExecutions) != 1 || got.RecentExecutions[0].Run != "hr-7" || got.LastSync.Run != "hr-7" {
		t.Errorf("executions %+v, last sync %+v", got.RecentExecutions, got.LastSync)
	}
}

func TestReportsOfRuns(t *testing.T) {
	t.Parallel()
	since := testTime.Add(-time.Hour)
	task := newTask("hr", 0)
	runs := []v1alpha1.SyncRun{execution(3), execution(2), execution(1)}
	runs[0].Status.CompletionTime = nil
	task.Status = check(t, &observed{task: task, runs: runs, reports: map[types.UID]*report.Report{
		"hr-3": {Source: connected("hr answered")},
		"hr-2": {
			Source: connected("an older answer"), Target: &report.Endpoint{Reason: string(v1alpha1.ReasonCredentialsRejected), Message: "Secret directory"},
			State: &report.State{Users: 9, Departments: 2, Pending: 4, PendingRun: "hr-1", PendingListDigest: "sha256:list", PendingSince: &since}, Notice: "More than 2 percent left.",
		},
		"hr-1": {State: &report.State{Users: 1}},
	}})
	status := task.Status
	if message := expect(t, status.Conditions, v1alpha1.ConditionSourceReady, metav1.ConditionTrue, v1alpha1.ReasonConnected); message != "hr answered" {
		t.Errorf("the source is said to be: %q", message)
	}
	message := expect(t, status.Conditions, v1alpha1.ConditionTargetReady, metav1.ConditionFalse, v1alpha1.ReasonCredentialsRejected)
	if want := "Secret directory. Try it again: kubectl synccenter check hr"; message != want {
		t.Errorf("the target is said to be %q, want %q", message, want)
	}
	message = expect(t, status.Conditions, v1alpha1.ConditionDeletionsPending, metav1.ConditionTrue, v1alpha1.ReasonHeld)
	why := `Removals that wait for a person: 4, the oldest since run "hr-1". More than 2 percent left. Who waits: kubectl synccenter links hr --state held`
	if message != why {
		t.Errorf("message %q, want %q", message, why)
	}
	// A later run says nothing new about the same ones, and the run that held them goes.
	later := &report.Report{State: &report.State{Users: 9, Pending: 4, PendingRun: "hr-1", PendingListDigest: "sha256:list", PendingSince: &since}}
	same := check(t, &observed{task: task, runs: []v1alpha1.SyncRun{execution(4)}, reports: map[types.UID]*report.Report{"hr-4": later}})
	if message := expect(t, same.Conditions, v1alpha1.ConditionDeletionsPending, metav1.ConditionTrue, v1alpha1.ReasonHeld); message != why {
		t.Errorf("while the same ones wait the message is %q, want %q", message, why)
	}
	later.State.Pending, later.State.PendingListDigest = 3, "sha256:fewer"
	fewer := check(t, &observed{task: task, runs: []v1alpha1.SyncRun{execution(4)}, reports: map[types.UID]*report.Report{"hr-4": later}})
	message = expect(t, fewer.Conditions, v1alpha1.ConditionDeletionsPending, metav1.ConditionTrue, v1alpha1.ReasonHeld)
	if want := `Removals that wait for a person: 3, the oldest since run "hr-1". Who waits: kubectl synccenter links hr --state held`; message != want {
		t.Errorf("with fewer that wait the message is %q, want %q", message, want)
	}
	if status.Links.Users != 9 || status.PendingDeletions.Count != 4 || !status.PendingDeletions.Since.Time.Equal(since) {
		t.Errorf("links %+v, pending %+v", status.Links, status.PendingDeletions)
	}
	if len(status.RecentExecutions) != 2 || status.RecentExecutions[0].Run != "hr-2" {
		t.Errorf("recent executions: %+v", status.RecentExecutions)
	}

	t.Run("stay when the runs are gone", func(t *testing.T) {
		if got := check(t, &observed{task: task}); !cmp.Equal(got, status) {
			t.Errorf("the status changed:\n%s", cmp.Diff(status, got))
		}
	})
	t.Run("are void when the definition changes", func(t *testing.T) {
		changed := task.DeepCopy()
		changed.Generation++
		got := check(t, &observed{task: changed, runs: runs})
		expect(t, got.Conditions, v1alpha1.ConditionSourceReady, metav1.ConditionUnknown, v1alpha1.ReasonNotChecked)
		expect(t, got.Conditions, v1alpha1.ConditionDeletionsPending, metav1.ConditionTrue, v1alpha1.ReasonHeld)
	})
	t.Run("of an unknown reason", func(t *testing.T) {
		got := check(t, &observed{task: task, runs: runs, reports: map[types.UID]*report.Report{
			"hr-3": {Source: &report.Endpoint{Reason: "Whatever", Message: "odd"}},
		}})
		expect(t, got.Conditions, v1alpha1.ConditionSourceReady, metav1.ConditionFalse, v1alpha1.ReasonUnreachable)
	})
}

// TestAnEndThatFailsSaysHowToTryAgain: a check's word and a run's, however long it is, and nothing of that when the end works.
func TestAnEndThatFailsSaysHowToTryAgain(t *testing.T) {
	t.Parallel()
	checked := func(reason v1alpha1.Reason, message string) string {
		o := &observed{task: newTask("hr", 0), checked: "now"}
		end := inspection.End{Endpoint: report.Endpoint{Reason: string(reason), Message: message}}
		o.check = &inspection.Inspection{Name: "hr-check-1", Checked: "now", Ended: &testTime, Check: &inspection.Check{Source: end, Target: end}}
		return meta.FindStatusCondition(check(t, o).Conditions, v1alpha1.ConditionSourceReady).Message
	}
	const again = " Try it again: kubectl synccenter check hr"
	for said, want := range map[string]string{
		"source: it is down": "source: it is down." + again, "source: it is down.": "source: it is down." + again,
		"source: refused (result 49)": "source: refused (result 49)." + again,
	} {
		if got := checked(v1alpha1.ReasonUnreachable, said); got != want {
			t.Errorf("the message is %q, want %q", got, want)
		}
	}
	long := checked(v1alpha1.ReasonUnreachable, strings.Repeat("目录", 1000))
	if !strings.HasSuffix(long, "…"+again) || utf8.RuneCountInString(long) > condition.MessageLimit {
		t.Errorf("a long message has %d characters and ends with %q", utf8.RuneCountInString(long), string([]rune(long)[max(0, utf8.RuneCountInString(long)-60):]))
	}
	if got := checked(v1alpha1.ReasonConnected, "fine"); got != "fine" {
		t.Errorf("an end that works says %q", got)
	}
}

func TestRecentExecutions(t *testing.T) {
	t.Parallel()
	task := newTask("hr", 0)
	var runs []v1alpha1.SyncRun
	for sequence := int64(1); sequence <= 12; sequence++ {
		runs = append(runs, execution(sequence))
	}
	refused := execution(0)
	refused.Status.Phase = v1alpha1.PhaseCancelled
	task.Status = check(t, &observed{task: task, runs: append(runs, refused)})
	recent := task.Status.RecentExecutions
	if len(recent) != executionLimit || recent[0].Sequence != 12 || recent[9].Sequence != 3 {
		t.Fatalf("recent executions: %+v", recent)
	}
	t.Run("outlive their runs", func(t *testing.T) {
		task.Status = check(t, &observed{task: task, runs: []v1alpha1.SyncRun{execution(13)}})
		if recent := task.Status.RecentExecutions; len(recent) != executionLimit || recent[0].Sequence != 13 || recent[9].Sequence != 4 {
			t.Errorf("recent executions: %+v", recent)
		}
	})
}

// TestLastSync: what brought all entries in step last is remembered through
// failures, runs about some entries alone, and the loss of all its runs.
func TestLastSync(t *testing.T) {
	t.Parallel()
	ended := func(sequence int64, phase v1alpha1.Phase) v1alpha1.SyncRun {
		run := execution(sequence)
		run.Status.Phase = phase
		return run
	}
	partial := ended(2, v1alpha1.PhaseSucceeded)
	partial.Spec.Only = &v1alpha1.OnlyEntries{Users: []string{"4711"}}
	task := newTask("hr", 0)
	sees := func(run v1alpha1.SyncRun, want int64) {
		t.Helper()
		task.Status = check(t, &observed{task: task, runs: []v1alpha1.SyncRun{run}})
		if last := task.Status.LastSync; last == nil || last.Sequence != want {
			t.Errorf("after run %d, which %s, the last sync is %+v, want that of run %d", run.Status.Sequence, run.Status.Phase, last, want)
		}
	}
	task.Status = check(t, &observed{task: task, runs: []v1alpha1.SyncRun{ended(0, v1alpha1.PhaseFailed)}})
	if task.Status.LastSync != nil {
		t.Errorf("a task that was never executed was last in step with %+v", task.Status.LastSync)
	}
	sees(ended(1, v1alpha1.PhaseSucceeded), 1)
	sees(partial, 1)
	if recent := task.Status.RecentExecutions; recent[0].Coverage != v1alpha1.CoverageSome || recent[1].Coverage != v1alpha1.CoverageAll {
		t.Errorf("the short history does not tell a run about some entries from one about all: %+v", recent)
	}
	sees(ended(3, v1alpha1.PhasePartiallyFailed), 3)
	for sequence := int64(4); sequence < 20; sequence++ {
		sees(ended(sequence, []v1alpha1.Phase{v1alpha1.PhaseFailed, v1alpha1.PhaseCancelled}[sequence%2]), 3)
	}
	sees(ended(20, v1alpha1.PhaseSucceeded), 20)
}

func TestLastRunFollowsItsPhase(t *testing.T) {
	t.Parallel()
	task := newTask("hr", 0)
	task.Status.LastRun = &v1alpha1.LastRun{Name: "hr-2", UID: "hr-2", Sequence: 2, Phase: v1alpha1.PhasePending}
	task.Status = check(t, &observed{task: task, runs: []v1alpha1.SyncRun{execution(2), execution(1)}})
	if task.Status.LastRun.Phase != v1alpha1.PhaseSucceeded {
		t.Errorf("the phase is %s", task.Status.LastRun.Phase)
	}
	if got := check(t, &observed{task: task}); got.LastRun.Phase != v1alpha1.PhaseSucceeded {
		t.Errorf("the phase of a run that is gone is %q", got.LastRun.Phase)
	}
}

func TestDeletedTaskSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	running := execution(2)
	running.Status.CompletionTime = nil
	task := newTask("hr", 0)
	task.Status = check(t, &observed{task: task})
	task.DeletionTimestamp = &metav1.Time{Time: testTime}
	task.Generation++
	got := check(t, &observed{task: task, runs: []v1alpha1.SyncRun{running}})
	message := expect(t, got.Conditions, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonProgressing)
	if !strings.Contains(message, `"hr-2"`) || !strings.Contains(message, "2026-03-02T08:02:00Z") {
		t.Errorf("message %q names neither the run nor the limit", message)
	}
}

func TestMessagesAreBounded(t *testing.T) {
	t.Parallel()
	got := check(t, &observed{task: newTask("hr", 0), faults: []fault{{v1alpha1.ReasonInvalidDefinition, strings.Repeat("错", 5000)}}})
	message := expect(t, got.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInvalidDefinition)
	if length := len([]rune(message)); length != condition.MessageLimit {
		t.Errorf("the message has %d characters, want %d", length, condition.MessageLimit)
	}
}

func TestARunOutdoesAnOlderCheckThatIsStuck(t *testing.T) {
	t.Parallel()
	task := newTask("hr", 0)
	run := execution(1)
	reports := map[types.UID]*report.Report{"hr-1": {Source: connected("hr answered"), Target: connected("the target answered")}}
	stuck := func(begun time.Time) *inspection.Inspection {
		return &inspection.Inspection{Name: "hr-check-1", Checked: "now", Begun: begun, Trouble: "No image."}
	}
	before := stuck(run.Status.CompletionTime.Add(-time.Minute))
	task.Status = check(t, &observed{task: task, runs: []v1alpha1.SyncRun{run}, reports: reports, checked: "now", check: before})
	expect(t, task.Status.Conditions, v1alpha1.ConditionSourceReady, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	expect(t, task.Status.Conditions, v1alpha1.ConditionTargetReady, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	t.Run("also when the run is gone", func(t *testing.T) {
		got := check(t, &observed{task: task, checked: "now", check: before})
		expect(t, got.Conditions, v1alpha1.ConditionSourceReady, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	})
	t.Run("but not a newer one", func(t *testing.T) {
		got := check(t, &observed{task: task, runs: []v1alpha1.SyncRun{run}, reports: reports, checked: "now", check: stuck(run.Status.CompletionTime.Add(time.Minute))})
		expect(t, got.Conditions, v1alpha1.ConditionSourceReady, metav1.ConditionUnknown, v1alpha1.ReasonCheckFailed)
	})
}

// TestWordsOfAClockThatWasAhead: a check or a run that says it was made long after
// now was made before those whose time has come.
func TestWordsOfAClockThatWasAhead(t *testing.T) {
	t.Parallel()
	now, ahead := testTime, testTime.AddDate(1, 0, 0)
	checked := func(at time.Time) *inspection.Inspection {
		end := inspection.End{Endpoint: *connected("the check's word")}
		return &inspection.Inspection{Name: "hr-check-1", Checked: "now", Begun: at, Ended: &at, Check: &inspection.Check{Source: end, Target: end}}
	}
	executed := func(at time.Time) v1alpha1.SyncRun {
		run := execution(1)
		run.Status.CompletionTime = &metav1.Time{Time: at}
		return run
	}
	const ofCheck, ofRun = "the check's word", "the run's word"
	for name, test := range map[string]struct {
		check, run time.Time
		want       string
	}{
		"the check's was ahead": {check: ahead, run: now.Add(-time.Hour), want: ofRun},
		"the run's was ahead":   {check: now.Add(-time.Hour), run: ahead, want: ofCheck},
		"neither was":           {check: now.Add(-time.Minute), run: now.Add(-time.Hour), want: ofCheck},
		"clocks differ":         {check: now.Add(2 * time.Minute), run: now, want: ofCheck},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &observed{task: newTask("hr", 0), checked: "now", runs: []v1alpha1.SyncRun{executed(test.run)}, check: checked(test.check)}
			o.reports = map[types.UID]*report.Report{"hr-1": {Source: connected(ofRun), Target: connected(ofRun)}}
			o.task.Status = check(t, o)
			if message := expect(t, o.task.Status.Conditions, v1alpha1.ConditionSourceReady, metav1.ConditionTrue, v1alpha1.ReasonConnected); message != test.want {
				t.Errorf("the source is said to be: %s, want %s", message, test.want)
			}
			gone := &observed{task: o.task, checked: "now", check: o.check}
			if message := expect(t, check(t, gone).Conditions, v1alpha1.ConditionSourceReady, metav1.ConditionTrue, v1alpha1.ReasonConnected); message != test.want {
				t.Errorf("when the run is gone the source is said to be: %s, want %s", message, test.want)
			}
		})
	}
}
