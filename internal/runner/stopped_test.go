package runner_test

import (
	"context"
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/runner"
)

// renamingEnds calls a function within the n-th time that something is renamed in the target, before it is.
type renamingEnds struct {
	runner.Connector
	after  int
	notify func()
}

func (e *renamingEnds) Target(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Target, error) {
	target, err := e.Connector.Target(ctx, spec)
	return &renamingTarget{Target: target, ends: e}, err
}

type renamingTarget struct {
	connector.Target
	ends *renamingEnds
}

func (t *renamingTarget) renames() {
	if t.ends.after--; t.ends.after == 0 {
		t.ends.notify()
	}
}

func (t *renamingTarget) ChangeUserIdentifier(ctx context.Context, id string, values []string) (directory.Entry, error) {
	t.renames()
	return t.Target.ChangeUserIdentifier(ctx, id, values)
}

func (t *renamingTarget) UpdateDepartment(ctx context.Context, id string, patch connector.Patch) (directory.Entry, error) {
	t.renames()
	return t.Target.UpdateDepartment(ctx, id, patch)
}

// expectNoTemporary fails the test when anything in the target has a temporary name.
func (w *world) expectNoTemporary(when string) {
	w.t.Helper()
	for _, e := range w.snapshot(w.target) {
		if strings.Contains(e.dn, "swap-") {
			w.t.Errorf("%s: %s has a temporary name\n%s", when, e.dn, w.describe(w.lastUID()))
		}
	}
}

// circle lets three people of the source pass their logins on.
func (w *world) circle(a, b, c, parent string) {
	for _, step := range [][2]string{{a, "between"}, {c, a}, {b, c}, {"between", b}} {
		w.source.Server.Apply(w.t, "dn: uid="+step[0]+","+parent+"\nchangetype: modrdn\nnewrdn: uid="+step[1]+"\ndeleteoldrdn: 1\n\n")
	}
}

func TestAStoppedRunLeavesNobodyWithATemporaryName(t *testing.T) {
	t.Parallel()
	people := func(w *world) { w.exchange("an", "bo", w.dn("East", "Sales", "Head")) }
	three := func(w *world) { w.circle("an", "bo", "chen", w.dn("East", "Sales", "Head")) }
	departments := func(w *world) {
		above := w.dn("Sales", "Head")
		for _, step := range [][2]string{{"East", "between"}, {"West", "East"}, {"between", "West"}} {
			server.Apply(w.t, "dn: ou="+step[0]+","+above+"\nchangetype: modrdn\nnewrdn: ou="+step[1]+"\ndeleteoldrdn: 1\n\n")
		}
	}
	tests := []struct {
		name  string
		edit  func(*world)
		after int
	}{
		{"two people, after the temporary name", people, 1},
		{"two people, after the second rename", people, 2},
		{"three people, after the temporary name", three, 1},
		{"three people, after the second rename", three, 2},
		{"three people, after the third rename", three, 3},
		{"two departments, after the temporary name", departments, 1},
		{"two departments, after the second rename", departments, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.task.Spec.Execution.Concurrency = 1
			w.company()
			w.synced()
			test.edit(w)
			entries := len(w.snapshot(w.target))
			r := w.begin()
			r.runner.Connect = &renamingEnds{Connector: w.mounts, after: test.after, notify: func() { r.lease.ask("cancelled") }}
			if err := r.attempt(1, false); err != nil {
				t.Fatal(err)
			}

			w.expectEqual("result", r.ended().Outcome.Result, report.Cancelled)
			w.expectNoTemporary("after the stopped run")
			w.expectEqual("entries", len(w.snapshot(w.target)), entries)
			w.synced()
			w.expectEven()
		})
	}
}

func TestTheLastAttemptLeavesNobodyWithATemporaryName(t *testing.T) {
	t.Parallel()
	for after := int64(1); after <= 3; after++ {
		w := newWorld(t)
		w.company()
		w.synced()
		w.exchange("an", "bo", w.dn("East", "Sales", "Head"))
		r := w.begin()
		r.mortal(die(after, func(step string) bool { return step == "write" }))
		if err := r.attempt(1, false); err == nil {
			t.Fatal("the process did not die")
		}
		r.reborn()
		if err := r.attempt(2, true); err != nil {
			t.Fatal(err)
		}
		w.expectNoTemporary("after the last attempt")
		for _, uid := range []string{"an", "bo"} {
			if _, ok := w.targetPerson(uid); !ok {
				t.Errorf("nobody has the login %s:\n%s", uid, w.describe(w.lastUID()))
			}
		}
	}
}
