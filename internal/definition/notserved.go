package definition

import (
	"synccenter.dev/synccenter/api/v1alpha1"
)

// NotServed lists the paths of all fields of a task that have a value which
// this version does not serve. A task with any of them is not Ready: nothing is
// ignored in silence. This file is the one list; serving a field is deleting its line.
func NotServed(spec *v1alpha1.SyncTaskSpec) []string {
	resolved := Resolve(spec)
	spec = &resolved
	var found paths
	found.add("spec.previewOf", spec.PreviewOf != nil)
	found.add("spec.trigger.mode", spec.Trigger.Mode == v1alpha1.TriggerRealTime)
	found.add("spec.trigger.realTime", spec.Trigger.RealTime != nil)
	found.add("spec.deletion.confirm", spec.Deletion.Confirm != v1alpha1.ConfirmWhenGuarded)
	found.add("spec.execution.approval", spec.Execution.Approval != v1alpha1.ApprovalNone)
	return found
}

// NotServedRun lists the paths of all fields of a run that have a value which
// this version does not serve.
func NotServedRun(spec *v1alpha1.SyncRunSpec) []string {
	var found paths
	found.add("spec.type", spec.Type != "" && spec.Type != v1alpha1.RunSync)
	found.add("spec.applyPlan", spec.ApplyPlan != nil)
	found.add("spec.deletions", spec.Deletions != nil)
	found.add("spec.retry", spec.Retry != nil)
	found.add("spec.undo", spec.Undo != nil)
	return found
}

// paths are the paths of fields, in the order of the API.
type paths []string

func (p *paths) add(path string, used bool) {
	if used {
		*p = append(*p, path)
	}
}
