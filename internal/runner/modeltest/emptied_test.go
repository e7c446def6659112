package modeltest

import (
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/directory"
)

// TestADepartmentThatItsPeopleCannotLeaveIsNotTried to be deleted: that is no failure, since the record of whoever stays says why.
func TestADepartmentThatItsPeopleCannotLeaveIsNotTried(t *testing.T) {
	t.Parallel()
	user := memory.Key{Kind: directory.User, ID: "1"}
	onUser := func(*memory.Config) {}
	intoTheUnknown := func(w *world) {
		w.has(w.source, directory.Department, "3", map[string]string{"ou": "Research"})
		_ = w.source.Edit(memory.Key{Kind: directory.Department, ID: "3"}, func(d *memory.Entry) { d.Broken = "it cannot be understood" })
		_ = w.source.Edit(user, func(u *memory.Entry) { u.Departments = []string{"3"} })
	}
	outOfAll := func(w *world) { _ = w.source.Edit(user, func(u *memory.Entry) { u.Departments = nil }) }
	for _, one := range []struct {
		name  string
		adapt func(*memory.Config)
		edit  func(*world)
	}{
		{"the new one is unknown, on the user", onUser, intoTheUnknown},
		{"the new one is unknown, on the department", onDepartment, intoTheUnknown},
		{"there is nobody to try the look-up with", onDepartment, outOfAll},
	} {
		t.Run(one.name, func(t *testing.T) {
			w := scenario(t, one.adapt)
			w.task.Spec.Deletion.Departments.Action = v1alpha1.DepartmentDelete
			w.has(w.source, directory.Department, "1", map[string]string{"ou": "Sales"})
			w.has(w.source, directory.Department, "2", map[string]string{"ou": "Lab"})
			w.has(w.source, directory.User, "1", map[string]string{"uid": "li"})
			_ = w.source.Edit(user, func(u *memory.Entry) { u.Departments = []string{"1"} })
			w.sync()
			one.edit(w)
			_ = w.source.Delete(memory.Key{Kind: directory.Department, ID: "1"})

			r := w.sync()

			r.check()
			if got := r.record("DeleteDepartment"); got.Status != "Skipped" {
				t.Errorf("the record says %s", describe(&got))
			}
			if r.writes != 0 {
				t.Errorf("%d writes:\n%s", r.writes, r.describe())
			}
		})
	}
}
