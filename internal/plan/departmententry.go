package plan

import (
	"slices"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
)

// planDepartmentEntry plans the move and the update of a paired department.
func (p *Planner) planDepartmentEntry(plan adder, base Operation, form *mapping.Form, pair departmentPair, mark markState) error {
	id := base.SourceID
	parent, moved := p.parentChange(form, pair.target)
	changes := p.fieldChanges(pair.link, form, pair.target)
	if p.departments.refused[id] != nil {
		var err error
		if changes, err = p.refusePlace(base, parent, moved, changes); err != nil {
			return err
		}
		moved = false
	}
	taken := mark == markMissing
	if pair.adopted {
		var err error
		if changes, err = p.adoptDepartment(plan, base, pair, changes); err != nil {
			return err
		}
		taken = false
	}
	if moved {
		err := plan(MoveDepartment, wave(stageMoveDepartments, p.departments.level[id]), func(o *Operation) {
			o.Parent, o.Changes, o.Finishes = form.Parent, []Change{parent}, p.departments.aside[id]
		})
		if err != nil {
			return err
		}
	}
	temporary, err := p.stepAside(base, pair.target, false)
	if err != nil {
		return err
	}
	changes = p.nameFrom(temporary, form, changes)
	if taken {
		changes = append(changes, linkChange(id, ""))
		sortChanges(changes)
	}
	if turn := p.departments.turn[id]; turn != 0 {
		if changes, err = p.planInTurn(plan, turn, pair.target, changes); err != nil {
			return err
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return plan(UpdateDepartment, wave(stageUpdateDepartments, p.departments.level[id]), func(o *Operation) {
		o.Changes, o.Mark = changes, taken
	})
}

// planInTurn plans the new name of a department by itself, so that it can be taken back by itself, and answers with the other changes.
func (p *Planner) planInTurn(plan adder, turn int, target *mapping.Form, changes []Change) ([]Change, error) {
	at := slices.IndexFunc(changes, func(c Change) bool { return c.Field == p.departmentNameField() })
	if at < 0 {
		return changes, nil
	}
	name := changes[at]
	return slices.Delete(changes, at, at+1), plan(UpdateDepartment, p.turnWave(turn), func(o *Operation) {
		o.Changes = []Change{name}
		p.stepBack(o, target)
	})
}

// adoptDepartment plans that a department becomes ours, before anything is put below it or else is done to it, and answers with the change of
// its name where that has a place of its own in the order.
func (p *Planner) adoptDepartment(plan adder, base Operation, pair departmentPair, changes []Change) ([]Change, error) {
	var name []Change
	moves := p.departmentNameKey(p.sourceDepartments[base.SourceID]) != p.departmentNameKey(pair.target)
	now := []Change{linkChange(base.SourceID, pair.relinks)}
	for _, change := range changes {
		if change.Field == p.departmentNameField() && (moves || p.departments.aside[base.SourceID]) {
			name = append(name, change)
		} else {
			now = append(now, change)
		}
	}
	sortChanges(now)
	return name, plan(UpdateDepartment, wave(stageStepAside, 0), func(o *Operation) {
		o.Changes, o.Mark, o.Adopt, o.Relinks = now, true, true, pair.relinks
	})
}

// refusePlace records that a department cannot get its name and its place, and answers with its other changes.
func (p *Planner) refusePlace(base Operation, parent Change, moved bool, changes []Change) ([]Change, error) {
	var others []Change
	base.Kind = UpdateDepartment
	if moved {
		base.Kind, base.Changes = MoveDepartment, []Change{parent}
	}
	for _, change := range changes {
		if change.Field == p.departmentNameField() {
			base.Changes = append(base.Changes, change)
		} else {
			others = append(others, change)
		}
	}
	refused := p.departments.refused[base.SourceID]
	return others, p.output.decided(base, refused.Status, refused.Reason, refused.Message)
}

// nameFrom corrects the changes of a department that stepped aside: its name is the temporary one by then.
func (p *Planner) nameFrom(temporary string, form *mapping.Form, changes []Change) []Change {
	if temporary == "" {
		return changes
	}
	name := p.departmentNameField()
	changes = slices.DeleteFunc(changes, func(c Change) bool { return c.Field == name })
	changes = append(changes, Change{Field: name, Before: []string{temporary}, After: form.Fields.Get(name)})
	sortChanges(changes)
	return changes
}

// parentChange compares the parents. One in the target that is not ours counts as different.
func (p *Planner) parentChange(source, target *mapping.Form) (Change, bool) {
	if !p.options.Capabilities.Nested {
		return Change{}, false
	}
	before, ours := p.departments.sourceOf[target.Parent], true
	if target.Parent != "" {
		_, ours = p.departments.sourceOf[target.Parent]
	}
	if ours && before == source.Parent {
		return Change{}, false
	}
	change := Change{Field: FieldParent, Reference: directory.Department}
	if before != "" {
		change.Before, change.BeforeNames = []string{before}, []string{p.departmentPath(before)}
	} else if parent := p.targetDepartments[target.Parent]; parent != nil {
		change.BeforeNames = []string{parent.Name}
	}
	if source.Parent != "" {
		change.After, change.AfterNames = []string{source.Parent}, []string{p.departmentPath(source.Parent)}
	}
	return change, true
}
