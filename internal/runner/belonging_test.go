package runner_test

import (
	"fmt"
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// departmentsOf are the values of a person's department attribute in the target, sorted.
func (w *world) departmentsOf(uid string) string {
	w.t.Helper()
	person, ok := w.targetPerson(uid)
	if !ok {
		w.t.Fatalf("nobody has the login %s", uid)
	}
	return person.attributes["departmentNumber"]
}

func TestUsersInManyDepartmentsOnTheUser(t *testing.T) {
	t.Parallel()
	w := newAttributes(t)
	w.task.Spec.Deletion.Departments.Action = v1alpha1.DepartmentDelete
	w.unit("Board")
	an := personDN(w.source, "an")
	w.modify(an, "replace: departmentNumber\ndepartmentNumber: Board\ndepartmentNumber: Sales\ndepartmentNumber: Research")
	w.modify(personDN(w.source, "chen"), "delete: departmentNumber") // in none from the first run on
	w.synced()
	w.expectEqual("three departments", w.departmentsOf("an"), "Board|Research|Sales")
	w.expectEqual("none", w.departmentsOf("chen"), "")
	w.expectRest()

	// What somebody else put there stays.
	w.modify(personDN(w.target, "an"), "add: departmentNumber\ndepartmentNumber: Choir")
	w.modify(an, "replace: departmentNumber\ndepartmentNumber: Research\ndepartmentNumber: Board")
	w.synced()
	w.expectEqual("two departments and a foreign value", w.departmentsOf("an"), "Board|Choir|Research")
	w.expectRest()

	// One of them is deleted in the same run in which she leaves it.
	w.modify(an, "delete: departmentNumber\ndepartmentNumber: Board")
	w.leave(w.dn("Board"))
	w.synced()
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"ChangeUserDepartments Succeeded": 1, "DeleteDepartment Succeeded": 1, "NoUpdate Succeeded": 5})
	w.expectEqual("one department and a foreign value", w.departmentsOf("an"), "Choir|Research")
	w.expectRest()
}

// TestUsersOfADepartmentThatIsDeleted leaves values with the users that name no department any more, and corrects them later.
func TestUsersOfADepartmentThatIsDeleted(t *testing.T) {
	t.Parallel()
	w := newAttributes(t)
	w.task.Spec.Deletion.Departments.Action = v1alpha1.DepartmentDelete
	w.modify(personDN(w.source, "an"), "add: departmentNumber\ndepartmentNumber: Research")
	w.synced()
	w.leave(w.dn("Sales")) // while an has another one, and bo has not
	w.synced()
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{
		"ChangeUserDepartments Succeeded": 1, "ChangeUserDepartments Skipped": 1, "DeleteDepartment Skipped": 1, "NoUpdate Succeeded": 3})
	w.expectEqual("who has another one", w.departmentsOf("an"), "Research")
	w.expectEqual("of whom it is not known", w.departmentsOf("bo"), "Sales")

	w.modify(personDN(w.source, "bo"), "delete: departmentNumber") // now it is
	w.synced()
	w.expectEqual("operations when it is known", w.operations(w.lastUID()), map[string]int{
		"ChangeUserDepartments Succeeded": 1, "DeleteDepartment Succeeded": 1, "NoUpdate Succeeded": 4})
	w.expectEqual("who has none left", w.departmentsOf("bo"), "")
	w.expectRest()
}

func TestMembersOfAGroupThatIsDeleted(t *testing.T) {
	t.Parallel()
	onBothServers(t, func(t *testing.T, w *world) {
		w.task.Spec.Deletion.Departments.Action = v1alpha1.DepartmentDelete
		w.synced()
		w.leave(groupDN(w.source, "Sales")) // an is in no other one, bo is in Research too
		w.synced()
		w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"SyncDepartmentMembers Succeeded": 2, "DeleteDepartment Succeeded": 1, "NoUpdate Succeeded": 5})
		w.expectEven()
		w.expectRest()
	})
}

// TestALargeGroupIsChangedByAFew keeps a group of thousands in step by single values.
func TestALargeGroupIsChangedByAFew(t *testing.T) {
	t.Parallel()
	const size = 5000
	w := newGroups(t)
	var people, group strings.Builder
	fmt.Fprintf(&group, "dn: %s\nobjectClass: groupOfNames\ncn: Everyone\n", groupDN(w.source, "Everyone"))
	for i := range size {
		uid := fmt.Sprintf("many%d", i)
		people.WriteString(personLDIF(uid, w.source.People))
		if i >= 5 {
			fmt.Fprintf(&group, "member: %s\n", personDN(w.source, uid))
		}
	}
	w.source.Server.Apply(t, people.String()+group.String()+"\n")
	w.synced()
	w.expectEven()

	w.modify(groupDN(w.source, "Everyone"), fmt.Sprintf("add: member\nmember: %s\nmember: %s\n-\ndelete: member\nmember: %s",
		personDN(w.source, "many0"), personDN(w.source, "many1"), personDN(w.source, "many4999")))
	stranger := personDN(w.target, "stranger")
	w.modify(groupDN(w.target, "Everyone"), "add: member\nmember: "+stranger)
	w.synced()
	operations := w.operations(w.lastUID())
	delete(operations, "NoUpdate Succeeded")
	// Who loses the last department is an operation of its own.
	w.expectEqual("operations", operations, map[string]int{"SyncDepartmentMembers Succeeded": 2})
	for _, record := range w.records(w.lastUID()) {
		if record.Operation == "SyncDepartmentMembers" && len(record.Changes[0].Before)+len(record.Changes[0].After) > 2 {
			t.Errorf("the record lists %d people who leave and %d who come", len(record.Changes[0].Before), len(record.Changes[0].After))
		}
	}
	w.modify(groupDN(w.target, "Everyone"), "delete: member\nmember: "+stranger) // it is still there
	w.expectEven()
	w.expectRest()
}
