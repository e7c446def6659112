package runner_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/runner"
)

// betweenEnds lets something happen between the read and the first look-up before a removal, in the source or in the target.
type betweenEnds struct {
	runner.Connector
	happens func()
	// inTarget waits for the look-up of the target entry.
	inTarget bool
}

func (e *betweenEnds) Source(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Source, error) {
	source, err := e.Connector.Source(ctx, spec)
	if e.inTarget {
		return source, err
	}
	return &betweenSource{Source: source, happens: sync.OnceFunc(e.happens)}, err
}

func (e *betweenEnds) Target(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Target, error) {
	target, err := e.Connector.Target(ctx, spec)
	if !e.inTarget {
		return target, err
	}
	return &betweenTarget{Target: target, happens: sync.OnceFunc(e.happens)}, err
}

type betweenTarget struct {
	connector.Target
	happens func()
}

func (t *betweenTarget) Lookup(ctx context.Context, kind directory.Kind, ids, fields []string) ([]directory.Entry, error) {
	t.happens()
	return t.Target.Lookup(ctx, kind, ids, fields)
}

type betweenSource struct {
	connector.Source
	happens func()
}

func (s *betweenSource) Lookup(ctx context.Context, kind directory.Kind, ids, fields []string) ([]directory.Entry, error) {
	s.happens()
	return s.Source.Lookup(ctx, kind, ids, fields)
}

// syncBetween executes a run in whose middle something happens.
func (w *world) syncBetween(happens func()) *report.Report {
	w.t.Helper()
	return w.syncWith(&betweenEnds{Connector: w.mounts, happens: happens})
}

// syncWith executes a run with other ends.
func (w *world) syncWith(ends runner.Connector) *report.Report {
	w.t.Helper()
	r := w.begin()
	r.runner.Connect = ends
	if err := r.attempt(1, false); err != nil {
		w.t.Fatal(err)
	}
	return r.ended()
}

// removal is the record of the only removal of the last run.
func (w *world) removal() recordOf {
	w.t.Helper()
	records := w.records(w.lastUID())
	at := slices.IndexFunc(records, func(r recordOf) bool { return r.Operation == "DeleteUser" || r.Operation == "DeleteDepartment" })
	if at < 0 {
		w.t.Fatal("no removal is recorded")
	}
	return records[at]
}

// TestWhatHappensBetweenTheReadAndARemoval removes somebody who is gone from the source at the read. The source is a real one, and what
// happens to it happens before the entry is looked up in it again.
func TestWhatHappensBetweenTheReadAndARemoval(t *testing.T) {
	t.Parallel()
	others := slices.DeleteFunc(slices.Clone(everyone), func(uid string) bool { return uid == "fang" })
	tests := []struct {
		name    string
		happens func(w *world)
		// undo makes the source whole again.
		undo    func(w *world)
		removal string
		says    []string
	}{
		{name: "nothing", happens: func(*world) {}, removal: "Succeeded"},
		{name: "the account loses the right to see people", happens: func(w *world) { w.hide("hidden", others...) },
			undo: func(w *world) { w.hide("", others...) }, removal: "Skipped LookupFailed", says: []string{"check the rights of the source's account"}},
		{name: "all who were known to be there leave too", happens: func(w *world) {
			for _, uid := range others[:len(others)-1] {
				w.leave(w.sourceDN(uid))
			}
			w.hide("hidden", others[len(others)-1])
		}, removal: "Skipped LookupFailed", says: []string{"cannot be trusted"}},
		{name: "two of those who were known to be there leave too", happens: func(w *world) {
			for _, uid := range others[:2] {
				w.leave(w.sourceDN(uid))
			}
		}, removal: "Succeeded"},
		{name: "the filter of the source is not passed any more by those who did", happens: func(w *world) {
			for _, uid := range others {
				w.modify(w.sourceDN(uid), "replace: title\ntitle: left")
			}
		}, undo: func(w *world) {
			for _, uid := range others {
				w.modify(w.sourceDN(uid), "replace: title")
			}
		}, removal: "Skipped LookupFailed", says: []string{"cannot be trusted"}},
		{name: "the source dies", happens: func(*world) {}, removal: "Skipped LookupFailed", says: []string{"looking the entry up in the source before its removal"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.readByReader()
			w.task.Spec.Sources[0].LDAP.Users.Filter = "(&(objectClass=inetOrgPerson)(!(title=left)))"
			w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
			w.task.Spec.Execution.Retries = new(int32)
			w.company()
			proxy := server.Proxy(t)
			w.task.Spec.Sources[0].LDAP.URLs = []string{proxy.URL}
			w.synced()
			w.leave(w.researcher("fang"))

			last := w.syncBetween(func() {
				test.happens(w)
				if test.name == "the source dies" {
					proxy.CutAfter(0)
				}
			})

			removal := w.removal()
			w.expectEqual("the removal", strings.TrimSpace(string(removal.Status)+" "+removal.Reason), test.removal)
			_, there := w.targetPerson("fang")
			w.expectEqual("the person is there", there, test.removal != "Succeeded")
			for _, part := range test.says {
				if !strings.Contains(removal.Message, part) || !strings.Contains(last.Outcome.Message, part) {
					t.Errorf("the record or the run does not say %q:\n%s\n%s", part, removal.Message, last.Outcome.Message)
				}
			}
			if test.undo != nil {
				test.undo(w)
				w.synced()
				w.expectEqual("the removal in the next run", w.removal().Status, "Succeeded")
			}
		})
	}
}

// TestWhoPassesTheFilterAgainIsNotRemoved looks up people whom the source's filter or the task's scope left out at the read.
func TestWhoPassesTheFilterAgainIsNotRemoved(t *testing.T) {
	t.Parallel()
	for name, choose := range map[string]func(*world){
		"the filter of the source": func(w *world) {
			w.task.Spec.Sources[0].LDAP.Users.Filter = "(&(objectClass=inetOrgPerson)(!(title=left)))"
		},
		"the filter of the scope": func(w *world) { w.task.Spec.Scope.Users.Filter = "user.title != 'left'" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			choose(w)
			w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
			w.company()
			w.synced()
			w.modify(w.researcher("fang"), "replace: title\ntitle: left")

			w.syncBetween(func() { w.modify(w.researcher("fang"), "delete: title") })

			w.expectEqual("the removal", w.removal().Reason, "StillInSource")
			w.synced()
			w.expectEqual("the run after it", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 15})
		})
	}
}

// TestADepartmentThatIsBackIsNotRemoved does the same for a department.
func TestADepartmentThatIsBackIsNotRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Deletion.Departments.Action = v1alpha1.DepartmentDelete
	w.task.Spec.Sources[0].LDAP.Departments.Filter = "(&(objectClass=organizationalUnit)(!(description=closed)))"
	w.company()
	w.unit("Lab", "Head")
	w.synced()
	w.modify(w.dn("Lab", "Head"), "replace: description\ndescription: closed")

	w.syncBetween(func() { w.modify(w.dn("Lab", "Head"), "delete: description") })

	w.expectEqual("the removal", w.removal().Reason, "StillInSource")
	w.modify(w.dn("Lab", "Head"), "replace: description\ndescription: closed")
	w.synced()
	w.expectEqual("the removal when it is closed", w.removal().Status, "Succeeded")
}

// TestWhoIsMarkedInTheTargetMeanwhileIsNotRemoved changes the target between the read and the removal.
func TestWhoIsMarkedInTheTargetMeanwhileIsNotRemoved(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, change, protect, reason string }{
		{"it bears another mark", "replace: employeeNumber\nemployeeNumber: other/owner#1", "", "MarkDisagrees"},
		{"it is protected now", "replace: description\ndescription: service account", "user.description == 'service account'", "Protected"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
			w.task.Spec.Protected.Users = test.protect
			w.company()
			w.synced()
			w.leave(w.researcher("fang"))

			w.syncWith(&betweenEnds{Connector: w.mounts, inTarget: true, happens: func() {
				w.modify("uid=fang,"+w.targetDN("Research", "Head"), test.change)
			}})

			w.expectEqual("the removal", string(w.removal().Status)+" "+w.removal().Reason, "Skipped "+test.reason)
			if _, there := w.targetPerson("fang"); !there {
				t.Error("the person was removed")
			}
		})
	}
}
