package apply

import (
	"context"
	"slices"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

// endsTemporary reports that an operation may write even in a run that is to end: it gives an entry its own name in place of a temporary one.
func endsTemporary(operation *plan.Operation) bool {
	return operation.Finishes || operation.Restores != nil
}

// hasTemporary reports that the entry of an operation has a temporary identifier or name, which the operation was to end.
func hasTemporary(operation *plan.Operation, ledger *Ledger) bool {
	return operation.Restores != nil && ledger.succeeded(operation.Restores.Opened)
}

// giveBack gives an entry the identifier or the name of before, when what it was given up for did not come about. If it was handed on by then, so
// is everybody else's, the last one first. The outcome stays that of an operation that was not done, and says what became of the entry.
func (a *Applier) giveBack(ctx context.Context, operation *plan.Operation, outcome Outcome) (Outcome, error) {
	if !hasTemporary(operation, a.ledger) {
		return outcome, nil
	}
	outcome.Cause = outcome.cause()
	for _, handed := range slices.Backward(operation.Restores.Handed) {
		if !a.ledger.succeeded(handed.Index) {
			continue
		}
		undone, err := a.rename(ctx, operation, handed.SourceID, handed.TargetID, handed.Values)
		if err != nil {
			return Outcome{}, err
		}
		if undone.Status != plan.Succeeded {
			return leftTemporary(outcome, "since the one of before belongs to somebody else by now, to whom the own one could not be given back: "+undone.Message), nil
		}
		a.ledger.put(Outcome{
			Index: handed.Index, Status: plan.Skipped, Reason: ReasonDependencyFailed, Time: a.options.Now(),
			Message: "it was done and taken back, since the others who exchange this value could not all be renamed: " + outcome.Cause +
				"; the entry has the " + a.nameField(operation.Subject) + " of before again",
		})
	}
	restored, err := a.rename(ctx, operation, operation.SourceID, operation.TargetID, operation.Restores.Values)
	if err != nil {
		return Outcome{}, err
	}
	if restored.Status == plan.Succeeded {
		outcome.Message += "; the entry has the " + a.nameField(operation.Subject) + " of before again"
		return outcome, nil
	}
	return leftTemporary(outcome, "since the one of before could not be given back: "+restored.Message), nil
}

// rename gives an entry the identifier or the name of before, as a part of an operation that was not done. Doing it again changes nothing, so
// doubt is no matter.
func (a *Applier) rename(ctx context.Context, operation *plan.Operation, sourceID, targetID string, values []string) (Outcome, error) {
	back := plan.Operation{
		Index: operation.Index, Kind: plan.ChangeUserIdentifier, Subject: operation.Subject, SourceID: sourceID,
		TargetID: targetID, Name: operation.Name, Finishes: true,
		Changes: []plan.Change{{Field: a.nameField(operation.Subject), After: values}},
	}
	if operation.Subject == directory.Department {
		back.Kind = plan.UpdateDepartment
	}
	return a.carryOut(ctx, &back, false)
}

// nameField is what identifies a user, or names a department.
func (a *Applier) nameField(kind directory.Kind) string {
	if kind == directory.Department {
		return a.able.DepartmentName
	}
	return a.able.UserIdentifier
}

// leftTemporary is the outcome of an operation whose entry keeps a temporary identifier or name.
func leftTemporary(outcome Outcome, why string) Outcome {
	outcome.Status = plan.Failed
	outcome.Message += "; the entry has a temporary name until a later run, " + why
	return outcome
}
