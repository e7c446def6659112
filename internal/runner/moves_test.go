package runner_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/runner"
)

// cutEnds lose the answer to the first thing that is moved or renamed: the server has done it, and nothing else gets through.
type cutEnds struct {
	runner.Connector
	proxy *slapdtest.Proxy
}

type cutTarget struct {
	connector.Target
	proxy *slapdtest.Proxy
}

func (e *cutEnds) Target(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Target, error) {
	target, err := e.Connector.Target(ctx, spec)
	return &cutTarget{target, e.proxy}, err
}

// lose lets the connection for writing be made, and then the answer to the request be lost.
func (t *cutTarget) lose() {
	const login = 14 // bytes of the answer to it
	t.proxy.CutAfter(login + 1)
}

func (t *cutTarget) ChangeUserIdentifier(ctx context.Context, id string, values []string) (directory.Entry, error) {
	t.lose()
	return t.Target.ChangeUserIdentifier(ctx, id, values)
}

func (t *cutTarget) ChangeUserDepartments(ctx context.Context, id string, change connector.DepartmentsChange) (directory.Entry, error) {
	t.lose()
	return t.Target.ChangeUserDepartments(ctx, id, change)
}

func (t *cutTarget) MoveDepartment(ctx context.Context, id, parent string) (directory.Entry, error) {
	t.lose()
	return t.Target.MoveDepartment(ctx, id, parent)
}

func (t *cutTarget) UpdateDepartment(ctx context.Context, id string, patch connector.Patch) (directory.Entry, error) {
	t.lose()
	return t.Target.UpdateDepartment(ctx, id, patch)
}

// TestReferencesFollowAMoveWhoseProcessDied kills a process between a move and the mending of what names the entry that was moved.
func TestReferencesFollowAMoveWhoseProcessDied(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		world func(*testing.T) *world
		edit  func(*world)
	}{
		{"the login of a member who leads and manages", newGroups, func(w *world) {
			w.modify(groupDN(w.source, "Sales"), "replace: owner\nowner: "+personDN(w.source, "dora"))
			w.synced()
			w.rename("dora", "dorothea")
		}},
		{"the department of a manager", managed, func(w *world) {
			w.move("uid=an,"+w.dn("East", "Sales", "Head"), "uid=an", w.dn("Research", "Head"))
			w.bossIsBelow("uid=an," + w.dn("Research", "Head"))
		}},
		{"the place of the department of a manager", managed, func(w *world) {
			w.move(w.dn("Sales", "Head"), "ou=Sales", w.dn("Research", "Head"))
			w.bossIsBelow("uid=an," + w.dn("East", "Sales", "Research", "Head"))
		}},
		{"the name of the department of a manager, with another field", managed, func(w *world) {
			w.renameEntry(w.dn("East", "Sales", "Head"), "ou=Far East")
			w.modify(w.dn("Far East", "Sales", "Head"), "add: description\ndescription: far away")
			w.bossIsBelow("uid=an," + w.dn("Far East", "Sales", "Head"))
		}},
	}
	for i := range 2 * len(tests) {
		test, last := tests[i/2], i%2 == 1
		t.Run(fmt.Sprintf("%s, the last attempt: %t", test.name, last), func(t *testing.T) {
			t.Parallel()
			w := test.world(t)
			w.synced()
			test.edit(w)
			proxy := server.Proxy(t)
			w.task.Spec.Target.LDAP.URLs = []string{proxy.URL}
			r := w.begin()
			r.mortal(die(1, func(step string) bool { return step == "write" }))
			r.runner.Connect.(*mortalEnds).Connector = &cutEnds{Connector: w.mounts, proxy: proxy}
			if err := r.attempt(1, false); err == nil {
				t.Fatal("the process did not die")
			}
			proxy.CutAfter(-1)
			if fmt.Sprint(w.contents(w.source)) == fmt.Sprint(w.contents(w.target)) {
				t.Fatal("everything has followed already, so this case says nothing")
			}
			r.reborn()
			if err := r.attempt(2, last); err != nil {
				t.Fatal(err)
			}
			if last { // which leaves what was not begun to the next run
				w.synced()
			}
			w.expectEven()
			w.expectRest()
			for _, e := range w.snapshot(w.target) {
				for name, values := range e.attributes {
					if strings.Contains(values, "|") && (name == "manager" || name == "owner") {
						t.Errorf("%s of %s names a place of before: %s", name, e.dn, values)
					}
				}
			}
		})
	}
}

// managed is a company in which an, of the department East, manages the boss.
func managed(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.task.Spec.Mappings.Users = append(w.task.Spec.Mappings.Users, copies("manager")...)
	w.company()
	w.bossIsBelow("uid=an," + w.dn("East", "Sales", "Head"))
	return w
}

func (w *world) bossIsBelow(manager string) {
	w.t.Helper()
	w.modify("uid=boss,"+w.dn("Head"), "replace: manager\nmanager: "+manager)
}
