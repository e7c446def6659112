package plan

import (
	"fmt"
	"slices"
	"time"

	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/state"
)

// An update that turns an account off takes it away from a person as surely as a removal does. It is an operation of its own, so that it can
// be counted, held and looked up like one, while the other fields of the person are kept in step.

// turnOff says what becomes of an account that the mapping wants off.
type turnOff struct {
	// wanted: it is on, and is to be off. said: the mapping says whether it is to be on, so nothing else turns it on again.
	wanted, said bool
	// held is the hold of an earlier run that still stands.
	held *state.Hold
}

// turnOffOf compares what the source says with the target's account.
func (p *Planner) turnOffOf(link *state.Link, source, target *mapping.Form) turnOff {
	off, said := p.options.Mapper.SaysOff(source)
	t := turnOff{wanted: off && !target.Disabled, said: said}
	if t.wanted && link != nil && !p.options.Reconsider {
		t.held = link.HeldOff
	}
	return t
}

// offEnds forgets that turning an account off is held, when nothing wants it off any more.
func (p *Planner) offEnds(link *state.Link) {
	if link != nil && link.HeldOff != nil {
		p.output.offEnds(*link)
	}
}

// withoutTurnOff leaves out of the changes what is an operation of its own.
func (p *Planner) withoutTurnOff(changes []Change, t turnOff) []Change {
	if !t.wanted {
		return changes
	}
	return slices.DeleteFunc(changes, func(c Change) bool { return c.Field == p.options.Capabilities.DisableField })
}

// planTurnOff plans the operation. lost says that the user loses the last department, too, and is counted for that.
func (p *Planner) planTurnOff(base Operation, t turnOff, departments []string, lost bool) error {
	if !t.wanted || t.held != nil {
		return nil
	}
	if !lost {
		p.facts.RemovalsUsers++
		p.count(p.membership.loses, departments)
	}
	off := false
	base.Kind, base.TakesAway, base.Active = UpdateUser, true, &off
	base.Changes = []Change{{Field: FieldActive, Before: []string{"true"}, After: []string{"false"}}}
	return p.output.planned(base, wave(stageRemoveUsers, 0))
}

// note says in the record of a user that turning the account off is held.
func (t turnOff) note() string {
	if t.held == nil {
		return ""
	}
	return fmt.Sprintf("the source says that this account is off, and that is held since the run %s (%s), so it stays on; the hold ends when the source says otherwise",
		t.held.Run, t.held.Since.UTC().Format(time.DateOnly))
}
