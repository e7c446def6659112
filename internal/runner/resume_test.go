package runner_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/runner"
)

func everyStep(string) bool { return true }

// eventful makes a world in which the next run does a bit of everything.
func eventful(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.makeEventful()
	return w
}

// eventfulUnmarked is the same in a target that has no place for marks.
func eventfulUnmarked(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.task.Spec.Target.LDAP.Users.Mark, w.task.Spec.Target.LDAP.Departments.Mark = "", ""
	w.makeEventful()
	return w
}

func (w *world) makeEventful() {
	w.t.Helper()
	t := w.t
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	w.task.Spec.Deletion.Departments.Action = v1alpha1.DepartmentDelete
	w.company()
	w.synced()
	east, research := w.dn("East", "Sales", "Head"), w.dn("Research", "Head")
	server.Apply(t, "dn: uid=an,"+east+"\nchangetype: modrdn\nnewrdn: uid=anna\ndeleteoldrdn: 1\n\n"+
		"dn: uid=bo,"+east+"\nchangetype: modify\nreplace: mail\nmail: bo@example.org\n\n"+
		"dn: uid=chen,"+east+"\nchangetype: modrdn\nnewrdn: uid=chen\ndeleteoldrdn: 0\nnewsuperior: "+research+"\n\n"+
		"dn: uid=dora,"+w.dn("West", "Sales", "Head")+"\nchangetype: delete\n\n"+
		"dn: uid=emil,"+w.dn("West", "Sales", "Head")+"\nchangetype: delete\n\n"+
		"dn: "+w.dn("West", "Sales", "Head")+"\nchangetype: delete\n\n"+
		"dn: "+east+"\nchangetype: modrdn\nnewrdn: ou=East\ndeleteoldrdn: 0\nnewsuperior: "+research+"\n\n"+
		"dn: "+research+"\nchangetype: modrdn\nnewrdn: ou=Science\ndeleteoldrdn: 1\n\n")
	w.unit("South", "Sales", "Head")
	for i := range 6 {
		w.person(fmt.Sprintf("new%d", i), "South", "Sales", "Head")
	}
}

// wholeEventful is what an uninterrupted run leaves.
func wholeEventful(t *testing.T, w *world, before map[string]entry) {
	t.Helper()
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{
		"CreateDepartment Succeeded": 1, "CreateUser Succeeded": 6, "UpdateUser Succeeded": 1, "ChangeUserIdentifier Succeeded": 1,
		"ChangeUserDepartments Succeeded": 1, "MoveDepartment Succeeded": 1, "UpdateDepartment Succeeded": 1,
		"DeleteUser Succeeded": 2, "DeleteDepartment Succeeded": 1, "NoUpdate Succeeded": 7,
	})
	if diff := cmp.Diff(w.contents(w.source), w.contents(w.target)); diff != "" {
		t.Errorf("source and target differ (-source +target):\n%s", diff)
	}
	if diff := cmp.Diff(difference(before, w.snapshot(w.target)), recorded(w.records(w.lastUID()))); diff != "" {
		t.Errorf("the records are not what happened (-happened +recorded):\n%s", diff)
	}
	w.synced()
	w.expectEqual("operations of a further run", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 19})
}

// TestARunThatIsKilledAnywhereIsFinished kills a run after each of its steps, every third one twice, and finishes it.
func TestARunThatIsKilledAnywhereIsFinished(t *testing.T) {
	t.Parallel()
	killAnywhere(t, eventful, 1)
}

// TestARunThatIsKilledIsFinishedWithoutMarks settles by place what cannot be found by mark.
func TestARunThatIsKilledIsFinishedWithoutMarks(t *testing.T) {
	t.Parallel()
	killAnywhere(t, eventfulUnmarked, 2)
}

func killAnywhere(t *testing.T, world func(*testing.T) *world, stride int64) {
	measured := world(t)
	before := measured.snapshot(measured.target)
	r, whole := measured.begin(), die(math.MaxInt64, everyStep)
	r.mortal(whole)
	if err := r.attempt(1, false); err != nil {
		t.Fatalf("the uninterrupted run: %v", err)
	}
	wholeEventful(t, measured, before)
	steps := whole.steps.Load()
	if steps < 20 {
		t.Fatalf("an uninterrupted run has %d steps: too few for this test to say anything", steps)
	}
	for after := int64(1); after <= steps; after += stride {
		t.Run(fmt.Sprintf("after step %d of %d", after, steps), func(t *testing.T) {
			t.Parallel()
			killAndFinish(t, world(t), after)
		})
	}
}

// killAndFinish kills a run after a step; every third time it also kills the attempt that goes on.
func killAndFinish(t *testing.T, w *world, after int64) {
	before := w.snapshot(w.target)
	r := w.begin()
	attempt := 1
	kills := []int64{after}
	if after%3 == 0 {
		kills = append(kills, 4)
	}
	for _, n := range kills {
		r.mortal(die(n, everyStep))
		if err := r.attempt(attempt, false); err != nil && !errors.Is(err, errDead) {
			t.Fatalf("attempt %d ended with another error than its death: %v", attempt, err)
		}
		attempt++
	}
	r.reborn()
	if err := r.attempt(attempt, false); err != nil {
		t.Fatalf("the last attempt: %v", err)
	}
	if last := r.ended(); last.Outcome.Result != report.Succeeded {
		t.Fatalf("result %s: %s\n%s", last.Outcome.Result, last.Outcome.Message, w.describe(r.uid))
	}
	wholeEventful(t, w, before)
}

func TestTheLastAttemptWritesNothingAndCompletesTheRecords(t *testing.T) {
	t.Parallel()
	writes := func(step string) bool { return step == "write" }
	for _, after := range []int64{1, 5, 9} {
		t.Run(fmt.Sprintf("after %d writes", after), func(t *testing.T) {
			t.Parallel()
			w := eventful(t)
			start := w.snapshot(w.target)
			r := w.begin()
			r.mortal(die(after, writes))
			if err := r.attempt(1, false); !errors.Is(err, errDead) {
				t.Fatalf("the first attempt was to be killed, it ended with %v", err)
			}
			killed := w.snapshot(w.target)

			r.reborn()
			if err := r.attempt(2, true); err != nil {
				t.Fatal(err)
			}

			last := r.ended()
			w.expectEqual("result", last.Outcome.Result, report.Failed)
			if diff := cmp.Diff(killed, w.snapshot(w.target), cmp.AllowUnexported(entry{})); diff != "" {
				t.Errorf("the last attempt wrote to the target:\n%s", diff)
			}
			if diff := cmp.Diff(difference(start, killed), recorded(w.records(r.uid))); diff != "" {
				t.Errorf("the records are not what happened (-happened +recorded):\n%s", diff)
			}
			w.expectEqual("records", last.Counts.Records, 22)
			w.synced()
			if diff := cmp.Diff(w.contents(w.source), w.contents(w.target)); diff != "" {
				t.Errorf("the next run did not put everything right (-source +target):\n%s", diff)
			}
		})
	}
}

func TestTheLastAttemptEndsAlsoWhenTheTargetIsGone(t *testing.T) {
	t.Parallel()
	w := eventful(t)
	start := w.snapshot(w.target)
	proxy := server.Proxy(t)
	w.task.Spec.Target.LDAP.URLs = []string{proxy.URL}
	r := w.begin()
	r.mortal(die(3, func(step string) bool { return step == "write" }))
	if err := r.attempt(1, false); !errors.Is(err, errDead) {
		t.Fatalf("the first attempt was to be killed, it ended with %v", err)
	}
	proxy.CutAfter(0)
	r.reborn()
	if err := r.attempt(2, false); err == nil {
		t.Fatal("an attempt that can reach nothing must leave the run to the next one")
	}

	if err := r.attempt(3, true); err != nil {
		t.Fatal(err)
	}

	last := r.ended()
	w.expectEqual("result", last.Outcome.Result, report.Failed)
	w.expectEqual("records", last.Counts.Records, 22)
	operations := w.operations(r.uid)
	if operations["CreateUser Failed"] == 0 {
		t.Errorf("nothing is in doubt: %v", operations)
	}
	if done, happened := len(recorded(w.records(r.uid))), len(difference(start, w.snapshot(w.target))); done > happened {
		t.Errorf("%d operations are said to be done and %d were", done, happened)
	}
	w.task.Spec.Target.LDAP.URLs = []string{server.URL}
	w.synced()
	if diff := cmp.Diff(w.contents(w.source), w.contents(w.target)); diff != "" {
		t.Errorf("the next run did not put everything right (-source +target):\n%s", diff)
	}
}

func TestTheLastAttemptOfARunThatNeverPlannedFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	r := w.begin()
	if err := r.attempt(2, true); err != nil {
		t.Fatal(err)
	}
	w.expectEqual("reason", r.ended().Outcome.Reason, v1alpha1.ReasonBackoffLimit)
	w.expectEqual("entries in the target", len(w.contents(w.target)), 2)
}

func TestARunThatIsStoppedSaysWhatHadBeenDone(t *testing.T) {
	t.Parallel()
	w := eventful(t)
	start := w.snapshot(w.target)
	r := w.begin()
	r.runner.Connect = &notifyingEnds{Connector: r.mounts, after: 3, notify: func() { r.lease.ask("The run is cancelled.") }}

	if err := r.attempt(1, false); err != nil {
		t.Fatal(err)
	}

	last := r.ended()
	w.expectEqual("result", last.Outcome.Result, report.Cancelled)
	if diff := cmp.Diff(difference(start, w.snapshot(w.target)), recorded(w.records(r.uid))); diff != "" {
		t.Errorf("the records are not what happened (-happened +recorded):\n%s", diff)
	}
	w.expectEqual("records", last.Counts.Records, 22)
	if skipped := w.skipped(r.uid); skipped == 0 {
		t.Error("nothing was left undone, so the run was not stopped in its midst")
	} else if want := fmt.Sprintf("The run was stopped, and %s not reached. The run is cancelled.", countedWere(skipped)); !strings.HasSuffix(last.Outcome.Message, want) {
		t.Errorf("the message does not end with %q: %s", want, last.Outcome.Message)
	}
	w.synced()
}

// countedWere counts operations in words.
func countedWere(n int) string {
	if n == 1 {
		return "1 operation was"
	}
	return fmt.Sprintf("%d operations were", n)
}

func TestARunThatIsStoppedBeforeItsPlanWritesNothing(t *testing.T) {
	t.Parallel()
	for _, settleOnly := range []bool{false, true} {
		t.Run(fmt.Sprintf("settle only: %t", settleOnly), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.company()
			r := w.begin()
			r.lease.ask("The task is suspended.")
			if err := r.attempt(1, settleOnly); err != nil {
				t.Fatal(err)
			}
			w.expectEqual("result", r.ended().Outcome.Result, report.Cancelled)
			w.expectEqual("entries in the target", len(w.contents(w.target)), 2)
		})
	}
}

func TestAProcessThatIsAskedToLeaveLetsTheNextOneGoOn(t *testing.T) {
	t.Parallel()
	w := eventful(t)
	before := w.snapshot(w.target)
	r := w.begin()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	r.runner.Connect = &notifyingEnds{Connector: r.mounts, after: 3, notify: leave}
	if err := r.runner.Execute(ctx, runner.Attempt{Run: "hr-" + r.uid, UID: r.uid, Number: 1}); !errors.Is(err, runner.ErrInterrupted) {
		t.Fatalf("want ErrInterrupted, got %v", err)
	}
	if r.reports.last.Outcome != nil {
		t.Fatalf("a run that goes on has an outcome: %+v", r.reports.last.Outcome)
	}
	r.reborn()
	if err := r.attempt(1, false); err != nil {
		t.Fatal(err)
	}
	wholeEventful(t, w, before)
}
