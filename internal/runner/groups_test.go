package runner_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/runner"
)

// newGroups makes a world whose people stand together and whose departments are groups that list them and their leaders.
func newGroups(t *testing.T) *world {
	t.Helper()
	return newGroupsOn(t, server)
}

// newGroupsOn has its target on a server of its own.
func newGroupsOn(t *testing.T, targetServer *slapdtest.Server) *world {
	t.Helper()
	w := newWorldOn(t, server, targetServer)
	source, target := w.task.Spec.Sources[0].LDAP, w.task.Spec.Target.LDAP
	source.Users = v1alpha1.LDAPUsers{BaseDN: w.source.People}
	source.Departments = &v1alpha1.LDAPDepartments{Type: v1alpha1.DepartmentsGroups, BaseDN: w.source.Org, LeaderAttribute: "owner"}
	target.Users.LDAPUsers = v1alpha1.LDAPUsers{BaseDN: w.target.People}
	target.Departments = &v1alpha1.LDAPTargetDepartments{
		LDAPDepartments: v1alpha1.LDAPDepartments{Type: v1alpha1.DepartmentsGroups, BaseDN: w.target.Org, LeaderAttribute: "owner"},
		Mark:            "businessCategory",
	}
	w.task.Spec.Mappings = v1alpha1.Mappings{Users: copies("uid", "cn", "sn", "mail", "manager"), Departments: copies("cn", "description")}
	for _, uid := range []string{"an", "bo", "chen", "dora"} {
		server.Apply(t, personLDIF(uid, w.source.People))
	}
	w.group("Sales", []string{"an", "bo"}, "an")
	w.group("Research", []string{"bo", "chen", "dora"}, "chen")
	w.modify(personDN(w.source, "an"), "replace: manager\nmanager: "+personDN(w.source, "dora"))
	return w
}

func personDN(tree slapdtest.Tree, uid string) string { return "uid=" + uid + "," + tree.People }

func groupDN(tree slapdtest.Tree, name string) string { return "cn=" + name + "," + tree.Org }

// group makes a department with its members and its leader.
func (w *world) group(name string, members []string, leader string) {
	ldif := fmt.Sprintf("dn: %s\nobjectClass: groupOfNames\ncn: %s\n", groupDN(w.source, name), name)
	for _, uid := range members {
		ldif += "member: " + personDN(w.source, uid) + "\n"
	}
	w.source.Server.Apply(w.t, ldif+"owner: "+personDN(w.source, leader)+"\n\n")
}

// serverOf is where an entry of either end stands.
func (w *world) serverOf(dn string) *slapdtest.Server {
	if strings.HasSuffix(dn, w.target.Base) {
		return w.target.Server
	}
	return w.source.Server
}

func (w *world) modify(dn, change string) {
	w.serverOf(dn).Apply(w.t, "dn: "+dn+"\nchangetype: modify\n"+change+"\n\n")
}

// expectEven fails the test when source and target differ.
func (w *world) expectEven() {
	w.t.Helper()
	if diff := cmp.Diff(w.contents(w.source), w.contents(w.target)); diff != "" {
		w.t.Errorf("source and target differ (-source +target):\n%s", diff)
	}
}

func TestGroupsWithTheirMembersAndLeaders(t *testing.T) {
	t.Parallel()
	w := newGroups(t)

	w.synced()

	w.expectEqual("operations of the first run", w.operations(w.lastUID()), map[string]int{
		"CreateDepartment Succeeded": 2, "CreateUser Succeeded": 4, "UpdateUser Succeeded": 1,
		"SyncDepartmentMembers Succeeded": 2, "SyncDepartmentLeaders Succeeded": 2,
	})
	w.expectEven()
	w.synced()
	w.expectEqual("operations of the second run", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 6})

	w.modify(groupDN(w.source, "Sales"), "add: member\nmember: "+personDN(w.source, "chen")+"\n-\ndelete: member\nmember: "+personDN(w.source, "an"))
	w.modify(groupDN(w.source, "Research"), "replace: owner\nowner: "+personDN(w.source, "dora"))
	w.modify(personDN(w.source, "an"), "delete: manager")
	w.synced()
	// What takes somebody's last department away is an operation of its own, since the guard may hold it.
	w.expectEqual("operations of the third run", w.operations(w.lastUID()), map[string]int{
		"SyncDepartmentMembers Succeeded": 2, "SyncDepartmentLeaders Succeeded": 1, "UpdateUser Succeeded": 1, "NoUpdate Succeeded": 3,
	})
	w.expectEven()
}

func TestMembersThatSomebodyElseAddedStay(t *testing.T) {
	t.Parallel()
	w := newGroups(t)
	w.synced()
	stranger := personDN(w.target, "stranger")
	server.Apply(t, personLDIF("stranger", w.target.People))
	w.modify(groupDN(w.target, "Sales"), "add: member\nmember: "+stranger)
	w.synced()
	w.expectEqual("operations with a foreign member", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 6})

	w.modify(groupDN(w.source, "Sales"), "add: member\nmember: "+personDN(w.source, "dora"))
	w.synced()

	for _, e := range w.snapshot(w.target) {
		if e.dn == groupDN(w.target, "Sales") && (!strings.Contains(e.attributes["member"], stranger) || !strings.Contains(e.attributes["member"], "uid=dora")) {
			t.Errorf("want the stranger and dora among the members: %s", e.attributes["member"])
		}
	}
}

func TestALeaverLeavesTheGroups(t *testing.T) {
	t.Parallel()
	w := newGroups(t)
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	w.synced()
	w.modify(groupDN(w.source, "Sales"), "delete: member\nmember: "+personDN(w.source, "bo"))
	w.modify(groupDN(w.source, "Research"), "delete: member\nmember: "+personDN(w.source, "bo"))
	w.leave(personDN(w.source, "bo"))

	w.synced()

	w.expectEven()
	w.synced()
	w.expectEqual("operations of a further run", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 5})
}

func TestAReferenceWaitsForItsEntry(t *testing.T) {
	t.Parallel()
	w := newGroups(t)
	w.task.Spec.Mappings.Users[3].Required = true // mail, which dora loses
	w.modify(personDN(w.source, "dora"), "delete: mail")

	last := w.sync()

	w.expectEqual("result", last.Outcome.Result, "PartiallyFailed")
	for _, r := range w.records(w.lastUID()) {
		for _, change := range r.Changes {
			if change.Field == "manager" && len(change.After) > 0 && r.Status == "Succeeded" {
				t.Errorf("a manager who is not there is said to be set: %+v", r)
			}
		}
	}
	w.modify(personDN(w.source, "dora"), "add: mail\nmail: dora@example.com")
	w.synced()
	w.expectEven()
	w.synced()
	w.expectEqual("operations of a further run", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 6})
}

func TestAFullTargetIsTakenOver(t *testing.T) {
	t.Parallel()
	w := newGroups(t)
	for _, uid := range []string{"an", "bo"} {
		server.Apply(t, personLDIF(uid, w.target.People))
	}
	before := w.snapshot(w.target)

	w.synced()

	w.expectEven()
	after := w.snapshot(w.target)
	for id, e := range before {
		if _, there := after[id]; !there {
			t.Errorf("%s was replaced and not taken over", e.dn)
		}
	}
	w.synced()
	w.expectEqual("operations of a further run", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 6})
}

// refusedDepartments refuses to create departments, as long as it is told to.
type refusedDepartments struct {
	runner.Connector
	refuse bool
}

type refusedDepartmentsTarget struct {
	connector.Target
	ends *refusedDepartments
}

func (e *refusedDepartments) Target(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Target, error) {
	target, err := e.Connector.Target(ctx, spec)
	return &refusedDepartmentsTarget{target, e}, err
}

func (t *refusedDepartmentsTarget) CreateDepartment(ctx context.Context, department connector.NewEntry) (directory.Entry, error) {
	if t.ends.refuse {
		return directory.Entry{}, &connector.Error{Class: connector.Invalid, Err: errors.New("the name is reserved")}
	}
	return t.Target.CreateDepartment(ctx, department)
}

func TestWhoMovesToAGroupThatCannotBeMadeStays(t *testing.T) {
	t.Parallel()
	for _, gone := range []bool{false, true} {
		t.Run(fmt.Sprintf("the old group is gone: %v", gone), func(t *testing.T) {
			t.Parallel()
			w := newPlainGroups(t)
			w.task.Spec.Deletion.Departments.Action = v1alpha1.DepartmentDelete
			w.synced()
			if gone {
				w.group("New", []string{"an", "bo"}, "an")
				w.leave(groupDN(w.source, "Sales"))
			} else {
				w.group("New", []string{"an"}, "an")
				w.modify(groupDN(w.source, "Sales"), "delete: member\nmember: "+personDN(w.source, "an"))
			}
			r := w.begin()
			r.runner.Connect = &refusedDepartments{Connector: w.mounts, refuse: true}
			if err := r.attempt(1, false); err != nil {
				t.Fatal(err)
			}
			if !w.inSales("an") {
				t.Errorf("somebody lost the last group to one that could not be made:\n%s", w.describe(w.lastUID()))
			}
			w.expectEqual("members synced", w.operations(w.lastUID())["SyncDepartmentMembers Skipped"], 2)

			w.synced()

			w.expectEven()
		})
	}
}
