package apply

import (
	"context"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

// finishing makes a step that may have been done already bring its move to the end: whoever did it may have died before what names the
// entry had followed. A run that only settles does so, too: once the place of before is forgotten nobody can tell what named it.
func (a *Applier) finishing(operation *plan.Operation, id string, s step) step {
	mover, able := a.target.(connector.Mover)
	before, moves := a.former(operation)
	if !able || !moves || s.done == nil {
		return s
	}
	done := s.done
	s.done = func(ctx context.Context) (*directory.Entry, bool, error) {
		entry, was, err := done(ctx)
		if entry == nil {
			return entry, was, err
		}
		// The move may be done although the rest of the operation is not, or nobody knows.
		if unfinished := mover.FinishMove(ctx, operation.Subject, id, before); err == nil {
			err = unfinished
		}
		return entry, was, err
	}
	return s
}

// former says where an entry stood before an operation; false when the operation moves nothing.
func (a *Applier) former(operation *plan.Operation) (before connector.Former, moves bool) {
	for _, change := range operation.Changes {
		switch change.Field {
		case a.nameField(operation.Subject):
			if len(change.Before) == 1 {
				before.Name, moves = change.Before[0], true
			}
		case plan.FieldParent, plan.FieldDepartments:
			if len(change.Before) == 0 && len(change.BeforeNames) > 0 {
				continue // it stood below an entry that is not ours
			}
			parent := ""
			if len(change.Before) > 0 {
				var known bool
				if parent, known = a.targets.of(directory.Department, change.Before[0]); !known {
					continue
				}
			}
			before.Parent, moves = &parent, true
		}
	}
	return before, moves
}
