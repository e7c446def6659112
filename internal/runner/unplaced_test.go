package runner_test

import (
	"fmt"
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/report"
)

// newFlat makes a world whose people stand together and name their departments by departmentNumber, the main one first, on both sides.
func newFlat(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	byName := &v1alpha1.LDAPDepartmentAttribute{Name: "departmentNumber", Holds: v1alpha1.DepartmentByName}
	w.task.Spec.Sources[0].LDAP.Users = v1alpha1.LDAPUsers{BaseDN: w.source.People, DepartmentAttribute: byName}
	w.task.Spec.Target.LDAP.Users.LDAPUsers = v1alpha1.LDAPUsers{BaseDN: w.target.People, DepartmentAttribute: byName}
	w.unit("Head")
	w.unit("Sales", "Head")
	w.unit("East", "Sales", "Head")
	w.unit("Research", "Head")
	w.flat("an", "East")
	w.flat("bo", "East", "Research")
	w.flat("chen", "Research")
	w.flat("dora", "Sales")
	w.flat("boss", "Head")
	w.flat("free")
	return w
}

// flat makes a person of a flat world.
func (w *world) flat(uid string, departments ...string) {
	w.t.Helper()
	server.Apply(w.t, strings.TrimSuffix(personLDIF(uid, w.source.People), "\n")+departmentLines(departments)+"\n\n")
}

func departmentLines(departments []string) string {
	var lines strings.Builder
	for _, department := range departments {
		fmt.Fprintf(&lines, "departmentNumber: %s\n", department)
	}
	return lines.String()
}

// belongs changes the departments of a person of a flat world.
func (w *world) belongs(uid string, departments ...string) {
	w.modify(personDN(w.source, uid), "replace: departmentNumber\n"+strings.TrimSuffix(departmentLines(departments), "\n"))
}

func TestADepartmentValueThatNamesNone(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		values []string
		// has is what the target has then, record the one of the person.
		has, record string
		mentions    bool
	}{
		{"the only one: the person stays where they are", []string{"Slaes"}, "East|Research", "ChangeUserDepartments Skipped", true},
		{"beside one that stays: nothing is taken away", []string{"East", "Slaes"}, "East|Research", "ChangeUserDepartments Skipped", true},
		{"beside a new one, which is added", []string{"Sales", "Slaes"}, "East|Research|Sales", "ChangeUserDepartments Succeeded", true},
		{"beside all the others", []string{"East", "Research", "Slaes"}, "East|Research", "NoUpdate Succeeded", true},
		{"none: all names are right", []string{"East", "Research"}, "East|Research", "NoUpdate Succeeded", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newFlat(t)
			w.synced()
			w.belongs("bo", test.values...)
			for range 2 { // the second run says the same, but for what was added
				w.synced()
				found := ""
				for _, record := range w.records(w.lastUID()) {
					if record.Name != "The bo" {
						continue
					}
					found = fmt.Sprintf("%s %s", record.Operation, record.Status)
					if got := strings.Contains(record.Message, `"Slaes"`); got != test.mentions {
						t.Errorf("the record names the value: %t, want %t: %s", got, test.mentions, record.Message)
					}
				}
				w.expectEqual("the record", found, test.record)
				person, _ := w.targetPerson("bo")
				w.expectEqual("the departments in the target", person.attributes["departmentNumber"], test.has)
				if strings.HasPrefix(test.record, "Change") && strings.HasSuffix(test.record, "Succeeded") {
					break
				}
			}

			w.unit("Slaes", "Head")
			w.synced()
			w.expectSteady()
			person, _ := w.targetPerson("bo")
			if test.mentions {
				w.expectEqual("the departments when there is such a department", strings.Contains(person.attributes["departmentNumber"], "Slaes"), true)
			}
		})
	}
}

func TestANewPersonWhoseDepartmentIsNone(t *testing.T) {
	t.Parallel()
	w := newFlat(t)
	w.synced()
	w.flat("nina", "Slaes")
	w.synced()
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"CreateUser Succeeded": 1, "NoUpdate Succeeded": 10})
	w.expectSays(`"Slaes"`)
	w.synced()
	for _, record := range w.records(w.lastUID()) {
		if record.Name == "The nina" && !strings.Contains(record.Message, `"Slaes"`) {
			t.Errorf("the next run does not say that the value names none: %+v", record)
		}
	}
}

func TestADepartmentValueThatNamesNoneIsNotOutOfScope(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*v1alpha1.Scope){
		"a chosen department":    func(s *v1alpha1.Scope) { s.Departments.Include = []string{"Head/Sales"} },
		"an excluded department": func(s *v1alpha1.Scope) { s.Departments.Exclude = []string{"Head/Research"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFlat(t)
			set(&w.task.Spec.Scope)
			w.synced()
			w.belongs("an", "Slaes")
			before := w.snapshot(w.target)
			w.sync()
			w.expectEqual("what happened", len(difference(before, w.snapshot(w.target))), 0)
			w.expectEqual("the record of the person", w.operations(w.lastUID())["UpdateUser Failed"], 1)
			w.expectSays(`"Slaes"`)
		})
	}
}

// TestARunSaysHowManyPeopleNameNoDepartment: a task that reads the wrong attribute does all it can and puts nobody anywhere.
func TestARunSaysHowManyPeopleNameNoDepartment(t *testing.T) {
	t.Parallel()
	w := newFlat(t)
	w.belongs("bo", "East", "Slaes", "Seals") // counted once
	const see = "See who and which: kubectl synccenter details hr-run-%d --search \"names none that it has\"."
	expectMessage(t, w.synced(), "10 operations succeeded. 1 person names a department that the source does not have; such a value puts nobody into a department", fmt.Sprintf(see, 1))
	w.expectEqual("people whom the command shows", w.peopleWith("names none that it has"), 1)

	w.task.Spec.Sources[0].LDAP.Users.DepartmentAttribute = &v1alpha1.LDAPDepartmentAttribute{Name: "sn", Holds: v1alpha1.DepartmentByName}
	for w.sequence < 3 { // as long as it is so
		expectMessage(t, w.sync(), "6 people name a department that the source does not have; such a value puts nobody into a department", fmt.Sprintf(see, w.sequence), "correct departmentAttribute")
		w.expectEqual("people whom the command shows", w.peopleWith("names none that it has"), 6)
	}

	w.task.Spec.Sources[0].LDAP.Users.DepartmentAttribute.Name = "departmentNumber"
	w.belongs("bo", "East", "Research")
	if says := w.synced().Outcome.Message; strings.Contains(says, "department that the source does not have") {
		t.Errorf("the message names people whose departments are all there: %s", says)
	}
}

// peopleWith counts the people in those records of the last run that a search finds.
func (w *world) peopleWith(text string) int {
	w.t.Helper()
	filter, found := history.Filter{Search: text}, map[string]bool{}
	for _, record := range w.records(w.lastUID()) {
		if filter.Matches(&record) {
			found[record.SourceID] = true
		}
	}
	return len(found)
}

// expectMessage fails the test when the message of a run does not say something.
func expectMessage(t *testing.T, last *report.Report, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(last.Outcome.Message, part) {
			t.Errorf("the message does not say %q: %s", part, last.Outcome.Message)
		}
	}
}
