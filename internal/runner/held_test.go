package runner_test

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// sourceIDOf finds the source ID of somebody in the records of the last run.
func (w *world) sourceIDOf(name string) string {
	w.t.Helper()
	for _, record := range w.records(w.lastUID()) {
		if record.Name == name {
			return record.SourceID
		}
	}
	w.t.Fatalf("no record of %q", name)
	return ""
}

func TestAHeldDeletionOfADisabledPersonIsHeldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.task.Spec.Scope.Users.Filter = "user.description == null"
	w.task.Spec.Deletion.Users.DeleteAfter = &metav1.Duration{Duration: 24 * time.Hour}
	w.synced()
	w.modify("uid=an,"+w.dn("East", "Sales", "Head"), "replace: description\ndescription: away")
	w.synced()
	w.expectEqual("the run in which somebody left", w.operations(w.lastUID()), map[string]int{"DeleteUser Succeeded": 1, "NoUpdate Succeeded": 14})

	w.now = func() time.Time { return time.Now().Add(25 * time.Hour) }
	w.task.Spec.Mappings.Users = copies("uid", "cn", "sn", "mail")
	last := w.synced()
	w.expectEqual("the run after an edit", w.operations(w.lastUID()), map[string]int{"DeleteUser Held": 1, "NoUpdate Succeeded": 14})
	w.expectEqual("pending", last.State.Pending, int64(1))
	w.synced()
	w.expectEqual("the run after it", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 14})

	w.modify("uid=an,"+w.dn("East", "Sales", "Head"), "delete: description")
	last = w.synced()
	w.expectEqual("the run in which the person is back", w.operations(w.lastUID()), map[string]int{"UpdateUser Succeeded": 1, "NoUpdate Succeeded": 14})
	w.expectEqual("pending then", last.State.Pending, int64(0))
	if person, ok := w.targetPerson("an"); !ok || person.attributes["employeeType"] != "" {
		t.Errorf("the account is not on: %v", person)
	}
}

func TestADepartmentWaitsForThePeopleWhoseAccountsAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Deletion.Departments.Action = v1alpha1.DepartmentDelete
	w.company()
	w.synced()
	west := w.dn("West", "Sales", "Head")
	w.leave("uid=dora,"+west, "uid=emil,"+west, west)
	want := map[string]int{"DeleteUser Succeeded": 2, "DeleteDepartment Skipped": 1, "NoUpdate Succeeded": 12}
	w.synced()
	w.expectEqual("the run in which all leave", w.operations(w.lastUID()), want)
	delete(want, "DeleteUser Succeeded")
	w.synced()
	w.expectEqual("the run after it", w.operations(w.lastUID()), want)
	w.leaveTarget("dora", "West", "Sales", "Head")
	w.leaveTarget("emil", "West", "Sales", "Head")
	w.synced()
	w.expectEqual("the run after they are gone", w.operations(w.lastUID()), map[string]int{"DeleteDepartment Succeeded": 1, "NoUpdate Succeeded": 12})
}

func TestAHeldPersonWhoIsBackKeepsTheNewEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Matching.Users = []v1alpha1.MatchRule{{Target: "uid", Source: "uid"}}
	w.company()
	w.synced()
	w.task.Spec.Scope.Users.Exclude = []string{w.sourceIDOf("The fang")}
	w.synced() // holds the removal, since the definition changed
	w.task.Spec.Scope.Users.Exclude = nil
	w.leaveTarget("fang", "Research", "Head")
	server.Apply(t, personLDIF("fang", w.targetDN("Research", "Head")))

	w.synced()
	w.expectEqual("the run that takes the new entry over", w.operations(w.lastUID()), map[string]int{"UpdateUser Succeeded": 1, "NoUpdate Succeeded": 14})
	w.synced()
	w.expectEqual("the run after it", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 15})
}

// leaveTarget takes somebody out of the target by hand.
func (w *world) leaveTarget(uid string, department ...string) {
	server.Apply(w.t, fmt.Sprintf("dn: uid=%s,%s\nchangetype: delete\n\n", uid, w.targetDN(department...)))
}

func TestNobodyLosesTheLastDepartmentToOneThatCannotBeMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Target.LDAP.Users.LDAPUsers = v1alpha1.LDAPUsers{
		BaseDN: w.target.People, DepartmentAttribute: &v1alpha1.LDAPDepartmentAttribute{Name: "departmentNumber", Holds: v1alpha1.DepartmentByName},
	}
	w.task.Spec.Matching.Adopt = v1alpha1.MatchNever
	w.company()
	w.synced()
	server.Apply(t, "dn: "+w.targetDN("Bad", "Head")+"\nobjectClass: organizationalUnit\nou: Bad\n\n")
	w.unit("Bad", "Head")
	server.Apply(t, "dn: "+w.researcher("fang")+"\nchangetype: modrdn\nnewrdn: uid=fang\ndeleteoldrdn: 1\nnewsuperior: "+w.dn("Bad", "Head")+"\n\n")

	w.sync()

	if person, _ := w.targetPerson("fang"); person.attributes["departmentNumber"] != "Research" {
		t.Errorf("the department is %q\n%s", person.attributes["departmentNumber"], w.describe(w.lastUID()))
	}
}
