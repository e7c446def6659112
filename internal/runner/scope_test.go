package runner_test

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/report"
)

// inTarget lists the departments and the people of the target whose accounts are on, by name.
func (w *world) inTarget() (departments, people string) {
	var units, logins []string
	for _, e := range w.snapshot(w.target) {
		switch {
		case e.person && e.attributes["employeeType"] == "":
			logins = append(logins, e.attributes["uid"])
		case !e.person && e.dn != w.target.Base && e.dn != w.target.Org && e.dn != w.target.People:
			units = append(units, e.attributes["ou"]+e.attributes["cn"])
		}
	}
	slices.Sort(units)
	slices.Sort(logins)
	return strings.Join(units, " "), strings.Join(logins, " ")
}

func TestScope(t *testing.T) {
	t.Parallel()
	const all = "an bo boss chen dora emil fang gerd hua ines"
	tests := []struct {
		name                string
		set                 func(w *world, s *v1alpha1.Scope)
		departments, people string
	}{
		{"everybody", func(*world, *v1alpha1.Scope) {}, "East Head Research Sales West", all},
		{"a department by path, with those above and without their people", func(_ *world, s *v1alpha1.Scope) { s.Departments.Include = []string{"Head/Sales"} },
			"East Head Sales West", "an bo chen dora emil"},
		{"a department by ID", func(w *world, s *v1alpha1.Scope) { s.Departments.Include = []string{w.id(w.dn("Research", "Head"))} }, "Head Research", "fang gerd hua ines"},
		{"two departments, one by path and one by ID", func(w *world, s *v1alpha1.Scope) {
			s.Departments.Include = []string{"/Head/Sales/East", w.id(w.dn("West", "Sales", "Head"))}
		}, "East Head Sales West", "an bo chen dora emil"},
		{"without a subtree", func(_ *world, s *v1alpha1.Scope) { s.Departments.Exclude = []string{"Head/Sales"} }, "Head Research", "boss fang gerd hua ines"},
		{"a subtree without a part of it", func(_ *world, s *v1alpha1.Scope) {
			s.Departments.Include, s.Departments.Exclude = []string{"Head/Sales"}, []string{"Head/Sales/West"}
		}, "East Head Sales", "an bo chen"},
		{"a department that is chosen within an excluded one is excluded, too", func(_ *world, s *v1alpha1.Scope) {
			s.Departments.Include, s.Departments.Exclude = []string{"Head/Sales/East", "Head/Research"}, []string{"Head/Sales"}
		}, "Head Research", "fang gerd hua ines"},
		{"single people", func(w *world, s *v1alpha1.Scope) { s.Users.Include = []string{w.id(w.researcher("fang"))} }, "East Head Research Sales West", "fang"},
		{"single people beside a department", func(w *world, s *v1alpha1.Scope) {
			s.Departments.Include, s.Users.Include = []string{"Head/Sales/East"}, []string{w.id(w.researcher("fang"))}
		}, "East Head Sales", "an bo chen fang"},
		{"all but single people", func(w *world, s *v1alpha1.Scope) { s.Users.Exclude = []string{w.id(w.researcher("fang"))} },
			"East Head Research Sales West", "an bo boss chen dora emil gerd hua ines"},
		{"a filter", func(_ *world, s *v1alpha1.Scope) { s.Users.Filter = "user.uid.size() == 4" }, "East Head Research Sales West", "boss chen dora emil fang gerd ines"},
		{"a filter also for single people", func(w *world, s *v1alpha1.Scope) {
			s.Users.Include, s.Users.Filter = []string{w.id(w.researcher("fang")), w.id(w.researcher("hua"))}, "user.uid != 'fang'"
		}, "East Head Research Sales West", "hua"},
		{"no new people", func(_ *world, s *v1alpha1.Scope) { s.IncludeNewUsers = ptr.To(false) }, "East Head Research Sales West", ""},
		{"no new people but those who are listed", func(w *world, s *v1alpha1.Scope) {
			s.IncludeNewUsers, s.Departments.Include, s.Users.Include = ptr.To(false), []string{"Head"}, []string{w.id(w.researcher("fang"))}
		}, "East Head Research Sales West", "fang"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.company()
			test.set(w, &w.task.Spec.Scope)
			w.synced()
			departments, people := w.inTarget()
			w.expectEqual("departments", departments, test.departments)
			w.expectEqual("people", people, test.people)
			w.expectSteady()
		})
	}
}

func TestScopeOfPeopleWithSeveralDepartments(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		world  func(t *testing.T) *world
		set    func(s *v1alpha1.Scope)
		people string
		// keeps are the departments of "bo", who has two, where the person names them.
		keeps string
	}{
		{"flat, one of several is chosen", newFlat, func(s *v1alpha1.Scope) { s.Departments.Include = []string{"Head/Sales"} }, "an bo dora", "East"},
		{"flat, one of several is excluded", newFlat, func(s *v1alpha1.Scope) { s.Departments.Exclude = []string{"Head/Research"} }, "an bo boss dora free", "East"},
		{"groups, one of several is chosen", newGroups, func(s *v1alpha1.Scope) { s.Departments.Include = []string{"Sales"} }, "an bo", ""},
		{"groups, one of several is excluded", newGroups, func(s *v1alpha1.Scope) { s.Departments.Exclude = []string{"Sales"} }, "bo chen dora", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := test.world(t)
			test.set(&w.task.Spec.Scope)
			w.synced()
			_, people := w.inTarget()
			w.expectEqual("people", people, test.people)
			bo, _ := w.targetPerson("bo")
			w.expectEqual("the departments of somebody with two", bo.attributes["departmentNumber"], test.keeps)
			w.expectSteady()
		})
	}
}

// TestLeavingTheScopeIsLeaving takes people out of the scope without touching the task: they are turned off as if they had left.
func TestLeavingTheScopeIsLeaving(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(w *world)
		want   map[string]int
		people string
	}{
		{"a person moves", func(w *world) {
			server.Apply(w.t, "dn: uid=an,"+w.dn("East", "Sales", "Head")+"\nchangetype: modrdn\nnewrdn: uid=an\ndeleteoldrdn: 0\nnewsuperior: "+w.dn("Research", "Head")+"\n\n")
		}, map[string]int{"DeleteUser Succeeded": 1, "NoUpdate Succeeded": 8}, "bo chen dora emil"},
		{"a department moves", func(w *world) {
			server.Apply(w.t, "dn: "+w.dn("West", "Sales", "Head")+"\nchangetype: modrdn\nnewrdn: ou=West\ndeleteoldrdn: 0\nnewsuperior: "+w.dn("Research", "Head")+"\n\n")
		}, map[string]int{"DeleteUser Succeeded": 2, "DeleteDepartment Skipped": 1, "NoUpdate Succeeded": 6}, "an bo chen"},
		{"the filter does not hold any more", func(w *world) {
			w.modify("uid=an,"+w.dn("East", "Sales", "Head"), "replace: description\ndescription: away")
		}, map[string]int{"DeleteUser Succeeded": 1, "NoUpdate Succeeded": 8}, "bo chen dora emil"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.task.Spec.Scope.Departments.Include = []string{"Head/Sales"}
			w.task.Spec.Scope.Users.Filter = "user.description == null"
			w.company()
			w.synced()
			test.change(w)
			w.synced()
			w.expectEqual("operations", w.operations(w.lastUID()), test.want)
			_, people := w.inTarget()
			w.expectEqual("people", people, test.people)
			w.expectSteady()
		})
	}
}

func TestANarrowerScopeHoldsItsRemovals(t *testing.T) {
	t.Parallel()
	for name, narrow := range map[string]func(w *world, s *v1alpha1.Scope){
		"an excluded department": func(_ *world, s *v1alpha1.Scope) { s.Departments.Exclude = []string{"Head/Sales/West"} },
		"an excluded person":     func(w *world, s *v1alpha1.Scope) { s.Users.Exclude = []string{w.id(w.researcher("fang"))} },
		"a filter":               func(_ *world, s *v1alpha1.Scope) { s.Users.Filter = "user.uid != 'an'" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.company()
			w.synced()
			_, before := w.inTarget()
			narrow(w, &w.task.Spec.Scope)
			last := w.synced()
			_, people := w.inTarget()
			w.expectEqual("people", people, before)
			if last.State.Pending == 0 || w.operations(w.lastUID())["DeleteUser Held"] != int(last.State.Pending) {
				t.Errorf("%d removals wait: %v", last.State.Pending, w.operations(w.lastUID()))
			}
		})
	}
}

func TestNewPeopleAreNotWantedAndThoseWhoAreThereStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	w.task.Spec.Scope.IncludeNewUsers = ptr.To(false)
	w.synced()
	w.person("nina", "Research", "Head")
	w.modify(w.researcher("fang"), "replace: mail\nmail: f@new.example")
	w.leave(w.researcher("gerd"))
	w.synced()
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"UpdateUser Succeeded": 1, "DeleteUser Succeeded": 1, "NoUpdate Succeeded": 13})
}

func TestAFilterThatFailsOnSomebodyLeavesThemAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	w.task.Spec.Scope.Users.Filter = "user.title == null || int(user.title) < 3"
	w.company()
	w.synced()
	w.modify(w.researcher("fang"), "replace: title\ntitle: boss of all\n-\nreplace: mail\nmail: f@new.example")
	before := w.snapshot(w.target)

	for range 2 {
		last := w.sync()
		w.expectEqual("result", last.Outcome.Result, report.PartiallyFailed)
		w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"UpdateUser Failed": 1, "NoUpdate Succeeded": 14})
		w.expectSays("scope.users.filter")
		w.expectEqual("what happened", len(difference(before, w.snapshot(w.target))), 0)
	}

	w.modify(w.researcher("fang"), "replace: title\ntitle: 2")
	w.synced()
	w.expectEqual("operations when it can be told", w.operations(w.lastUID()), map[string]int{"UpdateUser Succeeded": 1, "NoUpdate Succeeded": 14})
}

func TestAScopeThatNamesWhatIsNotThereStopsTheRun(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		set    func(w *world, s *v1alpha1.Scope)
		change func(w *world)
		says   string
	}{
		{"a typing error", func(_ *world, s *v1alpha1.Scope) { s.Departments.Exclude = []string{"Head/Slaes"} }, nil, `"Head/Slaes"`},
		{"a department that was renamed", func(_ *world, s *v1alpha1.Scope) { s.Departments.Include = []string{"Head/Sales"} }, func(w *world) {
			server.Apply(w.t, "dn: "+w.dn("Sales", "Head")+"\nchangetype: modrdn\nnewrdn: ou=Revenue\ndeleteoldrdn: 1\n\n")
		}, "if the department was renamed or moved, give its ID"},
		{"a department that is gone", func(w *world, s *v1alpha1.Scope) { s.Departments.Include = []string{w.id(w.dn("Empty")), "Head"} }, func(w *world) {
			w.leave(w.dn("Empty"))
		}, "has no department with the ID"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.company()
			w.unit("Empty")
			test.set(w, &w.task.Spec.Scope)
			if test.change != nil {
				w.synced()
				test.change(w)
			}
			before := w.snapshot(w.target)
			last := w.sync()
			w.expectEqual("result", last.Outcome.Result, report.Failed)
			w.expectEqual("reason", last.Outcome.Reason, v1alpha1.ReasonInvalidDefinition)
			if !strings.Contains(last.Outcome.Message, test.says) {
				t.Errorf("the message does not say %s: %s", test.says, last.Outcome.Message)
			}
			w.expectEqual("what happened", len(difference(before, w.snapshot(w.target))), 0)
		})
	}
}

func TestADepartmentNamedByIDStaysInScopeWhateverItIsCalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.task.Spec.Scope.Departments.Include = []string{w.id(w.dn("Sales", "Head"))}
	w.synced()
	server.Apply(t, "dn: "+w.dn("Sales", "Head")+"\nchangetype: modrdn\nnewrdn: ou=Revenue\ndeleteoldrdn: 1\n\n")
	w.synced()
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"UpdateDepartment Succeeded": 1, "NoUpdate Succeeded": 8})
}
