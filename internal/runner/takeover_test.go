package runner_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact/folder"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/state"
)

// crowd fills a tree with people in departments, as another system would. Every tenth person of the target is not in the source.
func crowd(t *testing.T, tree slapdtest.Tree, people int, more string) {
	t.Helper()
	var ldif strings.Builder
	for d := range people / 100 {
		ldif.WriteString(slapdtest.Unit(fmt.Sprintf("ou=d%d,%s", d, tree.Org)))
	}
	for i := range people {
		ldif.WriteString(strings.TrimSuffix(personLDIF(fmt.Sprintf("u%d", i), fmt.Sprintf("ou=d%d,%s", i/100, tree.Org)), "\n") + more + "\n\n")
	}
	server.Apply(t, ldif.String())
}

// TestATargetOfTenThousandIsTakenOver takes over what another system made: nobody is doubled, and nobody who is not in the source is touched.
func TestATargetOfTenThousandIsTakenOver(t *testing.T) {
	t.Parallel()
	const people = 10_000
	w := newWorld(t)
	crowd(t, w.source, people*9/10, "")
	crowd(t, w.target, people, "description: made by another system")
	w.task.Spec.Mappings.Users = copies("uid", "cn", "sn", "mail")
	before := w.snapshot(w.target)

	last := w.synced()

	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"UpdateDepartment Succeeded": 90, "UpdateUser Succeeded": 9000})
	w.expectEqual("message", last.Outcome.Message, "9090 operations succeeded. 9090 entries that were there before were taken over.")
	after := w.snapshot(w.target)
	w.expectEqual("entries", len(after), len(before))
	marked := 0
	for id, was := range before {
		is := after[id]
		switch {
		case is.attributes["employeeNumber"] != "" || is.attributes["businessCategory"] != "":
			marked++
		case cmp.Diff(was, is, cmp.AllowUnexported(entry{})) != "":
			t.Fatalf("%s, who is not in the source, was changed", was.dn)
		}
	}
	w.expectEqual("marked entries", marked, 9090)

	w.synced()
	w.expectEqual("operations of the second run", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 9090})
}

// TestTwoTasksOnOneTarget lets two tasks with owners of their own write side by side below one base, each from a source of its own.
func TestTwoTasksOnOneTarget(t *testing.T) {
	t.Parallel()
	for _, marked := range []bool{true, false} {
		t.Run(fmt.Sprintf("with marks: %t", marked), func(t *testing.T) {
			t.Parallel()
			first, second := newWorld(t), newWorld(t)
			for _, w := range []*world{first, second} {
				w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
				w.task.Spec.Deletion.Departments.Action = v1alpha1.DepartmentDelete
				w.target = first.target
				users, departments := &w.task.Spec.Target.LDAP.Users, w.task.Spec.Target.LDAP.Departments
				users.BaseDN, departments.BaseDN = first.target.Org, first.target.Org
				if !marked {
					users.Mark, departments.Mark = "", ""
				}
			}
			second.task.Name, second.store = "payroll", first.store
			second.sequence = 100 // its runs have names of their own
			first.company()
			second.unit("Payroll")
			second.person("paula", "Payroll")
			second.person("peter", "Payroll")

			first.synced()
			second.synced()
			first.synced()
			first.expectEqual("the first task after the second", first.operations(first.lastUID()), map[string]int{"NoUpdate Succeeded": 15})

			first.leave(first.researcher("fang"))
			second.leave("uid=peter," + second.dn("Payroll"))
			before := first.snapshot(first.target)
			first.synced()
			second.synced()
			first.expectEqual("the first", first.operations(first.lastUID()), map[string]int{"DeleteUser Succeeded": 1, "NoUpdate Succeeded": 14})
			second.expectEqual("the second", second.operations(second.lastUID()), map[string]int{"DeleteUser Succeeded": 1, "NoUpdate Succeeded": 2})
			first.expectEqual("what happened", len(difference(before, first.snapshot(first.target))), 2)

			// Both get a person with the login of one of the other's: that one stays whose it is.
			second.person("gerd", "Payroll")
			second.sync()
			if marked {
				second.expectEqual("a login of the other's", second.operations(second.lastUID()), map[string]int{"CreateUser Failed": 1, "NoUpdate Succeeded": 2})
				second.expectSays(`owner "test/hr"`)
			}
		})
	}
}

func TestATaskThatIsRenamedKeepsItsPeople(t *testing.T) {
	t.Parallel()
	for _, marked := range []bool{true, false} {
		t.Run(fmt.Sprintf("with marks: %t", marked), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if !marked {
				w.task.Spec.Target.LDAP.Users.Mark, w.task.Spec.Target.LDAP.Departments.Mark = "", ""
			}
			w.company()
			w.synced()
			w.task.Name, w.task.UID, w.task.Spec.Owner = "people", "another", "test/hr"
			w.leave(w.researcher("fang"))
			w.synced()
			w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"DeleteUser Succeeded": 1, "NoUpdate Succeeded": 14})
		})
	}
}

// spoilState damages the stored state of the owner, but for the revision in front of it.
func (w *world) spoilState(dir string) {
	w.t.Helper()
	spoiled := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, "/manifests/state-") {
			return err
		}
		spoiled++
		stored, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		revision, _, _ := strings.Cut(string(stored), "\n")
		return os.WriteFile(path, []byte(revision+"\ndamaged"), 0o600)
	})
	if err != nil || spoiled == 0 {
		w.t.Fatalf("%d files were damaged: %v", spoiled, err)
	}
}

func TestALostOrDamagedStateIsFoundAgainByMatching(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		marked bool
		lose   func(w *world, dir string)
		says   string
	}{
		{"gone, with marks", true, func(w *world, _ string) { w.store = folder.New(w.t.TempDir()) }, "nothing is left of its state"},
		{"gone, without marks", false, func(w *world, _ string) { w.store = folder.New(w.t.TempDir()) }, "nothing is left of its state"},
		{"damaged, with marks", true, func(w *world, dir string) { w.spoilState(dir) }, "cannot be read"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newGroups(t)
			w.task.Spec.Target.LDAP.Users.Mark = "employeeNumber"
			if !test.marked {
				w.task.Spec.Target.LDAP.Users.Mark, w.task.Spec.Target.LDAP.Departments.Mark = "", ""
			}
			dir := t.TempDir()
			w.store = folder.New(dir)
			w.synced()
			w.task.Status.Links = &v1alpha1.LinkCounts{Users: 4, Departments: 2}
			w.modify(groupDN(w.source, "Sales"), "delete: member\nmember: "+personDN(w.source, "an")) // her only department
			before := w.snapshot(w.target)
			test.lose(w, dir)

			last := w.synced()

			if !strings.Contains(last.Outcome.Message, test.says) && !strings.Contains(last.Outcome.Message, "was lost") {
				t.Errorf("the message does not say what was lost: %s", last.Outcome.Message)
			}
			operations := w.operations(w.lastUID())
			w.expectEqual("losses of the last department", operations["SyncDepartmentMembers Held"], 1)
			w.expectEqual("people", len(w.snapshot(w.target)), len(before))
			for link := range w.remembered().Links.Sorted("User") {
				w.expectEqual("the origin of a link", link.Origin, state.Adopted)
			}
			w.expectEqual("pending", last.State.Pending, int64(1))
			w.synced()
			w.expectEqual("different operations of the run after it", len(w.operations(w.lastUID())), 1)
		})
	}
}

func TestAMarkThatHasNoPlaceIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	users := func(mark v1alpha1.AttributeName, classes ...v1alpha1.AttributeName) func(*v1alpha1.LDAPTarget) {
		return func(target *v1alpha1.LDAPTarget) { target.Users.Mark, target.Users.ObjectClasses = mark, classes }
	}
	tests := []struct {
		name string
		set  func(*v1alpha1.LDAPTarget)
		says []string
	}{
		{"an attribute that organizationalUnit does not have", func(target *v1alpha1.LDAPTarget) { target.Departments.Mark = "employeeNumber" },
			[]string{"departments: mark", "organizationalUnit do not allow the attribute employeeNumber", "name another"}},
		{"an attribute that nobody knows", users("favouriteMark"), []string{"users: mark", "favouriteMark"}},
		{"an attribute that nobody knows, on entries that may have any", users("favouriteMark", "inetOrgPerson", "extensibleObject"), []string{"users: mark", "no attribute favouriteMark"}},
		{"an attribute that only the server writes", users("entryUUID", "inetOrgPerson", "extensibleObject"), []string{"users: mark", "entryUUID", "cannot be written"}},
		{"an attribute that holds no text", users("jpegPhoto"), []string{"users: mark", "jpegPhoto", "text"}},
		{"an attribute that holds names of entries", users("manager"), []string{"users: mark", "manager", "text"}},
		{"an attribute for telephone numbers", users("mobile"), []string{"users: mark", "mobile", "text"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.company()
			test.set(w.task.Spec.Target.LDAP)
			last := w.sync()
			w.expectEqual("result", last.Outcome.Result, report.Failed)
			w.expectEqual("the target", last.Target.Reason, v1alpha1.ReasonInvalidConnection)
			for _, says := range test.says {
				if !strings.Contains(last.Outcome.Message, says) {
					t.Errorf("the message does not say %q: %s", says, last.Outcome.Message)
				}
			}
			w.expectEqual("entries in the target", len(w.contents(w.target)), 2)
		})
	}
}
