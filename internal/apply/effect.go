package apply

import (
	"slices"
	"time"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

// Effect enters what an operation and its outcome mean into the links. It is a pure function of its input, and entering the same
// twice gives the same links: a run that was cut after it saved the state is finished without harm.
func Effect(links *state.Links, operation *plan.Operation, outcome Outcome, run string) error {
	if operation.Kind == plan.DeleteUser || operation.Kind == plan.DeleteDepartment {
		return removalEffect(links, operation, outcome, run)
	}
	if WaitsInPlace(operation, outcome) {
		return lossEffect(links, operation, outcome, run)
	}
	if outcome.Status != plan.Succeeded {
		return nil
	}
	if operation.TakesAway {
		if err := endHolds(links, operation); err != nil {
			return err
		}
	}
	link, linked := links.BySource(operation.Subject, operation.SourceID)
	switch {
	case operation.Kind == plan.NoUpdate && link.Name == operation.Name:
		return nil
	case outcome.TargetID != "" && isCreate(operation.Kind):
		link = state.Link{Kind: operation.Subject, SourceID: operation.SourceID, TargetID: outcome.TargetID, Origin: state.Created, State: state.Active}
	case operation.Adopt && !(linked && link.TargetID == operation.TargetID):
		link = state.Link{Kind: operation.Subject, SourceID: operation.SourceID, TargetID: operation.TargetID, Origin: state.Adopted, State: state.Active}
	case !linked:
		return nil
	}
	if operation.Relinks != "" && operation.Relinks != operation.SourceID {
		links.Delete(operation.Subject, operation.Relinks)
	}
	if operation.Active != nil && *operation.Active {
		link.State, link.Off, link.Since, link.Run, link.Reason = state.Active, false, nil, "", ""
	}
	if operation.Name != "" {
		link.Name = operation.Name
	}
	link.Learned = relearn(link.Learned, operation.Changes, outcome.Learned)
	return links.Put(link)
}

// WaitsInPlace reports that something is held which an operation would take from people who are in the source: the last department, or the
// account by an update that turns it off.
func WaitsInPlace(operation *plan.Operation, outcome Outcome) bool {
	if outcome.Status != plan.Held {
		return false
	}
	switch operation.Kind {
	case plan.ChangeUserDepartments, plan.SyncDepartmentMembers:
		return true
	case plan.UpdateUser:
		return turnsOff(operation)
	default:
		return false
	}
}

// turnsOff reports that an update turns the account off.
func turnsOff(operation *plan.Operation) bool {
	after := changeOf(operation, plan.FieldActive).After
	return len(after) == 1 && after[0] == "false"
}

// People are the source IDs of those from whom an operation takes an account or the last department.
func People(operation *plan.Operation) []string {
	if operation.Kind == plan.SyncDepartmentMembers {
		return changeOf(operation, plan.FieldMembers).Before
	}
	return []string{operation.SourceID}
}

// lossEffect remembers with each person what is held. What was held before keeps its beginning.
func lossEffect(links *state.Links, operation *plan.Operation, outcome Outcome, run string) error {
	for _, id := range People(operation) {
		link, linked := links.BySource(directory.User, id)
		hold := &link.HeldLoss
		if operation.Kind == plan.UpdateUser {
			hold = &link.HeldOff
		}
		if !linked || *hold != nil {
			continue
		}
		*hold = &state.Hold{Since: outcome.Time, Run: run, Reason: outcome.Message}
		if err := links.Put(link); err != nil {
			return err
		}
	}
	return nil
}

// endHolds takes off the list what was held and is done now.
func endHolds(links *state.Links, operation *plan.Operation) error {
	if operation.Kind == plan.UpdateDepartment { // it steps aside for another one
		return nil
	}
	for _, id := range People(operation) {
		link, linked := links.BySource(directory.User, id)
		if !linked {
			continue
		}
		if operation.Kind == plan.UpdateUser {
			link.HeldOff = nil
		} else {
			link.HeldLoss = nil
		}
		if err := links.Put(link); err != nil {
			return err
		}
	}
	return nil
}

func isCreate(kind plan.OperationKind) bool {
	return kind == plan.CreateUser || kind == plan.CreateDepartment
}

func removalEffect(links *state.Links, operation *plan.Operation, outcome Outcome, run string) error {
	link, linked := links.BySource(operation.Subject, operation.SourceID)
	if !linked || link.TargetID != operation.TargetID {
		return nil
	}
	switch {
	case outcome.Status == plan.Held && (link.State == state.Active || link.State == state.Disabled):
		link.Off = link.State == state.Disabled
		return links.Put(withState(link, state.Held, outcome.Time, run, outcome.Message, operation.Name))
	case outcome.Status == plan.Succeeded && operation.Removal == plan.Disable && outcome.Reason != ReasonGone:
		return links.Put(withState(link, state.Disabled, outcome.Time, run, "", operation.Name))
	case outcome.Status == plan.Succeeded && operation.Removal != "":
		links.Delete(operation.Subject, operation.SourceID)
	}
	return nil
}

func withState(link state.Link, to state.LinkState, since time.Time, run, reason, name string) state.Link {
	link.State, link.Since, link.Run, link.Reason = to, &since, run, reason
	if to == state.Disabled {
		link.HeldLoss, link.HeldOff = nil, nil
	}
	if name != "" {
		link.Name = name
	}
	return link
}

// relearn replaces what was learned of the fields that were written.
func relearn(old []state.Learned, wrote []plan.Change, learned []state.Learned) []state.Learned {
	var kept []state.Learned
	for _, one := range old {
		if !slices.ContainsFunc(wrote, func(change plan.Change) bool { return change.Field == one.Field }) {
			kept = append(kept, one)
		}
	}
	kept = append(kept, learned...)
	slices.SortFunc(kept, func(a, b state.Learned) int {
		switch {
		case a.Field < b.Field:
			return -1
		case a.Field > b.Field:
			return 1
		}
		return 0
	})
	return kept
}

// Removal names an entry that was taken away.
type Removal struct {
	Kind     directory.Kind
	SourceID string
}

// Removed lists the people from whom an operation took the account or the last department, and the department that it deleted, for the
// guard's window.
func Removed(operation *plan.Operation, outcome Outcome) []Removal {
	if !operation.TakesAway || outcome.Status != plan.Succeeded || outcome.Reason == ReasonGone {
		return nil
	}
	if operation.Kind == plan.DeleteDepartment {
		return []Removal{{directory.Department, operation.SourceID}}
	}
	if operation.Kind == plan.UpdateDepartment { // it steps aside, and its deletion follows
		return nil
	}
	var removed []Removal
	for _, id := range People(operation) {
		removed = append(removed, Removal{directory.User, id})
	}
	return removed
}
