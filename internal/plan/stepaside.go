package plan

import (
	"maps"
	"slices"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
)

// Two departments cannot have one name below one parent. Where one takes the place of another that goes somewhere else in the same run, the
// other is renamed before it. Where that cannot be, since the first one is made or moved there, or the two are in a circle, the other steps aside:
// it gets a temporary name, and its own one later. The temporary name stands in the plan.

// place is a name below a parent: the source ID of the parent, or the target ID of one that is not ours, told apart by a zero byte.
type place struct {
	parent, name string
}

// movement is where a department stands and where it will stand.
type movement struct {
	now, then place
	// between is where it stands after its move and before its rename; equal to then when it is not both moved and renamed.
	between place
	goes    bool
}

// findStepAsides notes which departments must step aside. It needs the pairs.
func (p *Planner) findStepAsides() {
	p.departments.aside, p.departments.takes = map[string]bool{}, map[string]string{}
	p.departments.waits, p.departments.blocked = map[string]string{}, map[string]string{}
	movements, standing, held := p.movements()
	if p.departmentNameField() == "" {
		for id := p.refuseInVain(movements); id != ""; id = p.refuseInVain(movements) {
			p.stays(id, movements, map[place]stayer{})
		}
		return
	}
	p.refuseOccupied(movements, held)
	arriving := map[place]string{}
	for id, m := range movements {
		if !m.goes {
			arriving[m.then] = id
		}
	}
	occupied := map[place]string{}
	for id, form := range p.targetDepartments {
		occupied[p.standsAt(form)] = id
	}
	takes := p.departments.takes
	for _, id := range slices.Sorted(maps.Keys(movements)) {
		m := movements[id]
		if m.goes || m.then == m.now {
			continue
		}
		if other, taken := standing[m.then]; taken && other != id && (movements[other].goes || movements[other].then != movements[other].now) {
			takes[id] = other
			if movements[other].goes || m.between == m.then {
				p.departments.aside[other] = true
			}
		}
		if m.between != m.now && m.between != m.then {
			_, taken := occupied[m.between]
			_, wanted := arriving[m.between]
			p.departments.aside[id] = p.departments.aside[id] || taken || wanted
		}
	}
	for id := range takes {
		if giver := lastGiver(id, takes, movements); giver != "" {
			p.departments.waits[id] = giver
		}
	}
	p.waitInCircles(movements)
	p.takeTurns(movements)
}

// wantedPlace is where a source department is to stand.
func (p *Planner) wantedPlace(form *mapping.Form) place {
	if !p.options.Capabilities.Nested {
		return place{name: p.departmentNameKey(form)}
	}
	return place{form.Parent, p.departmentNameKey(form)}
}

// lastGiver follows who takes whose place to the department that is to be deleted, if there is one: all of them wait for it.
func lastGiver(id string, takes map[string]string, movements map[string]movement) string {
	seen := map[string]bool{}
	for at := takes[id]; at != "" && !seen[at]; at = takes[at] {
		if movements[at].goes {
			return at
		}
		seen[at] = true
	}
	return ""
}

// movements says where every department of ours goes, which department stands at each place now, and which are there whose removal is held.
func (p *Planner) movements() (out map[string]movement, standing, held map[place]string) {
	out, standing, held = map[string]movement{}, map[place]string{}, map[place]string{}
	for id, form := range p.sourceDepartments {
		then := p.wantedPlace(form)
		pair := p.departments.pairs[id]
		if pair.decision != nil || pair.target == nil && !p.plansDepartment(id) {
			continue
		}
		if pair.target == nil {
			out[id] = movement{then: then, between: then}
			continue
		}
		now := p.standsAt(pair.target)
		out[id] = movement{now: now, then: then, between: place{then.parent, now.name}}
		if p.departmentStays(id, pair) {
			out[id] = movement{now: now, then: now, between: now}
		}
		standing[now] = id
	}
	for link := range p.options.Links.Sorted(directory.Department) {
		target := p.targetDepartments[link.TargetID]
		if target == nil || p.departmentPresent(link.SourceID) || p.departments.relinked[link.SourceID] {
			continue
		}
		now := p.standsAt(target)
		if !p.concerns(directory.Department, link.SourceID) || !p.willRemove(&link) {
			if p.removalIsHeld(&link) {
				held[now] = link.SourceID
			}
			continue
		}
		out[link.SourceID] = movement{now: now, goes: true}
		standing[now] = link.SourceID
	}
	return out, standing, held
}

// departmentStays reports that nothing will be done to a department, so that nobody may count on its place.
func (p *Planner) departmentStays(id string, pair departmentPair) bool {
	if !p.plansDepartment(id) {
		return true
	}
	_, decision := p.checkMark(directory.Department, id, pair.target.Mark, pair.adopted)
	return decision != nil || p.departments.refused[id] != nil || p.protected[entryKey{directory.Department, pair.target.ID}]
}

func (p *Planner) standsAt(target *mapping.Form) place {
	at := place{parent: target.Parent, name: p.departmentNameKey(target)}
	if !p.options.Capabilities.Nested {
		at.parent = ""
	} else if source, ours := p.departments.sourceOf[target.Parent]; ours {
		at.parent = source
	} else if target.Parent != "" {
		at.parent = "\x00" + target.Parent // no ID of the source
	}
	return at
}

// departmentNameField is the mapped field that names a department; empty when the task does not write it.
func (p *Planner) departmentNameField() string {
	field, _ := p.options.Mapper.Field(directory.Department, p.options.Capabilities.DepartmentName)
	return field.Name
}

// stepAside plans the temporary name of a department, and answers with it. Empty: it need not step aside.
func (p *Planner) stepAside(base Operation, target *mapping.Form, takesAway bool) (string, error) {
	if !p.departments.aside[base.SourceID] {
		return "", nil
	}
	name := temporaryValue(base.SourceID)
	base.Kind, base.TakesAway = UpdateDepartment, takesAway
	base.Changes = []Change{{Field: p.departmentNameField(), Before: target.Fields.Get(p.departmentNameField()), After: []string{name}}}
	base.ReadsAlike = true // the name is given back where the rest cannot be done
	base.Note = "another department takes this one's name and place in the same run, so it is given up first"
	return name, p.output.planned(base, wave(stageStepAside, 1))
}

// stepBack makes the operation that ends the temporary name of a department give the name of before back when it is not done.
func (p *Planner) stepBack(operation *Operation, target *mapping.Form) {
	if !p.departments.aside[operation.SourceID] {
		return
	}
	operation.Restores, operation.Finishes = &Restore{Values: target.Fields.Get(p.departmentNameField())}, true
	for _, other := range p.departments.circles[operation.SourceID] {
		form := p.departments.pairs[other].target
		operation.Restores.Handed = append(operation.Restores.Handed, Handed{SourceID: other, TargetID: form.ID, Values: form.Fields.Get(p.departmentNameField())})
	}
}
