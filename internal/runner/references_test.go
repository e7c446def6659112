package runner_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/runner"
)

// refint makes a server keep references in order by itself, in the operation or some time after it, and tell people which groups they are in.
const refint = "overlay memberof\noverlay refint\nrefint_attributes member owner manager\nrefint_nothing cn=nobody," + slapdtest.Suffix

// onBothServers runs a test on groups whose target is a plain server, and one that keeps references in order by itself.
func onBothServers(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Run("plain server", func(t *testing.T) {
		t.Parallel()
		test(t, newGroups(t))
	})
	t.Run("server with refint and memberOf", func(t *testing.T) {
		t.Parallel()
		w := newGroupsOn(t, slapdtest.Start(t, slapdtest.Options{Database: refint}))
		w.task.Spec.Target.LDAP.Departments.Placeholder = "cn=nobody," + slapdtest.Suffix
		test(t, w)
	})
}

// rename gives somebody of the source another login, and rewrites what named them, as people or an overlay there do.
func (w *world) rename(before, after string) {
	w.t.Helper()
	old, now := personDN(w.source, before), personDN(w.source, after)
	w.renameEntry(old, "uid="+after)
	for _, e := range w.snapshot(w.source) {
		for _, attribute := range []string{"member", "owner", "manager"} {
			if strings.Contains(e.attributes[attribute], old) {
				w.modify(e.dn, fmt.Sprintf("delete: %[1]s\n%[1]s: %[2]s\n-\nadd: %[1]s\n%[1]s: %[3]s", attribute, old, now))
			}
		}
	}
}

// renameEntry gives an entry of either side another name among its siblings.
func (w *world) renameEntry(dn, rdn string) {
	w.serverOf(dn).Apply(w.t, "dn: "+dn+"\nchangetype: modrdn\nnewrdn: "+rdn+"\ndeleteoldrdn: 1\n\n")
}

// expectRest fails the test unless a further run finds nothing to do.
func (w *world) expectRest() {
	w.t.Helper()
	w.synced()
	if operations := w.operations(w.lastUID()); len(operations) != 1 || operations["NoUpdate Succeeded"] == 0 {
		w.t.Errorf("a further run does %v:\n%s", operations, w.describe(w.lastUID()))
	}
}

func TestReferencesFollowRenamesAndLeavers(t *testing.T) {
	t.Parallel()
	onBothServers(t, func(t *testing.T, w *world) {
		w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
		w.synced()
		w.expectEven()
		w.expectRest()

		w.rename("dora", "dorothea") // the manager of an
		w.rename("an", "anna")       // who leads Sales
		w.rename("chen", "chen2")    // who leads Research
		w.renameEntry(groupDN(w.source, "Sales"), "cn=Vertrieb")
		w.synced()
		w.expectEqual("operations after the renames", w.operations(w.lastUID()),
			map[string]int{"ChangeUserIdentifier Succeeded": 3, "UpdateDepartment Succeeded": 1, "NoUpdate Succeeded": 2})
		w.expectRest()
		w.expectEven()

		// Who leads a group leaves, and the manager too.
		w.modify(groupDN(w.source, "Research"), "delete: owner\n-\ndelete: member\nmember: "+personDN(w.source, "chen2")+"\nmember: "+personDN(w.source, "dorothea"))
		w.modify(personDN(w.source, "anna"), "delete: manager")
		w.leave(personDN(w.source, "chen2"), personDN(w.source, "dorothea"))
		w.synced()
		w.expectRest()
		w.expectEven()
	})
}

func TestCircularManagers(t *testing.T) {
	t.Parallel()
	onBothServers(t, func(t *testing.T, w *world) {
		manages := func(of, who string) {
			w.modify(personDN(w.source, of), "replace: manager\nmanager: "+personDN(w.source, who))
		}
		manages("an", "bo")
		manages("bo", "an")
		manages("chen", "chen")
		w.synced()
		w.expectEven()
		w.expectRest()

		// The circle turns the other way while two of its people swap their logins.
		manages("bo", "dora")
		manages("dora", "an")
		w.exchange("an", "bo", w.source.People)
		w.modify(personDN(w.source, "an"), "replace: manager\nmanager: "+personDN(w.source, "dora"))
		w.modify(personDN(w.source, "bo"), "replace: manager\nmanager: "+personDN(w.source, "an"))
		w.modify(personDN(w.source, "dora"), "replace: manager\nmanager: "+personDN(w.source, "bo"))
		w.synced()
		w.expectNoTemporary("after the swap")
		w.expectRest()
		w.expectEven()
	})
}

func TestALeaderOutsideTheScope(t *testing.T) {
	t.Parallel()
	onBothServers(t, func(t *testing.T, w *world) {
		w.modify(groupDN(w.source, "Sales"), "add: owner\nowner: "+personDN(w.source, "dora"))
		w.task.Spec.Scope.Users.Filter = "user.uid != 'dora'" // who leads Sales, too, is a member of Research and the manager of an
		w.synced()
		for _, e := range w.snapshot(w.target) {
			for name, value := range e.attributes {
				if strings.Contains(value, "uid=dora") {
					t.Errorf("%s of %s names somebody outside the scope: %s", name, e.dn, value)
				}
			}
		}
		w.expectRest()

		w.task.Spec.Scope.Users.Filter = ""
		w.synced()
		w.expectEven()
		w.expectRest()
	})
}

// TestAReferenceIsPendingUntilItsEntryIsThere lets somebody fail whom a group and another person name, and then mends that.
func TestAReferenceIsPendingUntilItsEntryIsThere(t *testing.T) {
	t.Parallel()
	onBothServers(t, func(t *testing.T, w *world) {
		w.modify(groupDN(w.source, "Sales"), "replace: owner\nowner: "+personDN(w.source, "dora"))
		r := w.begin()
		r.runner.Connect = &refusedUsers{Connector: w.mounts, login: "dora"}
		if err := r.attempt(1, false); err != nil {
			t.Fatal(err)
		}
		w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{
			"CreateDepartment Succeeded": 2, "CreateUser Succeeded": 3, "CreateUser Failed": 1,
			"UpdateUser Skipped": 1, "SyncDepartmentLeaders Succeeded": 1, "SyncDepartmentLeaders Skipped": 1, "SyncDepartmentMembers Succeeded": 2,
		})
		pending := 0
		for _, record := range w.records(w.lastUID()) {
			if record.Reason == "ReferencePending" {
				pending++
			}
			if record.Status == "Skipped" && record.Reason != "ReferencePending" {
				t.Errorf("%s of %s is skipped for %s: %s", record.Operation, record.Name, record.Reason, record.Message)
			}
		}
		w.expectEqual("pending references", pending, 3) // manager of an, leader of Sales, one of the members of Research

		w.synced()
		w.expectEqual("operations of the next run", w.operations(w.lastUID()), map[string]int{
			"CreateUser Succeeded": 1, "UpdateUser Succeeded": 1, "SyncDepartmentLeaders Succeeded": 1, "SyncDepartmentMembers Succeeded": 1, "NoUpdate Succeeded": 2,
		})
		w.expectEven()
		w.expectRest()
	})
}

// refusedUsers refuses to create one user.
type refusedUsers struct {
	runner.Connector
	login string
}

type refusedUsersTarget struct {
	connector.Target
	login string
}

func (e *refusedUsers) Target(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Target, error) {
	target, err := e.Connector.Target(ctx, spec)
	return &refusedUsersTarget{target, e.login}, err
}

func (t *refusedUsersTarget) CreateUser(ctx context.Context, user connector.NewEntry) (directory.Entry, error) {
	if slices.Contains(user.Attributes.Get("uid"), t.login) {
		return directory.Entry{}, &connector.Error{Class: connector.Invalid, Err: errors.New("the name is reserved")}
	}
	return t.Target.CreateUser(ctx, user)
}

// TestReferencesAreRewrittenWhenASubtreeMoves moves and renames departments with the people in them whom others name.
func TestReferencesAreRewrittenWhenASubtreeMoves(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]func(*testing.T) *slapdtest.Server{
		"plain server":       func(*testing.T) *slapdtest.Server { return server },
		"server with refint": func(t *testing.T) *slapdtest.Server { return slapdtest.Start(t, slapdtest.Options{Database: refint}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, server, target(t))
			w.task.Spec.Mappings.Users = append(w.task.Spec.Mappings.Users, copies("manager")...)
			w.company()
			an, bo := "uid=an,"+w.dn("East", "Sales", "Head"), "uid=bo,"+w.dn("East", "Sales", "Head")
			w.modify("uid=boss,"+w.dn("Head"), "add: manager\nmanager: "+an)
			w.modify(w.researcher("fang"), "add: manager\nmanager: "+bo)
			w.modify(an, "add: manager\nmanager: "+w.researcher("fang"))
			w.synced()
			w.expectEven()

			w.modify("uid=boss,"+w.dn("Head"), "delete: manager")
			w.modify(w.researcher("fang"), "delete: manager")
			w.move(w.dn("Sales", "Head"), "ou=Sales", w.dn("Research", "Head"))
			w.renameEntry(w.dn("East", "Sales", "Research", "Head"), "ou=Far East")
			w.renameEntry(w.dn("Research", "Head"), "ou=Science")
			science := w.dn("Science", "Head")
			far := "ou=Far East,ou=Sales," + science
			w.modify("uid=boss,"+w.dn("Head"), "add: manager\nmanager: uid=an,"+far)
			w.modify("uid=fang,"+science, "add: manager\nmanager: uid=bo,"+far)
			w.modify("uid=an,"+far, "replace: manager\nmanager: uid=fang,"+science)
			w.synced()
			w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"MoveDepartment Succeeded": 1, "UpdateDepartment Succeeded": 2, "NoUpdate Succeeded": 12})
			w.expectRest()
			w.expectEven()
		})
	}
}

// move puts an entry of the source below another one, with a new name if the RDN is one.
func (w *world) move(dn, rdn, above string) {
	w.serverOf(dn).Apply(w.t, "dn: "+dn+"\nchangetype: modrdn\nnewrdn: "+rdn+"\ndeleteoldrdn: 1\nnewsuperior: "+above+"\n\n")
}

// TestMemberOfIsNotWritten maps an attribute that the server keeps by itself.
func TestMemberOfIsNotWritten(t *testing.T) {
	t.Parallel()
	w := newGroupsOn(t, slapdtest.Start(t, slapdtest.Options{Database: refint}))
	w.task.Spec.Target.LDAP.Departments.Placeholder = "cn=nobody," + slapdtest.Suffix
	w.task.Spec.Mappings.Users = append(w.task.Spec.Mappings.Users, v1alpha1.Mapping{To: "memberOf", From: "cn"})
	last := w.sync()
	w.expectEqual("reason", last.Outcome.Reason, v1alpha1.ReasonInvalidDefinition)
	if !strings.Contains(last.Outcome.Message, "memberOf") {
		t.Errorf("the message does not name the attribute: %s", last.Outcome.Message)
	}
}
