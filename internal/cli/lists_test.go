package cli

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
)

func TestListsWithoutAnything(t *testing.T) {
	p := newPerson(t)
	r := p.succeeds(t, "tasks")
	if want := "No resources found in " + p.namespace + " namespace.\n"; r.out != "" || r.err != want {
		t.Errorf("want %q on the error stream alone, got %q and %q", want, r.err, r.out)
	}
	p.task(t, "hr", nil)
	if r := p.succeeds(t, "history", "hr"); r.out != "" || !strings.HasPrefix(r.err, "No resources found") {
		t.Errorf("got %q and %q", r.out, r.err)
	}
}

func TestHistory(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", nil)
	refused := ended(0, v1alpha1.PhaseFailed, nil)
	refused.CompletionTime = nil
	p.run(t, "hr-c", "hr", refused)
	p.run(t, "hr-d", "hr", ended(2, v1alpha1.PhaseCancelled, nil))
	p.run(t, "hr-a", "hr", ended(9, v1alpha1.PhaseSucceeded, records()[:2]))
	p.run(t, "hr-b", "hr", ended(10, v1alpha1.PhasePartiallyFailed, records()))
	p.run(t, "other", "another", ended(11, v1alpha1.PhaseSucceeded, nil))

	golden(t, "history", p.succeeds(t, "history", "hr").out)
}

func TestNewestFirst(t *testing.T) {
	made := func(name string, age time.Duration, sequence int64) v1alpha1.SyncRun {
		run := v1alpha1.SyncRun{ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(now.Add(-age))}}
		run.Status.Sequence = sequence
		return run
	}
	runs := []v1alpha1.SyncRun{
		made("refused long ago", 3*time.Hour, 0), made("first", 4*time.Hour, 1), made("third", time.Hour, 3), made("second", time.Hour, 2), made("waits", time.Minute, 0),
	}
	slices.SortFunc(runs, newestFirst)
	names := make([]string, len(runs))
	for i := range runs {
		names[i] = runs[i].Name
	}
	if got := strings.Join(names, ", "); got != "waits, third, second, refused long ago, first" {
		t.Errorf("got %s", got)
	}
}

func TestListsAreOneDocument(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", nil)
	for _, count := range []int{0, 1, 2} {
		if count > 0 {
			p.run(t, "hr-"+string(rune('a'+count)), "hr", ended(int64(count), v1alpha1.PhaseSucceeded, nil))
		}
		var list struct {
			Kind  string
			Items []struct {
				Kind     string
				Metadata struct{ Name string }
			}
		}
		if err := json.Unmarshal([]byte(p.succeeds(t, "history", "hr", "-o", "json").out), &list); err != nil {
			t.Fatalf("%d runs: %v", count, err)
		}
		if list.Kind != "SyncRunList" || len(list.Items) != count {
			t.Fatalf("%d runs: got a %s of %d", count, list.Kind, len(list.Items))
		}
		if count == 2 && (list.Items[0].Metadata.Name != "hr-c" || list.Items[0].Kind != "SyncRun") {
			t.Errorf("the newest is not first: %+v", list.Items)
		}
	}
}

func TestHistoryOutlivesItsTask(t *testing.T) {
	p := newPerson(t)
	p.run(t, "gone-1", "gone", ended(1, v1alpha1.PhaseSucceeded, nil))
	contains(t, p.succeeds(t, "history", "gone").out, "gone-1")
}

func TestUnknownNames(t *testing.T) {
	p := newPerson(t)
	task := []string{`there is no task "absent"`, "kubectl synccenter tasks", "-n chooses another namespace"}
	p.fails(t, 1, task, "history", "absent")
	p.fails(t, 1, task, "run", "absent", "--yes")
	run := []string{`there is no run "absent"`, "kubectl synccenter history TASK"}
	p.fails(t, 1, run, "details", "absent")
	p.fails(t, 1, run, "cancel", "absent")
	p.fails(t, 1, run, "export", "absent", "-o", "x.csv")
}

func TestCompletion(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", nil)
	p.run(t, "hr-a", "hr", v1alpha1.SyncRunStatus{})
	if got := p.succeeds(t, "__complete", "run", "").out; got != "hr\n:4\n" {
		t.Errorf("tasks: %q", got)
	}
	if got := p.succeeds(t, "__complete", "details", "").out; got != "hr-a\thr Pending\n:4\n" {
		t.Errorf("runs: %q", got)
	}
	if got := p.succeeds(t, "__complete", "details", "hr-a", "--status", "").out; got != "Succeeded\nFailed\nSkipped\nHeld\nPlanned\n:4\n" {
		t.Errorf("statuses: %q", got)
	}
}
