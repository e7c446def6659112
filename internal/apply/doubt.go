package apply

import (
	"context"
	"errors"
	"slices"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

// An operation that an earlier attempt may have done is settled by reading. Where that attempt died, what the operation needs may be in doubt as
// well, or be told otherwise by now: it is read all the same, since the records say what was done, and by whichever attempt.

// needsDoubt reports that nobody knows whether all was done that an operation needs. When it is known of anything that it was not, there is no doubt.
func (a *Applier) needsDoubt(operation *plan.Operation) bool {
	doubt := false
	for _, need := range operation.Needs {
		outcome, _ := a.ledger.Outcome(need)
		if outcome.Status != plan.Succeeded && !outcome.Unsure {
			return false
		}
		doubt = doubt || outcome.Unsure
	}
	return doubt
}

// lookBack says what became of an operation that an earlier attempt may have done and that is not begun now, since what it needs is in doubt.
func (a *Applier) lookBack(ctx context.Context, operation *plan.Operation, refused Outcome) (Outcome, error) {
	s, err := a.prepare(operation)
	if err != nil || s.done == nil || operation.Removal != "" {
		return a.unlessFatal(ctx, err, unsure(refused))
	}
	var entry *directory.Entry
	done := false
	err = a.try(ctx, func() error {
		return a.call(ctx, func(ctx context.Context) (err error) {
			entry, done, err = s.done(ctx)
			return err
		})
	})
	switch {
	case err != nil:
		return a.unlessFatal(ctx, err, unsure(refused))
	case done:
		a.proveNeeds(operation)
		s.lookAt(entry)
		return a.succeeded(operation, s, entry), nil
	case entry != nil && changedOtherwise(entry, operation) != "":
		return unsure(refused), nil
	}
	return refused, nil
}

// proveNeeds ends the doubts about what an operation needs: it was done, so they were done before it.
func (a *Applier) proveNeeds(operation *plan.Operation) {
	for _, need := range operation.Needs {
		if outcome, _ := a.ledger.Outcome(need); outcome.Unsure {
			a.ledger.put(Outcome{
				Index: need, Status: plan.Succeeded, Time: a.options.Now(), Message: "that this was done shows in what was done after it",
			})
		}
	}
}

// unlessFatal is an outcome, or the error that ends applying.
func (a *Applier) unlessFatal(ctx context.Context, err error, outcome Outcome) (Outcome, error) {
	if err == nil {
		return outcome, nil
	}
	if _, fatal := a.failed(ctx, err); fatal != nil {
		return Outcome{}, fatal
	}
	return outcome, nil
}

// unsure is an outcome of which nobody knows whether it is true.
func unsure(outcome Outcome) Outcome {
	outcome.Status, outcome.Reason, outcome.Unsure = plan.Failed, ReasonInDoubt, true
	outcome.Message += "; whether this was done before is not known: the next run compares and puts it right"
	return outcome
}

// changedOtherwise is a field of an operation that reads neither as before nor as planned; empty when there is none.
func changedOtherwise(entry *directory.Entry, operation *plan.Operation) string {
	for _, change := range operation.Changes {
		if isField(change) && change.Reference == "" && !isSecret(change) && !unreadable(entry, change.Field) && !sameValues(entry.Attributes.Get(change.Field), change.Before) {
			return change.Field
		}
	}
	return ""
}

// refersToDoubt reports that an operation names entries of which nobody knows whether they were made: an earlier attempt may have named them.
func (a *Applier) refersToDoubt(err error, pending []Pending) bool {
	var refused *refusal
	if errors.As(err, &refused) {
		if refused.unsure {
			return true
		}
		pending = refused.pending
	}
	for _, one := range pending {
		kind := directory.User
		if one.Field == plan.FieldDepartments {
			kind = directory.Department
		}
		if slices.ContainsFunc(one.IDs, func(id string) bool { return a.targets.doubted(kind, id) }) {
			return true
		}
	}
	return false
}
