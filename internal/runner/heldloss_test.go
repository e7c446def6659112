package runner_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/state"
)

// newAttributes makes a world whose people stand together and name their departments in an attribute, on both sides.
func newAttributes(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	attribute := &v1alpha1.LDAPDepartmentAttribute{Name: "departmentNumber", Holds: v1alpha1.DepartmentByName}
	w.task.Spec.Sources[0].LDAP.Users = v1alpha1.LDAPUsers{BaseDN: w.source.People, DepartmentAttribute: attribute}
	w.task.Spec.Target.LDAP.Users.LDAPUsers = v1alpha1.LDAPUsers{BaseDN: w.target.People, DepartmentAttribute: attribute}
	w.unit("Sales")
	w.unit("Research")
	for uid, department := range map[string]string{"an": "Sales", "bo": "Sales", "chen": "Research", "dora": "Research"} {
		ldif := strings.TrimSuffix(personLDIF(uid, w.source.People), "\n") + "departmentNumber: " + department + "\n\n"
		server.Apply(t, ldif)
	}
	return w
}

// inSales says whether somebody is in the department Sales of the target.
func (w *world) inSales(uid string) bool {
	for _, e := range w.snapshot(w.target) {
		if e.dn == groupDN(w.target, "Sales") {
			return strings.Contains(e.attributes["member"], "uid="+uid+",")
		}
	}
	person, _ := w.targetPerson(uid)
	return person.attributes["departmentNumber"] == "Sales"
}

func TestAHeldLossOfTheLastDepartmentIsHeldOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		world     func(*testing.T) *world
		operation string
		// lose takes somebody out of Sales, and join puts them back.
		lose, join func(w *world, uid string)
	}{
		{"membership on the user", newAttributes, "ChangeUserDepartments",
			func(w *world, uid string) { w.modify(personDN(w.source, uid), "delete: departmentNumber") },
			func(w *world, uid string) {
				w.modify(personDN(w.source, uid), "add: departmentNumber\ndepartmentNumber: Sales")
			}},
		{"membership on the department", newPlainGroups, "SyncDepartmentMembers",
			func(w *world, uid string) {
				w.modify(groupDN(w.source, "Sales"), "delete: member\nmember: "+personDN(w.source, uid))
			},
			func(w *world, uid string) {
				w.modify(groupDN(w.source, "Sales"), "add: member\nmember: "+personDN(w.source, uid))
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := test.world(t)
			w.synced()

			w.task.Spec.Mappings.Users = w.task.Spec.Mappings.Users[:3] // without the mail: an edit holds removals
			test.lose(w, "an")
			last := w.synced()
			w.expectEqual("what the edited task holds", w.operations(w.lastUID())[test.operation+" Held"], 1)
			w.expectEqual("pending", last.State.Pending, int64(1))
			if last.State.PendingSince == nil || last.State.PendingListDigest == "" {
				t.Errorf("the report does not say since when: %+v", last.State)
			}

			last = w.synced()
			w.expectEqual("the run after it", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 6})
			w.expectEqual("pending after it", last.State.Pending, int64(1))
			if message := w.recordOf("The an").Message; !strings.Contains(message, "last department is held since the run hr-run-2") {
				t.Errorf("the record does not say that the loss is held: %q", message)
			}

			w.leave(personDN(w.source, "dora"))
			w.synced()
			w.expectEqual("a later leaver", w.operations(w.lastUID())["DeleteUser Succeeded"], 1)
			w.expectEqual("who is held stays", w.inSales("an"), true)

			test.join(w, "an")
			last = w.synced()
			w.expectEqual("pending when the user has a department again", last.State.Pending, int64(0))
			test.lose(w, "an")
			w.synced()
			w.expectEqual("a loss that nothing holds", w.operations(w.lastUID())[test.operation+" Succeeded"], 1)
			w.expectEqual("who lost the last department", w.inSales("an"), false)
		})
	}
}

// newPlainGroups is newGroups with two members in each group, and nobody in both.
func newPlainGroups(t *testing.T) *world {
	t.Helper()
	w := newGroups(t)
	w.modify(groupDN(w.source, "Research"), "delete: member\nmember: "+personDN(w.source, "bo"))
	w.modify(personDN(w.source, "an"), "delete: manager")
	w.modify(groupDN(w.source, "Sales"), "replace: owner\nowner: "+personDN(w.source, "bo"))
	return w
}

// recordOf is the record of somebody in the last run.
func (w *world) recordOf(name string) recordOf {
	w.t.Helper()
	for _, record := range w.records(w.lastUID()) {
		if record.Name == name {
			return record
		}
	}
	w.t.Fatalf("no record of %q", name)
	return recordOf{}
}

func TestRemovalsOfARebuiltStateAreHeldOnce(t *testing.T) {
	t.Parallel()
	w := newAttributes(t)
	w.task.Spec.Matching.Users = []v1alpha1.MatchRule{{Target: "uid", Source: "uid"}}
	w.synced()
	w.loseState()
	w.modify(personDN(w.source, "an"), "delete: departmentNumber")
	last := w.synced()
	w.expectEqual("pending after the state was lost", last.State.Pending, int64(1))
	w.expectEqual("who is held stays", w.inSales("an"), true)

	w.leave(personDN(w.source, "dora"))
	w.synced()
	w.expectEqual("a later leaver", w.operations(w.lastUID()), map[string]int{"DeleteUser Succeeded": 1, "NoUpdate Succeeded": 5})
}

// loseState deletes the newest state of the task, and leaves the list that says that there was one.
func (w *world) loseState() {
	w.t.Helper()
	scope := artifact.Scope{Owner: "test/hr"}
	data, err := artifact.ReadAll(w.t.Context(), w.store, scope, "states")
	if err != nil {
		w.t.Fatal(err)
	}
	var known struct{ States []state.Identity }
	if err := json.Unmarshal(data, &known); err != nil {
		w.t.Fatal(err)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s", len(known.States[0].Source), known.States[0].Source, known.States[0].Target))
	if err := artifact.Delete(w.t.Context(), w.store, scope, "state-"+hex.EncodeToString(sum[:16])); err != nil {
		w.t.Fatal(err)
	}
}

// losing is a world, the operation that takes a last department there, and how somebody loses it.
type losing struct {
	name      string
	world     func(*testing.T) *world
	operation string
	lose      func(w *world, uid string)
}

func losings() []losing {
	return []losing{
		{"membership on the user", newAttributes, "ChangeUserDepartments",
			func(w *world, uid string) { w.modify(personDN(w.source, uid), "delete: departmentNumber") }},
		{"membership on the department", newPlainGroups, "SyncDepartmentMembers",
			func(w *world, uid string) {
				w.modify(groupDN(w.source, "Sales"), "delete: member\nmember: "+personDN(w.source, uid))
			}},
	}
}

func TestEachPersonWhoLosesTheLastDepartmentCountsInTheWindow(t *testing.T) {
	t.Parallel()
	for _, test := range losings() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := test.world(t)
			w.task.Spec.Guard.Removals = v1alpha1.RemovalLimits{Floor: ptr.To[int32](1), Percent: ptr.To[int32](0), Count: ptr.To[int32](0)}
			w.synced()
			test.lose(w, "an")
			w.synced()
			w.expectEqual("the first loss", w.operations(w.lastUID())[test.operation+" Succeeded"], 1)
			w.leave(personDN(w.source, "dora"))
			w.synced()
			w.expectEqual("the second removal, in a run of its own", w.operations(w.lastUID())["DeleteUser Held"], 1)
		})
	}
}

func TestTheLastLookBeforeTheLossOfTheLastDepartment(t *testing.T) {
	t.Parallel()
	for _, test := range losings() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := test.world(t)
			w.synced()
			user, department := w.sourceIDOf("The an"), w.sourceIDOf("Sales")
			test.lose(w, "an")
			r := w.begin()
			r.runner.Connect = &lookingEnds{Connector: w.mounts, look: func(entries []directory.Entry, err error) ([]directory.Entry, error) {
				for i := range entries {
					if entries[i].ID == user {
						entries[i].Departments = []string{department}
					}
				}
				return entries, err
			}}
			if err := r.attempt(1, false); err != nil {
				t.Fatal(err)
			}
			w.expectEqual("the loss", w.operations(r.uid)[test.operation+" Skipped"], 1)
			w.expectEqual("who has a department again stays", w.inSales("an"), true)

			w.synced()
			w.expectEqual("the loss in the next run", w.operations(w.lastUID())[test.operation+" Succeeded"], 1)
		})
	}
}

func TestAnOverrideTakesLossesOffTheList(t *testing.T) {
	t.Parallel()
	for _, test := range losings() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := test.world(t)
			w.task.Spec.Guard.Removals = v1alpha1.RemovalLimits{Floor: ptr.To[int32](0), Percent: ptr.To[int32](0), Count: ptr.To[int32](0)}
			w.synced()
			test.lose(w, "an")
			w.expectEqual("pending", w.synced().State.Pending, 1)
			w.expectEqual("pending after the override", w.release().State.Pending, 0)
			w.expectEqual("who lost the last department", w.inSales("an"), false)
		})
	}
}
