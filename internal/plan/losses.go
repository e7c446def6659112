package plan

import (
	"maps"
	"slices"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/guard"
)

// headcount counts people by department, so that the people in or below each one can be told. Departments are named by source ID.
type headcount struct {
	// single counts those who are in just this department; the departments above get them at the end.
	single map[string]int64
	// several counts those who are in more than one, each of them once in every department that they are in or below.
	several map[string]int64
}

func newHeadcount() headcount {
	return headcount{single: map[string]int64{}, several: map[string]int64{}}
}

// count adds somebody who is in these departments of the target.
func (p *Planner) count(h headcount, departments []string) {
	if len(departments) == 1 {
		h.single[departments[0]]++
		return
	}
	p.eachAbove(departments, func(id string) { h.several[id]++ })
}

// total says how many people are in or below each department.
func (p *Planner) total(h headcount) map[string]int64 {
	total := maps.Clone(h.several)
	for id, n := range h.single {
		p.eachAbove([]string{id}, func(above string) { total[above] += n })
	}
	return total
}

// departmentLosses lists the departments that lose people, for the guard.
func (p *Planner) departmentLosses() []guard.DepartmentLoss {
	loses := p.total(p.membership.loses)
	if len(loses) == 0 {
		return nil
	}
	members := p.total(p.membership.members)
	var out []guard.DepartmentLoss
	for _, id := range slices.Sorted(maps.Keys(loses)) {
		out = append(out, guard.DepartmentLoss{ID: id, Name: p.departmentPath(id), Members: members[id], Loses: loses[id]})
	}
	return out
}

// eachAbove visits the departments of a user and all of ours that stand above them in the target, each once.
func (p *Planner) eachAbove(departments []string, visit func(id string)) {
	seen := map[string]bool{}
	for _, id := range departments {
		pair, ok := p.departments.pairs[id]
		target := pair.target
		if link, linked := p.options.Links.BySource(directory.Department, id); !ok && linked {
			target = p.targetDepartments[link.TargetID]
		}
		for at := target; at != nil && !seen[at.ID]; at = p.targetDepartments[at.Parent] {
			seen[at.ID] = true
			if source, ours := p.departments.sourceOf[at.ID]; ours {
				visit(source)
			}
		}
	}
}
