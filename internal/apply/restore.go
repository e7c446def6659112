package apply

import (
	"context"

	"synccenter.dev/synccenter/internal/plan"
)

// giveBack gives a user the identifier of before, when the exchange in which it was given up for a temporary one did not come about.
// The outcome stays that of an operation that was not done, and says what became of the user.
func (a *Applier) giveBack(ctx context.Context, operation *plan.Operation, outcome Outcome) (Outcome, error) {
	if len(operation.Restores) == 0 || a.over() != "" {
		return outcome, nil
	}
	back := *operation
	back.Changes = []plan.Change{{Field: a.able.UserIdentifier, After: operation.Restores}}
	// Doing it again changes nothing, so doubt is no matter.
	restored, err := a.carryOut(ctx, &back, false)
	if err != nil {
		return Outcome{}, err
	}
	if restored.Status == plan.Succeeded {
		outcome.Message += "; the user has the identifier of before again"
		return outcome, nil
	}
	outcome.Status = plan.Failed
	outcome.Message += "; the user has a temporary identifier until a later run, since the one of before could not be given back: " + restored.Message
	return outcome, nil
}
