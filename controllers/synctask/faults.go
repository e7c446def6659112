package synctask

import (
	"fmt"
	"strings"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/expression"
	"synccenter.dev/synccenter/internal/mapping"
)

// fault is one thing that is wrong with a definition.
type fault struct {
	reason  v1alpha1.Reason
	message string
}

// faultsOf judges a task among the tasks of its namespace: what is not served
// first, since what it means cannot be judged.
func faultsOf(task *v1alpha1.SyncTask, tasks []v1alpha1.SyncTask) []fault {
	if fields := definition.NotServed(&task.Spec); len(fields) > 0 {
		return []fault{{v1alpha1.ReasonNotServed, "Not served by this version: " + strings.Join(fields, ", ") + ". Remove it, or upgrade."}}
	}
	var result []fault
	for _, problem := range definition.Validate(&task.Spec) {
		result = append(result, fault{v1alpha1.ReasonInvalidDefinition, problem.String()})
	}
	result = append(result, expressionFaults(&task.Spec)...)
	if first := ownerInUse(task, tasks); first != "" {
		result = append(result, fault{v1alpha1.ReasonOwnerInUse, fmt.Sprintf(
			"SyncTask %q, which was made earlier, has the same owner %q. Two tasks cannot share people: delete one, or make this one again with another spec.owner.",
			first, definition.Owner(task))})
	}
	return result
}

// expressionFaults compiles every expression, as far as that needs no directory.
func expressionFaults(spec *v1alpha1.SyncTaskSpec) []fault {
	var result []fault
	rows := mapping.Spec{Users: mappingRows(spec.Mappings.Users), Departments: mappingRows(spec.Mappings.Departments)}
	for _, problem := range mapping.CheckExpressions(rows) {
		result = append(result, fault{v1alpha1.ReasonInvalidDefinition, "spec." + problem.String()})
	}
	for _, problem := range mapping.CheckExamples(rows.Users, examples(spec.Mappings.Tests)) {
		result = append(result, fault{v1alpha1.ReasonInvalidDefinition, "spec." + problem.String()})
	}
	ofUser := func(filter string) error { return expression.CheckFilter("User", filter) }
	ofDepartment := func(filter string) error { return expression.CheckFilter("Department", filter) }
	result = append(result, filterFault("spec.scope.users.filter", spec.Scope.Users.Filter, ofUser)...)
	result = append(result, filterFault("spec.protected.users", spec.Protected.Users, ofUser)...)
	return append(result, filterFault("spec.protected.departments", spec.Protected.Departments, ofDepartment)...)
}

func examples(tests []v1alpha1.MappingTest) []mapping.Example {
	values := func(fields map[string]v1alpha1.TestValues) map[string][]string {
		out := make(map[string][]string, len(fields))
		for name, list := range fields {
			out[name] = list
		}
		return out
	}
	var list []mapping.Example
	for _, test := range tests {
		list = append(list, mapping.Example{Name: test.Name, Source: values(test.Source), Want: values(test.Want)})
	}
	return list
}

// filterFault compiles a filter; one that is empty has no fault.
func filterFault(path, filter string, check func(string) error) []fault {
	if filter == "" {
		return nil
	}
	if err := check(filter); err != nil {
		return []fault{{v1alpha1.ReasonInvalidDefinition, path + ": " + err.Error()}}
	}
	return nil
}

// mappingRows are mappings as far as they mean something without a directory.
func mappingRows(mappings []v1alpha1.Mapping) []mapping.Row {
	var rows []mapping.Row
	for _, m := range mappings {
		rows = append(rows, mapping.Row{
			To: string(m.To), From: string(m.From), Value: m.Value, Expression: m.Expression,
			OnCreate: m.Apply == v1alpha1.ApplyOnCreate, Required: m.Required,
			Numbered: m.Doubles == v1alpha1.DoublesNumber, Sensitive: m.Sensitive,
		})
	}
	return rows
}

// ownerInUse is the task that was made before this one and has the same owner,
// or empty. By creation, then by name: both tasks come to the same answer.
func ownerInUse(task *v1alpha1.SyncTask, tasks []v1alpha1.SyncTask) string {
	var first *v1alpha1.SyncTask
	for i := range tasks {
		other := &tasks[i]
		if other.UID == task.UID || other.Spec.PreviewOf != nil || definition.Owner(other) != definition.Owner(task) || !isOlder(other, task) {
			continue
		}
		if first == nil || isOlder(other, first) {
			first = other
		}
	}
	if first == nil {
		return ""
	}
	return first.Name
}

func isOlder(a, b *v1alpha1.SyncTask) bool {
	if a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.Name < b.Name
	}
	return a.CreationTimestamp.Before(&b.CreationTimestamp)
}

// messageOf says all that is wrong, so that it can be mended in one go.
func messageOf(faults []fault) string {
	messages := make([]string, len(faults))
	for i := range faults {
		messages[i] = faults[i].message
	}
	return strings.Join(messages, "; ")
}
