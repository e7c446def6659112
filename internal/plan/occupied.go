package plan

import (
	"fmt"
	"maps"
	"slices"
)

// refuseRivals refuses departments that would all come to one name below one parent: whichever came first would get it, and another one
// the next time.
func (p *Planner) refuseRivals() {
	p.departments.refused = map[string]*Decision{}
	arriving := map[place][]string{}
	for id, form := range p.sourceDepartments {
		pair, then := p.departments.pairs[id], p.wantedPlace(form)
		if pair.decision == nil && (pair.target == nil || p.standsAt(pair.target) != then && !p.departmentStays(id, pair)) {
			arriving[then] = append(arriving[then], id)
		}
	}
	for _, ids := range arriving {
		if len(ids) < 2 {
			continue
		}
		slices.Sort(ids)
		for _, id := range ids {
			p.refuse(id, ReasonCollision, fmt.Sprintf(
				"the source departments %q would all have the same name below the same parent in the target; give them different names in the source", ids))
		}
	}
}

// refuse says that a department does not get its name and its place.
func (p *Planner) refuse(id, reason, message string) {
	decision := &Decision{Failed, reason, message}
	if pair := p.departments.pairs[id]; pair.target == nil {
		pair.decision = decision
		p.departments.pairs[id] = pair
	} else {
		p.departments.refused[id] = decision
	}
}

// stayer is a target department that keeps its place.
type stayer struct {
	name string
	// held is the source ID of the department whose removal is held, if the place is kept for that.
	held string
}

// refuseOccupied refuses places of departments that stay, whoever they belong to: those are not ours, protected, kept, or refused
// themselves. To let others step aside for them would be in vain, in this run and in every other one.
func (p *Planner) refuseOccupied(movements map[string]movement, held map[place]string) {
	stayers := map[place]stayer{}
	for id, form := range p.targetDepartments {
		source, ours := p.departments.sourceOf[id]
		if m, moves := movements[source]; ours && moves && (m.goes || m.then != m.now) {
			continue
		}
		now := p.standsAt(form)
		stayers[now] = stayer{form.Name, held[now]}
	}
	ids := slices.Sorted(maps.Keys(movements))
	for again := true; again; {
		again = false
		for _, id := range ids {
			m, there := movements[id]
			other, taken := stayers[m.then]
			if !there || m.goes || m.then == m.now || !taken {
				continue
			}
			again = true
			if other.held != "" {
				p.departments.blocked[id] = other.held
			} else {
				p.refuse(id, ReasonNameInUse, fmt.Sprintf(
					"the name below its parent belongs to the target department %q, which stays there; rename or move one of the two", other.name))
			}
			p.stays(id, movements, stayers)
		}
		if !again {
			if id := p.refuseInVain(movements); id != "" {
				p.stays(id, movements, stayers)
				again = true
			}
		}
	}
}

// stays notes that a department, as it was refused its place, is not made or keeps the one that it has.
func (p *Planner) stays(id string, movements map[string]movement, stayers map[place]stayer) {
	target := p.departments.pairs[id].target
	if target == nil {
		delete(movements, id)
		return
	}
	now := movements[id].now
	movements[id] = movement{now: now, then: now, between: now}
	stayers[now] = stayer{target.Name, p.departments.blocked[id]}
}
