package apply

import (
	"context"
	"fmt"
	"slices"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

// Verdict is what the source says about an entry that is to be removed.
type Verdict string

// The verdicts. Only the first two let an entry be removed, and only the last lets an update turn its account off.
const (
	// Gone: the source does not have the entry.
	Gone Verdict = "Gone"
	// OutOfScope: the source has it, and the task is not about it any more.
	OutOfScope Verdict = "OutOfScope"
	// StillThere: the source has it and the task is about it.
	StillThere Verdict = "StillThere"
	// TurnedOff: the source has it, and says that its account is off.
	TurnedOff Verdict = "TurnedOff"
)

// Absent looks entries up in the source just before they are removed. An answer that cannot be trusted is an error.
type Absent func(ctx context.Context, kind directory.Kind, sourceIDs []string) (map[string]Verdict, error)

// lookupBatch is how many entries are looked up at once before they are removed. A connector asks for 100 in one request, and the entries
// that are known to be there must be in the same one.
const lookupBatch = 90

// targetSentinels is how many linked entries of the target are asked for along with those that are to be removed.
const targetSentinels = 3

// remove looks at the gathered removals once more, on both sides, and begins those that may be done.
func (w *wave) remove() error {
	gathered := w.removals
	w.removals = nil
	for _, kind := range []directory.Kind{directory.User, directory.Department} {
		var batch []plan.Operation
		for _, operation := range gathered {
			if operation.Subject == kind {
				batch = append(batch, operation)
			}
		}
		if err := w.removeBatch(kind, batch); err != nil {
			return err
		}
	}
	return nil
}

func (w *wave) removeBatch(kind directory.Kind, batch []plan.Operation) error {
	if len(batch) == 0 {
		return nil
	}
	var present map[string]directory.Entry
	var verdicts map[string]Verdict
	var err, seen error
	// Where nothing is begun any more nobody need be asked, but about what is in doubt.
	if w.over() == "" || slices.ContainsFunc(batch, func(o plan.Operation) bool { return w.ledger.doubtful(o.Index) }) {
		if present, seen = w.presentTargets(w.ctx, kind, batch); seen == nil {
			verdicts, err = w.verdicts(w.ctx, kind, batch)
		} else {
			err = seen
		}
	}
	if err := w.endsApplying(err); err != nil {
		return err
	}
	unseen := ""
	if err != nil {
		unseen = "not removed: " + err.Error()
	}
	for _, operation := range batch {
		w.begin(operation, func(ctx context.Context, operation *plan.Operation, doubtful bool) (Outcome, error) {
			entry, ok := present[operation.TargetID]
			if outcome, settled := settledRemoval(operation, &entry, ok, seen); doubtful && settled {
				return outcome, nil
			}
			if unseen != "" {
				return Outcome{Status: plan.Skipped, Reason: ReasonLookupFailed, Message: unseen}, nil
			}
			if !ok {
				return Outcome{Status: plan.Succeeded, Reason: ReasonGone, Message: "the target entry was gone already"}, nil
			}
			if outcome, refused := w.refuseRemoval(operation, &entry, verdicts[operation.SourceID]); refused {
				return outcome, nil
			}
			return w.carryOut(ctx, operation, doubtful)
		})
	}
	return nil
}

// settledRemoval is what became of a removal that may have been done already, as far as that can be told from the entry. What nobody could look
// at stays in doubt.
func settledRemoval(operation *plan.Operation, entry *directory.Entry, there bool, unseen error) (Outcome, bool) {
	switch {
	case unseen != nil:
		return Outcome{Status: plan.Failed, Reason: ReasonInDoubt, Unsure: true, Message: fmt.Sprintf(
			"whether it was removed is not known: %v; the next run compares and puts it right", unseen)}, true
	case !there:
		return Outcome{Status: plan.Succeeded, Reason: ReasonGone, Message: "the target entry was gone already"}, true
	case operation.Removal == plan.Disable && entry.Err == nil && entry.Disabled:
		return Outcome{Status: plan.Succeeded}, true
	}
	return Outcome{}, false
}

// endsApplying passes on the errors that end applying, and no others.
func (w *wave) endsApplying(err error) error {
	if err == nil {
		return nil
	}
	_, fatal := w.failed(w.ctx, err)
	return fatal
}

// presentTargets reads the target entries of a batch. That one of them is gone is believed only when others that are linked are found by
// the same call: the account may have lost the right to see people.
func (a *Applier) presentTargets(ctx context.Context, kind directory.Kind, batch []plan.Operation) (map[string]directory.Entry, error) {
	ids := make([]string, len(batch))
	for i, operation := range batch {
		ids[i] = operation.TargetID
	}
	known := a.linkedTargets(kind, ids)
	ids = append(ids, known...)
	present := map[string]directory.Entry{}
	var fields []string
	if a.options.ProtectedFields != nil {
		fields = a.options.ProtectedFields(kind)
	}
	err := a.try(ctx, func() error {
		return a.call(ctx, func(ctx context.Context) error {
			entries, err := a.target.Lookup(ctx, kind, ids, fields)
			for _, entry := range entries {
				present[entry.ID] = entry
			}
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("looking at the target entry before its removal: %w", err)
	}
	missing := slices.ContainsFunc(batch, func(o plan.Operation) bool { _, ok := present[o.TargetID]; return !ok })
	if missing && !slices.ContainsFunc(known, func(id string) bool { _, ok := present[id]; return ok }) {
		return nil, fmt.Errorf("looking at the target entry before its removal: neither it nor other linked entries (%q) were found; "+
			"check the rights of the target's account", known)
	}
	return present, nil
}

// linkedTargets are some entries of the target that are linked and are not to be removed now.
func (a *Applier) linkedTargets(kind directory.Kind, removed []string) []string {
	var known []string
	for link := range a.options.Links.Sorted(kind) {
		if link.State == state.Active && !a.targets.lost[entryKey{kind, link.SourceID}] && !slices.Contains(removed, link.TargetID) {
			if known = append(known, link.TargetID); len(known) == targetSentinels {
				break
			}
		}
	}
	return known
}

// verdicts asks the source.
func (a *Applier) verdicts(ctx context.Context, kind directory.Kind, batch []plan.Operation) (map[string]Verdict, error) {
	if a.options.SettleOnly != "" {
		return nil, nil
	}
	ids := make([]string, len(batch))
	for i, operation := range batch {
		ids[i] = operation.SourceID
	}
	var verdicts map[string]Verdict
	err := a.try(ctx, func() (err error) {
		verdicts, err = a.options.Absent(ctx, kind, ids)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking the entry up in the source before its removal: %w", err)
	}
	return verdicts, nil
}

// refuseRemoval says why an entry is not removed, if it is not.
func (a *Applier) refuseRemoval(operation *plan.Operation, entry *directory.Entry, verdict Verdict) (Outcome, bool) {
	reason, message := a.objection(operation, entry)
	if reason == "" && a.options.SettleOnly == "" {
		switch verdict {
		case Gone, OutOfScope:
		case StillThere:
			reason, message = ReasonStillInSource, "the source has the entry again, as the look-up just before the removal found; the next run looks at it afresh"
		default:
			reason, message = ReasonLookupFailed, "the source did not say whether it has the entry; the next run asks again"
		}
	}
	return Outcome{Status: plan.Skipped, Reason: reason, Message: "not removed: " + message}, reason != ""
}

// objection is what the target entry itself says against its removal: what was true when it was planned need not be true any more.
func (a *Applier) objection(operation *plan.Operation, entry *directory.Entry) (reason, message string) {
	if entry.Err != nil {
		return ReasonLookupFailed, "the target entry could not be understood: " + a.hide(entry, entry.Err).Error()
	}
	if mark := entry.Mark; mark != nil && (mark.SourceID != operation.SourceID || mark.Owner != "" && mark.Owner != a.options.Owner) {
		return ReasonMarkDisagrees, fmt.Sprintf("the target entry bears the mark of %q (owner %q); correct or remove the mark there", mark.SourceID, mark.Owner)
	}
	if a.options.Protected != nil {
		switch protected, err := a.options.Protected(entry); {
		case err != nil:
			return ReasonLookupFailed, a.hide(entry, err).Error()
		case protected:
			return ReasonProtected, "the target entry is protected by the task"
		}
	}
	link, _ := a.options.Links.BySource(operation.Subject, operation.SourceID)
	if operation.Removal == plan.Delete && (link.State == state.Disabled || link.Off) && !entry.Disabled {
		return ReasonTurnedOn, "somebody turned the account on again since it was read, and such an account is not deleted"
	}
	return "", ""
}

func (a *Applier) hide(entry *directory.Entry, err error) error {
	if a.options.Hide == nil {
		return err
	}
	return a.options.Hide(entry, err)
}

func (a *Applier) deleteUser(operation *plan.Operation) (step, error) {
	switch operation.Removal {
	case plan.Delete:
		return a.delete(operation, a.target.DeleteUser), nil
	case plan.Disable:
		return a.disable(operation), nil
	case plan.Keep:
	}
	return step{}, fmt.Errorf("removing a user by %q is nothing that can be done to a target; the stored plan is damaged", operation.Removal)
}

func (a *Applier) deleteDepartment(operation *plan.Operation) (step, error) {
	return a.delete(operation, a.target.DeleteDepartment), nil
}

// delete removes an entry. One that is gone already is what was wanted.
func (a *Applier) delete(operation *plan.Operation, remove func(context.Context, string) error) step {
	return step{
		write: func(ctx context.Context) (*directory.Entry, error) {
			if err := remove(ctx, operation.TargetID); connector.ClassOf(err) != connector.NotFound {
				return nil, err
			}
			return nil, nil
		},
		done: func(ctx context.Context) (*directory.Entry, bool, error) {
			entry, err := a.read(ctx, operation.Subject, operation.TargetID, nil)
			return nil, err == nil && entry == nil, err
		},
	}
}

// disable turns an account off.
func (a *Applier) disable(operation *plan.Operation) step {
	off := false
	return step{
		write: func(ctx context.Context) (*directory.Entry, error) {
			return written(a.target.UpdateUser(ctx, operation.TargetID, connector.Patch{Active: &off}))
		},
		done: func(ctx context.Context) (*directory.Entry, bool, error) {
			entry, err := a.read(ctx, directory.User, operation.TargetID, nil)
			return nil, err == nil && (entry == nil || entry.Disabled), err
		},
	}
}
