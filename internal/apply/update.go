package apply

import (
	"context"
	"fmt"
	"slices"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

func (a *Applier) updateDepartment(operation *plan.Operation) (step, error) {
	return a.update(operation, a.target.UpdateDepartment)
}

func (a *Applier) updateUser(operation *plan.Operation) (step, error) {
	return a.update(operation, a.target.UpdateUser)
}

func (a *Applier) update(operation *plan.Operation, write func(context.Context, string, connector.Patch) (directory.Entry, error)) (step, error) {
	id, err := a.subject(operation)
	if err != nil {
		return step{}, err
	}
	patch, pending := a.patch(operation)
	if len(patch.Changes) == 0 && patch.Mark == nil && patch.Active == nil && !writesSecrets(operation) {
		if len(pending) > 0 {
			return step{}, nothingButPending(pending)
		}
		return a.linkOnly(operation, id), nil
	}
	s := step{
		write: a.unlessOn(operation, func(ctx context.Context) (*directory.Entry, error) {
			secrets, err := a.secrets.of(operation)
			if err != nil {
				return nil, err
			}
			updated, err := write(ctx, id, withSecrets(patch, secrets))
			return written(updated, withoutSecrets(err, secrets))
		}),
		wrote:   operation.Changes,
		pending: pending,
	}
	if !hasReferences(patch) {
		s.done = func(ctx context.Context) (*directory.Entry, bool, error) {
			entry, err := a.read(ctx, operation.Subject, id, fieldsOf(operation.Changes))
			if err != nil || entry == nil {
				return nil, false, err
			}
			if holds(entry, patch) && a.holdsSecrets(entry, operation) {
				return entry, true, nil
			}
			return entry, false, a.unlikeBefore(entry, operation)
		}
	}
	return a.finishing(operation, id, s), nil
}

// unlikeBefore says that it stays unknown whether a change was done: the entry reads neither as planned nor as before, and a target may store
// a value otherwise than it was written. It is no matter where the change is made again.
func (a *Applier) unlikeBefore(entry *directory.Entry, operation *plan.Operation) error {
	if a.options.SettleOnly == "" || endsTemporary(operation) {
		return nil
	}
	if operation.ReadsAlike {
		return &refusal{status: plan.Failed, reason: ReasonInDoubt,
			message: "whether this was done is not known: the entry has the name of before, which it also gets back at the end, or where the rest cannot be done; the next run compares and puts it right"}
	}
	if field := changedOtherwise(entry, operation); field != "" {
		return &refusal{status: plan.Failed, reason: ReasonInDoubt,
			message: fmt.Sprintf("whether this was done is not known: %s reads neither as before nor as planned; the next run compares and puts it right", field)}
	}
	return nil
}

// linkOnly is the adoption of an entry that holds everything already and has no place for a mark: it must still be there.
func (a *Applier) linkOnly(operation *plan.Operation, id string) step {
	look := func(ctx context.Context) (*directory.Entry, error) {
		entry, err := a.read(ctx, operation.Subject, id, nil)
		if err == nil && entry == nil {
			return nil, &refusal{status: plan.Skipped, reason: ReasonGone, message: "the target entry is gone since it was read; the next run creates it"}
		}
		return entry, err
	}
	return step{write: look, done: func(ctx context.Context) (*directory.Entry, bool, error) {
		entry, err := look(ctx)
		return entry, err == nil, err
	}}
}

// withSecrets adds the sensitive values to a patch.
func withSecrets(patch connector.Patch, secrets directory.Attributes) connector.Patch {
	patch.Changes = slices.Clone(patch.Changes)
	for _, secret := range secrets {
		patch.Changes = append(patch.Changes, connector.Change{Field: secret.Name, Values: secret.Values})
	}
	return patch
}

// patch translates the changes of an update, but for the sensitive ones that set a value.
func (a *Applier) patch(operation *plan.Operation) (connector.Patch, []Pending) {
	patch := connector.Patch{Active: operation.Active}
	if operation.Mark && a.hasMark(operation.Subject) {
		mark := a.mark(operation)
		patch.Mark = &mark
	}
	var pending []Pending
	for _, change := range operation.Changes {
		switch {
		case !isField(change), isSecret(change):
		case change.Reference == "":
			patch.Changes = append(patch.Changes, connector.Change{Field: change.Field, Values: change.After})
		default:
			add, remove, waits := a.elements(change.Reference, change)
			if len(add)+len(remove) > 0 {
				patch.Changes = append(patch.Changes, connector.Change{Field: change.Field, Add: add, Remove: remove})
			}
			if len(waits) > 0 {
				pending = append(pending, Pending{Field: change.Field, IDs: waits})
			}
		}
	}
	return patch, pending
}

func (a *Applier) hasMark(kind directory.Kind) bool {
	if kind == directory.Department {
		return a.able.DepartmentMark
	}
	return a.able.UserMark
}

// hasReferences: such a patch is not compared with what is read, since references read in the words of the target; setting them again is harmless.
func hasReferences(patch connector.Patch) bool {
	for _, change := range patch.Changes {
		if len(change.Add)+len(change.Remove) > 0 {
			return true
		}
	}
	return false
}

// holds says whether an entry reads as the patch wants it.
func holds(entry *directory.Entry, patch connector.Patch) bool {
	for _, change := range patch.Changes {
		if !sameValues(entry.Attributes.Get(change.Field), change.Values) {
			return false
		}
	}
	if patch.Active != nil && entry.Disabled == *patch.Active {
		return false
	}
	return patch.Mark == nil || entry.Mark != nil && entry.Mark.SourceID == patch.Mark.SourceID
}

// changeUserIdentifier renames a user. Where only the source has another ID for the user, the link and the mark change.
func (a *Applier) changeUserIdentifier(operation *plan.Operation) (step, error) {
	if operation.Relinks != "" {
		return a.updateUser(operation)
	}
	id, err := a.subject(operation)
	if err != nil {
		return step{}, err
	}
	field := a.able.UserIdentifier
	values := changeOf(operation, field).After
	return a.finishing(operation, id, step{
		write: func(ctx context.Context) (*directory.Entry, error) {
			return written(a.target.ChangeUserIdentifier(ctx, id, values))
		},
		done: func(ctx context.Context) (*directory.Entry, bool, error) {
			entry, err := a.read(ctx, directory.User, id, []string{field})
			if err != nil || entry == nil {
				return nil, false, err
			}
			if sameValues(entry.Attributes.Get(field), values) {
				return entry, true, nil
			}
			return entry, false, a.unlikeBefore(entry, operation)
		},
		wrote: operation.Changes,
	}), nil
}

// moveDepartment puts a department below another parent.
func (a *Applier) moveDepartment(operation *plan.Operation) (step, error) {
	id, err := a.subject(operation)
	if err != nil {
		return step{}, err
	}
	parent, err := a.parent(operation.Parent)
	if err != nil {
		return step{}, err
	}
	return a.finishing(operation, id, step{
		write: func(ctx context.Context) (*directory.Entry, error) {
			return written(a.target.MoveDepartment(ctx, id, parent))
		},
		done: func(ctx context.Context) (*directory.Entry, bool, error) {
			entry, err := a.read(ctx, directory.Department, id, nil)
			return entry, entry != nil && entry.Parent == parent, err
		},
	}), nil
}
