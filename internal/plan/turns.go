package plan

import (
	"maps"
	"slices"
)

// Departments that take each other's places get their own names one after the other, whoever makes room first. So when the target refuses one of
// them, those who come after it are not renamed, and its own place is free. In a circle one steps aside and is the last one to be renamed: when it is
// refused, or another one before it, it hands back what the others were given.

// takeTurns gives a place in the order to each department of ours that takes another's place, or whose place is taken.
func (p *Planner) takeTurns(movements map[string]movement) {
	p.departments.turn, p.departments.circles = map[string]int{}, map[string][]string{}
	takes := p.departments.takes
	takenBy := make(map[string]string, len(takes))
	for id, other := range takes {
		takenBy[other] = id
	}
	ids := slices.Sorted(maps.Keys(takes))
	follow := func(first string) (order []string) {
		for id := first; id != "" && p.departments.turn[id] == 0; id = takenBy[id] {
			if !movements[id].goes {
				p.departments.turn[id] = len(p.departments.turn) + 1
				order = append(order, id)
			}
		}
		return order
	}
	for _, id := range ids {
		if _, further := takes[takes[id]]; !further {
			follow(takes[id])
		}
	}
	for _, id := range ids {
		if p.departments.turn[id] != 0 {
			continue // it was in a chain, or in a circle that has its opener
		}
		opener := id
		for other := takenBy[id]; other != id; other = takenBy[other] {
			if p.departments.aside[other] && !p.departments.aside[opener] {
				opener = other
			}
		}
		p.departments.aside[opener] = true
		circle := follow(takenBy[opener])
		p.departments.circles[opener] = circle[:len(circle)-1]
	}
	for _, id := range slices.Sorted(maps.Keys(p.departments.aside)) {
		follow(id) // for somebody who only passes by
	}
}

// turnWave is when a department gets its name, behind all that take nobody's place.
func (p *Planner) turnWave(turn int) uint32 {
	deepest := 0
	for _, level := range p.departments.level {
		deepest = max(deepest, level)
	}
	return wave(stageUpdateDepartments, deepest+turn)
}

// renames reports that an operation gives a department its name.
func (p *Planner) renames(o *Operation) bool {
	return o.Kind == UpdateDepartment && o.Decision == nil && slices.ContainsFunc(o.Changes, func(c Change) bool { return c.Field == p.departmentNameField() })
}
