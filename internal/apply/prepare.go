package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

// prepare makes an operation ready for the target. A refusal says that it cannot be done.
func (a *Applier) prepare(operation *plan.Operation) (step, error) {
	switch operation.Kind {
	case plan.CreateDepartment:
		return a.createDepartment(operation)
	case plan.MoveDepartment:
		return a.moveDepartment(operation)
	case plan.UpdateDepartment:
		return a.updateDepartment(operation)
	case plan.ChangeUserIdentifier:
		return a.changeUserIdentifier(operation)
	case plan.CreateUser:
		return a.createUser(operation)
	case plan.UpdateUser:
		return a.updateUser(operation)
	case plan.ChangeUserDepartments:
		return a.changeUserDepartments(operation)
	case plan.SyncDepartmentMembers:
		return a.syncDepartmentMembers(operation)
	case plan.SyncDepartmentLeaders:
		return a.syncDepartmentLeaders(operation)
	case plan.DeleteUser:
		return a.deleteUser(operation)
	case plan.DeleteDepartment:
		return a.deleteDepartment(operation)
	case plan.NoUpdate:
	}
	return step{}, fmt.Errorf("%s is nothing that can be done to a target; the stored plan is damaged", operation.Kind)
}

// mark is what an entry of ours bears.
func (a *Applier) mark(operation *plan.Operation) directory.Mark {
	return directory.Mark{Owner: a.options.Owner, SourceID: operation.SourceID}
}

// subject is the target ID of the entry that an operation is about. A create earlier in the plan may have given it.
func (a *Applier) subject(operation *plan.Operation) (string, error) {
	if operation.TargetID != "" {
		return operation.TargetID, nil
	}
	if id, ok := a.targets.of(operation.Subject, operation.SourceID); ok {
		return id, nil
	}
	return "", &refusal{status: plan.Skipped, reason: ReasonDependencyFailed, message: "the entry is not in the target, since its creation was not done",
		unsure: a.targets.doubted(operation.Subject, operation.SourceID)}
}

// parent is the target ID of a department's parent.
func (a *Applier) parent(sourceID string) (string, error) {
	if sourceID == "" {
		return "", nil
	}
	if id, ok := a.targets.of(directory.Department, sourceID); ok {
		return id, nil
	}
	return "", &refusal{status: plan.Skipped, reason: ReasonDependencyFailed, message: fmt.Sprintf("the parent department %s is not in the target", sourceID),
		unsure: a.targets.doubted(directory.Department, sourceID)}
}

// isField tells a field of the directory from what a change list says beside.
func isField(change plan.Change) bool { return !strings.HasPrefix(change.Field, "(") }

// fieldsOf lists the names of the fields that are changed, for reading them.
func fieldsOf(changes []plan.Change) []string {
	var names []string
	for _, change := range changes {
		if isField(change) {
			names = append(names, change.Field)
		}
	}
	return names
}

// changeOf finds the change of a field.
func changeOf(operation *plan.Operation, field string) plan.Change {
	for _, change := range operation.Changes {
		if change.Field == field {
			return change
		}
	}
	return plan.Change{}
}

// elements translates what a change of references adds and removes. What is not in the target is left out and named in pending.
func (a *Applier) elements(kind directory.Kind, change plan.Change) (add, remove, pending []string) {
	add, pending = a.targets.all(kind, without(change.After, change.Before))
	// What is not linked any more is none of ours, so there is nothing to take away.
	remove, _ = a.targets.all(kind, without(change.Before, change.After))
	return add, remove, pending
}

// without lists the values that are not among others.
func without(values, others []string) []string {
	var left []string
	for _, value := range values {
		if !slices.Contains(others, value) {
			left = append(left, value)
		}
	}
	return left
}

// nothingButPending ends an operation of which nothing can be done yet.
func nothingButPending(pending []Pending) error {
	return &refusal{status: plan.Skipped, reason: ReasonReferencePending, message: pendingMessage(pending), pending: pending}
}

func pendingMessage(pending []Pending) string {
	if len(pending) == 0 {
		return ""
	}
	return "left for a later run, since what it refers to is not in the target yet: " + pendingList(pending)
}

// leftOut adds to a message what an earlier attempt left out.
func leftOut(message string, late []Pending) string {
	if len(late) == 0 {
		return message
	}
	if message != "" {
		message += "; "
	}
	return message + "left for a later run, since what it refers to was not in the target yet when the entry was made: " + pendingList(late)
}

func pendingList(pending []Pending) string {
	parts := make([]string, len(pending))
	for i, one := range pending {
		parts[i] = fmt.Sprintf("%s names %s", one.Field, strings.Join(one.IDs, ", "))
	}
	return strings.Join(parts, "; ")
}

// read reads one entry of the target; nil when it is not there.
func (a *Applier) read(ctx context.Context, kind directory.Kind, id string, fields []string) (*directory.Entry, error) {
	entries, err := a.target.Lookup(ctx, kind, []string{id}, fields)
	if err != nil {
		return nil, err
	}
	for i := range entries {
		if entries[i].ID == id && entries[i].Err == nil {
			return &entries[i], nil
		}
	}
	return nil, nil
}

// written answers with a written entry.
func written(entry directory.Entry, err error) (*directory.Entry, error) {
	if err != nil {
		return nil, err
	}
	return &entry, nil
}
