package runner_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/runner"
)

// leave takes people out of the source.
func (w *world) leave(dns ...string) {
	for _, dn := range dns {
		w.serverOf(dn).Apply(w.t, "dn: "+dn+"\nchangetype: delete\n\n")
	}
}

func (w *world) researcher(uid string) string { return "uid=" + uid + "," + w.dn("Research", "Head") }

// targetPerson finds a person in the target by login.
func (w *world) targetPerson(uid string) (entry, bool) {
	for _, e := range w.snapshot(w.target) {
		if e.attributes["uid"] == uid {
			return e, true
		}
	}
	return entry{}, false
}

func TestPeopleWhoLeft(t *testing.T) {
	t.Parallel()
	tests := []struct {
		action v1alpha1.UserDeletionAction
		want   map[string]int
		there  bool
		off    string
	}{
		{v1alpha1.DeletionDelete, map[string]int{"DeleteUser Succeeded": 1, "NoUpdate Succeeded": 14}, false, ""},
		{v1alpha1.DeletionDisable, map[string]int{"DeleteUser Succeeded": 1, "NoUpdate Succeeded": 14}, true, "disabled"},
		{v1alpha1.DeletionKeep, map[string]int{"DeleteUser Skipped": 1, "NoUpdate Succeeded": 14}, true, ""},
	}
	for _, test := range tests {
		t.Run(string(test.action), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.task.Spec.Deletion.Users.Action = test.action
			w.company()
			w.synced()
			w.leave(w.researcher("fang"))

			w.synced()

			w.expectEqual("operations", w.operations(w.lastUID()), test.want)
			left, there := w.targetPerson("fang")
			w.expectEqual("still in the target", there, test.there)
			w.expectEqual("the account's state", left.attributes["employeeType"], test.off)
			w.synced()
			w.expectEqual("operations of a further run", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 14})
		})
	}
}

func TestDepartmentsThatLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	w.task.Spec.Deletion.Departments.Action = v1alpha1.DepartmentDelete
	w.company()
	w.synced()
	west := w.dn("West", "Sales", "Head")
	w.leave("uid=dora,"+west, "uid=emil,"+west, west)

	w.synced()

	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{
		"DeleteUser Succeeded": 2, "DeleteDepartment Succeeded": 1, "NoUpdate Succeeded": 12})
	if diff := cmp.Diff(w.contents(w.source), w.contents(w.target)); diff != "" {
		t.Errorf("source and target differ (-source +target):\n%s", diff)
	}
}

func TestTheGuardHoldsRemovalsAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	w.task.Spec.Guard.Removals = v1alpha1.RemovalLimits{Floor: ptr.To[int32](0), Percent: ptr.To[int32](0), Count: ptr.To[int32](0)}
	w.company()
	w.synced()
	w.leave(w.researcher("fang"), w.researcher("gerd"))
	w.person("nina", "Research", "Head")

	last := w.synced()

	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{
		"DeleteUser Held": 2, "CreateUser Succeeded": 1, "NoUpdate Succeeded": 13})
	w.expectEqual("pending", last.State.Pending, 2)
	w.expectEqual("message", last.Outcome.Message, `1 operation succeeded, 2 held. The run would remove 2 of 15 (13.3%) linked entries, and guard.removals lets 0 pass within 24h, `+
		`or more as long as they are at most 0% and 0. All removals are held, the rest of the run goes on. See who: kubectl synccenter details hr-run-2 --status held. `+
		`Who is to stay: put them back into the source, or undo the edit. Who is to go: kubectl synccenter run hr --override-removals 2 --reason "..." `+
		`(guardOverride.removals of a SyncRun). For good, raise guard.removals in the task.`)
	w.expectEqual("message of a record", w.recordOf("The fang").Message,
		"the run would remove 2 of 15 (13.3%) linked entries, and guard.removals lets 0 pass within 24h, or more as long as they are at most 0% and 0")
	if last.Notice == "" || !strings.Contains(last.Outcome.Message, last.Notice) || last.State.PendingListDigest == "" || last.State.PendingSince == nil {
		t.Errorf("the report does not say what is held and why: %+v %+v", last.Outcome, last.State)
	}
	if _, there := w.targetPerson("fang"); !there {
		t.Error("a held removal was done")
	}

	last = w.synced()
	w.expectEqual("operations of the run after", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 14})
	w.expectEqual("pending after it", last.State.Pending, 2)

	w.person("fang", "Research", "Head") // another entry with the same login: the leaver still owns it
	last = w.sync()
	w.expectEqual("operations when a held login is wanted", w.operations(w.lastUID()), map[string]int{"CreateUser Held": 1, "NoUpdate Succeeded": 14})
	w.expectEqual("result", last.Outcome.Result, report.Succeeded)
}

func TestTheGuardStopsARunBeforeItsFirstWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	before := w.contents(w.target)
	w.leave(w.researcher("fang"), w.researcher("gerd"), w.researcher("hua"), w.researcher("ines"))
	w.person("nina", "Research", "Head")
	w.leave("uid=dora," + w.dn("West", "Sales", "Head"))

	last := w.sync()

	w.expectEqual("result", last.Outcome.Result, report.Failed)
	w.expectEqual("reason", last.Outcome.Reason, v1alpha1.ReasonGuardStopped)
	if diff := cmp.Diff(before, w.contents(w.target)); diff != "" {
		t.Errorf("something was written:\n%s", diff)
	}
	last = w.sync()
	w.expectEqual("reason of the run after: what was lost is still lost", last.Outcome.Reason, v1alpha1.ReasonGuardStopped)
}

func TestAnEmptySourceStopsTheRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	before := w.contents(w.target)
	w.task.Spec.Sources[0].LDAP.Users.Filter = "(uid=nobody)"

	last := w.sync()

	w.expectEqual("reason", last.Outcome.Reason, v1alpha1.ReasonSourceEmpty)
	if diff := cmp.Diff(before, w.contents(w.target)); diff != "" {
		t.Errorf("something was written:\n%s", diff)
	}
}

func TestAChangedDefinitionHoldsRemovals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	w.task.Spec.Scope.Users.Filter = "user.uid != 'boss'"

	last := w.synced()

	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"DeleteUser Held": 1, "NoUpdate Succeeded": 14})
	w.expectEqual("pending", last.State.Pending, 1)
}

// lookingSource changes the answers of look-ups.
type lookingSource struct {
	connector.Source
	look func(entries []directory.Entry, err error) ([]directory.Entry, error)
}

func (s *lookingSource) Lookup(ctx context.Context, kind directory.Kind, ids, fields []string) ([]directory.Entry, error) {
	return s.look(s.Source.Lookup(ctx, kind, ids, fields))
}

type lookingEnds struct {
	runner.Connector
	look func(entries []directory.Entry, err error) ([]directory.Entry, error)
}

func (e *lookingEnds) Source(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Source, error) {
	source, err := e.Connector.Source(ctx, spec)
	return &lookingSource{source, e.look}, err
}

func TestTheLastLookBeforeARemoval(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		look   func(w *world) func([]directory.Entry, error) ([]directory.Entry, error)
		reason string
	}{
		{"finds nobody, not even those who are there", func(*world) func([]directory.Entry, error) ([]directory.Entry, error) {
			return func([]directory.Entry, error) ([]directory.Entry, error) { return nil, nil }
		}, "LookupFailed"},
		{"fails", func(*world) func([]directory.Entry, error) ([]directory.Entry, error) {
			return func([]directory.Entry, error) ([]directory.Entry, error) {
				return nil, &connector.Error{Class: connector.Permission, Err: errors.New("no right to read")}
			}
		}, "LookupFailed"},
		{"finds the leaver after all", func(w *world) func([]directory.Entry, error) ([]directory.Entry, error) {
			return func(entries []directory.Entry, err error) ([]directory.Entry, error) {
				for _, r := range w.records("run-1") {
					if strings.HasSuffix(r.Name, "fang") {
						entries = append(entries, directory.Entry{Kind: directory.User, ID: r.SourceID, Name: "fang"})
					}
				}
				return entries, err
			}
		}, "StillInSource"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
			w.company()
			w.synced()
			w.leave(w.researcher("fang"))
			r := w.begin()
			r.runner.Connect = &lookingEnds{Connector: w.mounts, look: test.look(w)}

			if err := r.attempt(1, false); err != nil {
				t.Fatal(err)
			}

			records := w.records(r.uid)
			at := slices.IndexFunc(records, func(r recordOf) bool { return r.Operation == "DeleteUser" })
			w.expectEqual("the removal", fmt.Sprint(records[at].Status, " ", records[at].Reason), "Skipped "+test.reason)
			if _, there := w.targetPerson("fang"); !there {
				t.Error("the person was removed")
			}
			if r.ended().Notice == "" {
				t.Error("the report does not say that a removal was refused")
			}
			w.synced()
			if _, there := w.targetPerson("fang"); there {
				t.Error("the next run did not remove the person")
			}
		})
	}
}

func TestPeopleWhomTheSourceLeavesOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	w.task.Spec.Sources[0].LDAP.Users.Filter = "(&(objectClass=inetOrgPerson)(!(title=left)))"
	w.company()
	w.synced()
	server.Apply(t, "dn: "+w.researcher("fang")+"\nchangetype: modify\nreplace: title\ntitle: left\n\n")

	w.synced()

	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"DeleteUser Succeeded": 1, "NoUpdate Succeeded": 14})
}

func TestAWrongMarkKeepsAnEntryFromBeingRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	w.company()
	w.synced()
	w.leave(w.researcher("fang"))
	server.Apply(t, "dn: uid=fang,"+w.targetDN("Research", "Head")+"\nchangetype: modify\nreplace: employeeNumber\nemployeeNumber: somebody-else\n\n")

	last := w.sync()

	w.expectEqual("result", last.Outcome.Result, report.PartiallyFailed)
	if _, there := w.targetPerson("fang"); !there {
		t.Error("the person was removed")
	}
}
