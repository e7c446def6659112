package definition

import (
	"fmt"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// NotServed lists all fields of a task that have a value which this version does
// not serve: their paths, with the value where it is one word. A task with any of
// them is not Ready: nothing is ignored in silence. This file is the one list;
// serving a field is deleting its line.
func NotServed(spec *v1alpha1.SyncTaskSpec) []string {
	resolved := Resolve(spec)
	spec = &resolved
	var found fields
	found.object("spec.previewOf", spec.PreviewOf != nil)
	found.value("spec.trigger.mode", spec.Trigger.Mode, spec.Trigger.Mode == v1alpha1.TriggerRealTime)
	found.object("spec.trigger.realTime", spec.Trigger.RealTime != nil)
	found.value("spec.deletion.confirm", spec.Deletion.Confirm, spec.Deletion.Confirm != v1alpha1.ConfirmWhenGuarded)
	found.value("spec.execution.approval", spec.Execution.Approval, spec.Execution.Approval != v1alpha1.ApprovalNone)
	return found
}

// NotServedRun lists all fields of a run that have a value which this version
// does not serve, as NotServed does.
func NotServedRun(spec *v1alpha1.SyncRunSpec) []string {
	var found fields
	found.value("spec.type", spec.Type, spec.Type != "" && spec.Type != v1alpha1.RunSync)
	found.object("spec.applyPlan", spec.ApplyPlan != nil)
	found.object("spec.deletions", spec.Deletions != nil)
	found.object("spec.retry", spec.Retry != nil)
	found.object("spec.undo", spec.Undo != nil)
	return found
}

// fields are fields by their paths, in the order of the API.
type fields []string

func (f *fields) object(path string, used bool) {
	if used {
		*f = append(*f, path)
	}
}

func (f *fields) value(path string, value any, used bool) {
	f.object(fmt.Sprintf("%s: %v", path, value), used)
}
