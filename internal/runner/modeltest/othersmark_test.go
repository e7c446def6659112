package modeltest

import (
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/directory"
)

// TestADepartmentWithTheMarkOfAnotherOwnerKeepsItsPeople also when it is gone from the source: it is not ours any more, whatever the link says.
func TestADepartmentWithTheMarkOfAnotherOwnerKeepsItsPeople(t *testing.T) {
	t.Parallel()
	for _, action := range []v1alpha1.DepartmentDeletionAction{v1alpha1.DepartmentDelete, v1alpha1.DepartmentKeep} {
		for name, departments := range map[string][]string{"who lose the last one": nil, "who have another one": {"2"}} {
			t.Run(string(action)+" "+name, func(t *testing.T) {
				w := scenario(t, onDepartment)
				w.task.Spec.Deletion.Departments.Action = action
				user, department := memory.Key{Kind: directory.User, ID: "1"}, memory.Key{Kind: directory.Department, ID: "1"}
				w.has(w.source, directory.Department, "1", map[string]string{"ou": "Sales"})
				w.has(w.source, directory.Department, "2", map[string]string{"ou": "Lab"})
				w.has(w.source, directory.User, "1", map[string]string{"uid": "li"})
				w.has(w.source, directory.User, "2", map[string]string{"uid": "wang"})
				_ = w.source.Edit(user, func(u *memory.Entry) { u.Departments = []string{"1"} })
				w.sync()
				if err := w.target.Edit(department, func(d *memory.Entry) { d.Mark = &directory.Mark{Owner: "somebody/else", SourceID: "6"} }); err != nil {
					t.Fatal(err)
				}
				_ = w.source.Delete(department)
				_ = w.source.Edit(user, func(u *memory.Entry) { u.Departments = departments })
				w.has(w.source, directory.Department, "3", map[string]string{"ou": "Sales"})

				r := w.sync()

				r.check()
				if got := r.record("DeleteDepartment"); got.Reason != "OwnedByAnother" {
					t.Errorf("the record says %s", describe(&got))
				}
				if got := r.record("CreateDepartment"); got.Reason != "NameInUse" {
					t.Errorf("the record of who would get the name says %s", describe(&got))
				}
			})
		}
	}
}
