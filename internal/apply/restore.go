package apply

import (
	"context"

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

// giveBack gives an entry the identifier or the name of before, when what it was given up for did not come about. The outcome stays that of
// an operation that was not done, and says what became of the entry.
func (a *Applier) giveBack(ctx context.Context, operation *plan.Operation, outcome Outcome) (Outcome, error) {
	if !hasTemporary(operation, a.ledger) {
		return outcome, nil
	}
	if taken := operation.Restores.Taken; taken != nil && a.ledger.succeeded(*taken) {
		return leftTemporary(outcome, "since somebody else has the one of before by now"), nil
	}
	back := plan.Operation{
		Index: operation.Index, Kind: plan.ChangeUserIdentifier, Subject: operation.Subject, SourceID: operation.SourceID,
		TargetID: operation.TargetID, Name: operation.Name, Finishes: true,
	}
	field := a.able.UserIdentifier
	if operation.Subject == directory.Department {
		back.Kind, field = plan.UpdateDepartment, a.able.DepartmentName
	}
	back.Changes = []plan.Change{{Field: field, After: operation.Restores.Values}}
	// Doing it again changes nothing, so doubt is no matter.
	restored, err := a.carryOut(ctx, &back, false)
	if err != nil {
		return Outcome{}, err
	}
	if restored.Status == plan.Succeeded {
		outcome.Message += "; the entry has the " + field + " of before again"
		return outcome, nil
	}
	return leftTemporary(outcome, "since the one of before could not be given back: "+restored.Message), nil
}

// leftTemporary is the outcome of an operation whose entry keeps a temporary identifier or name.
func leftTemporary(outcome Outcome, why string) Outcome {
	outcome.Status = plan.Failed
	outcome.Message += "; the entry has a temporary name until a later run, " + why
	return outcome
}
