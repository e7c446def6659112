package plan

import (
	"fmt"
	"slices"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/state"
)

// Fields of others name people: managers, leaders. The source names nobody who is gone; but as long as a person has not decided about the removal of
// somebody, nothing is taken from that one, and the names stay as well.

// keepNamed adds to those whom a field is to name the ones whom it names already and whose removal waits for a person. In a field with room for
// one name, whoever is new gets the room.
func (p *Planner) keepNamed(before, after []string, single bool) (names, kept []string) {
	for _, id := range before {
		if !slices.Contains(after, id) && p.removalWaits(id) {
			kept = append(kept, id)
		}
	}
	if single && slices.ContainsFunc(after, p.userMayStand) {
		for _, id := range kept {
			p.replaced[id] = true
		}
		return after, nil
	}
	return slices.Concat(after, kept), kept
}

// removalWaits says of a linked user that they are gone, as far as is known, and that a person is asked about their removal: by an earlier run, or
// by this one since somebody else may be the same person.
func (p *Planner) removalWaits(id string) bool {
	link, linked := p.options.Links.BySource(directory.User, id)
	switch {
	case !linked:
		return false
	case !p.concerns(directory.User, id):
		return link.State == state.Held
	case !p.users.gone[id]:
		return false
	case link.State == state.Held:
		return !p.options.Reconsider || p.users.awaited[id]
	}
	return link.State == state.Active && p.users.awaited[id]
}

// userMayStand reports that a user of the source is in the target, or that nothing is known yet why there should be none.
func (p *Planner) userMayStand(id string) bool {
	return p.users.matches[id].decision == nil
}

// namedNote says in a record who is still named.
func (p *Planner) namedNote(kept []string) string {
	if len(kept) == 0 {
		return ""
	}
	return fmt.Sprintf("it still names %s, whose removal is held; that stays so until a person decides", strings.Join(quoted(p.userNames(kept)), ", "))
}

// partNamed parts an operation that takes people out of references: those whose removal is held stay named until a person decides about that.
func (p *Planner) partNamed(o *Operation, heldRemovals map[string]bool) (todo, decided *Operation) {
	if len(heldRemovals)+len(p.replaced) == 0 || o.Kind != UpdateUser && o.Kind != SyncDepartmentLeaders {
		return o, nil
	}
	var now, then []Change
	var names []string
	for _, change := range o.Changes {
		held := p.heldNames(change, heldRemovals)
		if len(held) == 0 {
			now = append(now, change)
			continue
		}
		waits, rest := takenApart(change, held)
		names = append(names, waits.BeforeNames...)
		if p.roomForOne(change.Field) {
			then = append(then, change)
			continue
		}
		then = append(then, waits)
		if !sameSet(rest.Before, rest.After) {
			now = append(now, rest)
		}
	}
	if len(then) == 0 {
		return o, nil
	}
	later := *o
	later.Index, later.Wave, later.Changes = -1, 0, then
	later.Decision = &Decision{Held, ReasonDependsOnHeld, fmt.Sprintf(
		"it still names %s, whose removal is held; decide about that removal first", strings.Join(quoted(names), ", "))}
	if len(now) == 0 {
		return nil, &later
	}
	rest := *o
	rest.Changes = now
	return &rest, &later
}

// heldNames are the people whom a change takes out of a field and whose removal is held. Where there is room for one name they go all the
// same, if somebody else gets it.
func (p *Planner) heldNames(change Change, heldRemovals map[string]bool) (held []string) {
	if change.Reference != directory.User {
		return nil
	}
	for _, id := range change.Before {
		if !slices.Contains(change.After, id) && (heldRemovals[id] || p.replaced[id]) {
			held = append(held, id)
		}
	}
	if len(held) == 0 || !p.roomForOne(change.Field) {
		return held
	}
	for _, id := range change.After {
		if p.options.Links.Has(directory.User, id) || p.decideClaim(id, heldRemovals) == nil {
			return nil
		}
	}
	return held
}

// roomForOne reports that a field of references names one person at most.
func (p *Planner) roomForOne(name string) bool {
	if name == FieldLeaders {
		return p.options.Capabilities.SingleLeader
	}
	field, known := p.options.Mapper.Field(directory.User, name)
	return known && !field.Multiple
}

// takenApart parts a change of a reference: that these people go, and all the rest.
func takenApart(change Change, held []string) (waits, rest Change) {
	waits, rest = change, change
	waits.Before, waits.BeforeNames, waits.After, waits.AfterNames = nil, nil, nil, nil
	for i, id := range change.Before {
		if slices.Contains(held, id) {
			waits.Before, waits.BeforeNames = append(waits.Before, id), append(waits.BeforeNames, change.BeforeNames[i])
		}
	}
	rest.After, rest.AfterNames = slices.Concat(change.After, waits.Before), slices.Concat(change.AfterNames, waits.BeforeNames)
	return waits, rest
}
