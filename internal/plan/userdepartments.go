package plan

import (
	"slices"

	"synccenter.dev/synccenter/internal/directory"
)

// sourceDepartmentsOf lists the departments of a source user that this task answers for, the main one first.
func (p *Planner) sourceDepartmentsOf(r *row) []string {
	return elements(r.departments, func(id string) (string, bool) {
		if p.sourceDepartments[id] != nil {
			return id, true
		}
		_, linked := p.options.Links.BySource(directory.Department, id)
		return id, linked && p.departmentPresent(id)
	})
}

// needDepartments notes that the departments of a user must be in the target, as far as it keeps them.
func (p *Planner) needDepartments(departments []string) {
	if p.options.Capabilities.Membership != directory.NoMembership {
		p.need(p.limitDepartments(departments)...)
	}
}

// targetDepartmentsOf does the same for a target user, in source IDs. Departments that somebody else put the user into are left out.
func (p *Planner) targetDepartmentsOf(r *row) []string {
	return elements(r.departments, func(id string) (string, bool) {
		source, ours := p.departments.sourceOf[id]
		return source, ours
	})
}

// limitDepartments keeps what the target can hold.
func (p *Planner) limitDepartments(departments []string) []string {
	if p.options.Capabilities.SingleDepartment && len(departments) > 1 {
		return departments[:1]
	}
	return departments
}

func (p *Planner) sameDepartments(before, after []string) bool {
	if p.options.Capabilities.Membership == directory.NoMembership {
		return true
	}
	before, after = p.limitDepartments(before), p.limitDepartments(after)
	if p.options.Capabilities.MainDepartment && len(before) > 0 && len(after) > 0 && before[0] != after[0] {
		return false
	}
	return sameSet(before, after)
}

// planUserDepartments plans where a paired user belongs, on the user or on its departments.
func (p *Planner) planUserDepartments(base Operation, before, after []string) error {
	if p.sameDepartments(before, after) {
		return nil
	}
	if p.protected[entryKey{directory.User, base.TargetID}] {
		p.countStaying(p.membership.kept, before)
		base.Kind, base.Changes = ChangeUserDepartments, []Change{p.departmentsChange(before, after)}
		return p.output.decided(base, Skipped, ReasonProtected, protectedMessage)
	}
	last := len(before) > 0 && len(after) == 0
	if last {
		p.facts.RemovalsUsers++
		p.count(p.membership.loses, before)
	}
	if p.options.Capabilities.Membership == directory.OnDepartment {
		p.planMembers(base.SourceID, base.Name, before, after, last)
		return nil
	}
	before, after = p.limitDepartments(before), p.limitDepartments(after)
	level := 0
	if last {
		level = int(takingAway)
	}
	base.Kind, base.TakesAway = ChangeUserDepartments, last
	base.Changes = []Change{p.departmentsChange(before, after)}
	able := p.options.Capabilities
	if (able.MainDepartment || able.SingleDepartment) && len(after) > 0 && (len(before) == 0 || before[0] != after[0]) {
		base.Main = after[0]
	}
	return p.output.planned(base, wave(stageMembership, level))
}

// planMembers notes the change of a user's departments with the departments, which is where the target keeps it.
func (p *Planner) planMembers(id, name string, before, after []string, last bool) {
	if p.options.Capabilities.Membership != directory.OnDepartment {
		return
	}
	part := ordinary
	switch {
	case last:
		part = takingAway
	case !slices.ContainsFunc(before, func(department string) bool { return slices.Contains(after, department) }):
		part = moving
	}
	for _, department := range after {
		if !slices.Contains(before, department) {
			p.membership.add(department, id, name)
		}
	}
	for _, department := range before {
		if slices.Contains(after, department) {
			continue
		}
		p.membership.remove(department, id, name, part)
		if part == moving {
			p.membership.await(department, after)
		}
	}
}

func (p *Planner) departmentsChange(before, after []string) Change {
	return Change{
		Field: FieldDepartments, Reference: directory.Department,
		Before: before, BeforeNames: p.departmentPaths(before), After: after, AfterNames: p.departmentPaths(after),
	}
}
