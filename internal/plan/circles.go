package plan

import (
	"fmt"
	"maps"
	"slices"

	"synccenter.dev/synccenter/internal/directory"
)

// A department cannot move below one that is not there, nor below itself. Where one that it stands above now, and is to stand below, stays after all,
// the move is in vain.

// refuseInVain refuses the move of one department that cannot succeed, and answers which.
func (p *Planner) refuseInVain(movements map[string]movement) (refused string) {
	for _, id := range slices.Sorted(maps.Keys(movements)) {
		m := movements[id]
		if !p.movesBelowAnother(id, m) {
			continue
		}
		if unmade := p.unmade(m.then.parent); unmade != "" {
			decision := &Decision{Skipped, ReasonParentUnknown, fmt.Sprintf("the department %s, in or below which it is to stand, cannot be made; see its record", p.departmentPath(unmade))}
			if p.departments.pairs[unmade].decision != nil && p.departments.pairs[unmade].decision.Status == Held {
				decision.Status, decision.Reason = Held, ReasonDependsOnHeld
			}
			p.departments.refused[id] = decision
			return id
		}
	}
	return p.refuseCircle(movements)
}

// movesBelowAnother says whether a department that is in the target gets another parent there.
func (p *Planner) movesBelowAnother(id string, m movement) bool {
	return !m.goes && m.then.parent != m.now.parent && p.departments.pairs[id].target != nil
}

// unmade is the department that keeps a parent from being there: that one, or one above it, has no target entry and gets none. Empty: nothing does.
func (p *Planner) unmade(parent string) string {
	for at, n := p.sourceDepartments[parent], 0; at != nil && n <= len(p.sourceDepartments); at, n = p.sourceDepartments[at.Parent], n+1 {
		pair := p.departments.pairs[at.ID]
		switch {
		case pair.target != nil || pair.link != nil:
			return ""
		case pair.decision != nil || p.cannotCreate(at) != nil:
			return at.ID
		}
	}
	return ""
}

// refuseCircle refuses the move of the first department that would stand below itself, since one that is between stays where it is.
func (p *Planner) refuseCircle(movements map[string]movement) (refused string) {
	for _, id := range slices.Sorted(maps.Keys(movements)) {
		if !p.movesBelowAnother(id, movements[id]) {
			continue
		}
		between, circle := p.between(movements, id, nil)
		if !circle {
			continue
		}
		for _, other := range between {
			if held := p.departments.blocked[other]; held != "" {
				p.departments.blocked[id] = held
				return id
			}
		}
		var names []string
		for _, other := range between {
			names = append(names, p.departmentPath(other))
		}
		p.refuse(id, ReasonBelowItself, fmt.Sprintf(
			"it would stand below itself, since its new parent is in or below it and cannot be moved out as the source says; see the records of %q", names))
		return id
	}
	return ""
}

// between lists the departments of ours from the new parent of one up to that one itself, and reports whether it is reached at all. Those of which
// stays is true keep their place.
func (p *Planner) between(movements map[string]movement, id string, stays func(id string) bool) (above []string, circle bool) {
	for at := movements[id].then.parent; at != "" && len(above) <= len(p.targetDepartments)+len(p.sourceDepartments); {
		if at == id {
			return above, true
		}
		above = append(above, at)
		at = p.parentThen(movements, at, stays)
	}
	return nil, false
}

// parentThen is what a department will stand below, in the words of place.
func (p *Planner) parentThen(movements map[string]movement, id string, stays func(id string) bool) string {
	m, moves := movements[id]
	switch {
	case moves && (stays == nil || !stays(id)) && !m.goes:
		return m.then.parent
	case moves:
		return m.now.parent
	}
	if target := p.targetDepartments[p.targetOf(id)]; target != nil {
		return p.standsAt(target).parent
	}
	return ""
}

// targetOf is the target ID of what a place names as a parent.
func (p *Planner) targetOf(parent string) string {
	if parent[0] == '\x00' {
		return parent[1:]
	}
	if pair, ok := p.departments.pairs[parent]; ok && pair.target != nil {
		return pair.target.ID
	}
	link, _ := p.options.Links.BySource(directory.Department, parent)
	return link.TargetID
}

// waitInCircles lets departments wait for a removal that others wait for when those, while they wait, are in their way.
func (p *Planner) waitInCircles(movements map[string]movement) {
	waits := p.departments.waits
	stays := func(id string) bool { return waits[id] != "" }
	ids := slices.Sorted(maps.Keys(movements))
	for again := len(waits) > 0; again; {
		again = false
		for _, id := range ids {
			m := movements[id]
			if m.goes || waits[id] != "" || m.then == m.now {
				continue
			}
			if giver := waits[p.departments.takes[id]]; giver != "" {
				waits[id], again = giver, true
				continue
			}
			if m.then.parent == m.now.parent {
				continue
			}
			between, circle := p.between(movements, id, stays)
			at := slices.IndexFunc(between, stays)
			if circle && at >= 0 {
				waits[id], again = waits[between[at]], true
			}
		}
	}
}
