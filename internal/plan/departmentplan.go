package plan

import (
	"fmt"
	"maps"
	"slices"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/state"
)

// planDepartments plans every department. It comes after the users, who tell which members a department gets and loses.
func (p *Planner) planDepartments() error {
	p.needParents()
	if err := p.planNeededUnknown(); err != nil {
		return err
	}
	p.findStepAsides()
	for _, id := range p.departments.topDown {
		if err := p.planDepartment(id, p.sourceDepartments[id], p.departments.pairs[id]); err != nil {
			return err
		}
	}
	for _, base := range p.membership.moving {
		if _, err := p.planMovers(base); err != nil {
			return err
		}
	}
	for link := range p.options.Links.Sorted(directory.Department) {
		if p.departmentPresent(link.SourceID) {
			continue
		}
		if err := p.planDepartmentGone(link); err != nil {
			return err
		}
	}
	return nil
}

func (p *Planner) planDepartment(id string, form *mapping.Form, pair departmentPair) error {
	p.facts.SourceDepartments++
	if !p.plansDepartment(id) {
		return p.planMembersOnly(id, pair)
	}
	base := Operation{Subject: directory.Department, SourceID: id, Name: p.departmentPath(id)}
	if pair.target == nil {
		return p.planNewDepartment(base, form, pair)
	}
	base.TargetID = pair.target.ID
	mark, decision := p.checkMark(directory.Department, id, pair.target.Mark, pair.adopted)
	if decision != nil {
		base.Kind = UpdateDepartment
		return p.output.decided(base, decision.Status, decision.Reason, decision.Message)
	}
	planned := 0
	add := p.adder(base)
	plan := func(kind OperationKind, at uint32, fill func(*Operation)) error {
		planned++
		return add(kind, at, fill)
	}
	if p.departments.refused[id] != nil {
		planned++
	}
	if err := p.planDepartmentEntry(plan, base, form, pair, mark); err != nil {
		return err
	}
	note, err := p.planDepartmentPeople(plan, id, form, pair.target)
	if err != nil {
		return err
	}
	if p.membership.changes[moving][id] != nil {
		p.membership.moving = append(p.membership.moving, base)
		planned++
	}
	p.reviveLink(pair.link)
	if planned == 0 {
		return p.output.unchanged(directory.Department, id, base.TargetID, base.Name, note)
	}
	return nil
}

// planNewDepartment plans a department that has no target entry.
func (p *Planner) planNewDepartment(base Operation, form *mapping.Form, pair departmentPair) error {
	base.Kind = CreateDepartment
	if pair.link != nil {
		base.Kind, base.TargetID = UpdateDepartment, pair.link.TargetID
	}
	decision := pair.decision
	if decision == nil {
		decision = p.cannotCreate(form)
	}
	if decision == nil && form.Parent != "" && p.options.Capabilities.Nested && !p.departmentHasPlace(form.Parent) {
		decision = &Decision{Failed, ReasonParentUnknown, fmt.Sprintf(
			"the parent department %s could not be read or is not in the source, so this one has no place; correct the parent first", form.Parent)}
	}
	if decision != nil {
		return p.output.decided(base, decision.Status, decision.Reason, decision.Message)
	}
	base.Changes, base.Mark = p.createChanges(form), true
	if p.options.Capabilities.Nested {
		base.Parent = form.Parent
		if form.Parent != "" {
			base.Changes = append(base.Changes, Change{
				Field: FieldParent, After: []string{form.Parent}, AfterNames: []string{p.departmentPath(form.Parent)}, Reference: directory.Department,
			})
			sortChanges(base.Changes)
		}
	}
	if err := p.output.planned(base, wave(stageCreateDepartments, p.departments.level[base.SourceID])); err != nil {
		return err
	}
	plan := p.adder(Operation{Subject: directory.Department, SourceID: base.SourceID, Name: base.Name})
	_, err := p.planDepartmentPeople(plan, base.SourceID, form, &mapping.Form{})
	return err
}

// adder adds operations that are like base.
func (p *Planner) adder(base Operation) adder {
	return func(kind OperationKind, at uint32, fill func(*Operation)) error {
		operation := base
		operation.Kind = kind
		fill(&operation)
		return p.output.planned(operation, at)
	}
}

// departmentHasPlace reports that a parent is, or will be, in the target.
func (p *Planner) departmentHasPlace(id string) bool {
	_, linked := p.options.Links.BySource(directory.Department, id)
	return linked || p.sourceDepartments[id] != nil
}

// adder adds an operation of one department to the plan.
type adder func(kind OperationKind, at uint32, fill func(*Operation)) error

// planDepartmentMembers plans the member list of a department, but for the people who move to another one; see planMovers.
func (p *Planner) planDepartmentMembers(plan adder, id string) error {
	for _, part := range []memberPart{ordinary, takingAway} {
		change, ok := p.membership.change(id, part)
		if !ok {
			continue
		}
		target := p.departments.pairs[id].target
		if len(change.After) > 0 && (target == nil || !p.protected[entryKey{directory.Department, target.ID}]) {
			p.membership.gains[id] = true
		}
		if err := plan(SyncDepartmentMembers, wave(stageMembership, int(part)), func(o *Operation) {
			o.Changes, o.TakesAway = []Change{change}, part == takingAway
		}); err != nil {
			return err
		}
	}
	return nil
}

// planMovers plans that people leave a department for others. They stay when it is clear already that they do not come into one of those;
// else the operation needs those that bring them there.
func (p *Planner) planMovers(base Operation) (stay bool, err error) {
	change, ok := p.membership.change(base.SourceID, moving)
	if !ok {
		return false, nil
	}
	base.Kind, base.Changes = SyncDepartmentMembers, []Change{change}
	for _, other := range slices.Sorted(maps.Keys(p.membership.awaits[base.SourceID])) {
		if !p.membership.gains[other] {
			return true, p.output.decided(base, Skipped, ReasonDepartmentUnknown, fmt.Sprintf(
				"these people go to the department %s among others, which is unknown or cannot be made, so they stay until it is there; see the record of that department", other))
		}
	}
	return false, p.output.planned(base, wave(stageMembership, int(moving)))
}

// planDepartmentPeople plans the members and leaders of a department. The note says who stays a leader although gone.
func (p *Planner) planDepartmentPeople(plan adder, id string, source, target *mapping.Form) (note string, err error) {
	if err := p.planDepartmentMembers(plan, id); err != nil {
		return "", err
	}
	if !p.options.Capabilities.Leaders {
		return "", nil
	}
	after, before := elements(source.Leaders, p.sourceUserElement), elements(target.Leaders, p.targetUserElement)
	after, held := p.keepNamed(before, after, p.options.Capabilities.SingleLeader)
	if sameSet(after, before) {
		return p.namedNote(held), nil
	}
	return p.namedNote(held), plan(SyncDepartmentLeaders, wave(stageLeaders, 0), func(o *Operation) {
		o.Changes = []Change{p.usersChange(FieldLeaders, before, after)}
	})
}

// reviveLink makes the link of an entry that is back in the source active again, where no write to the target is needed for it.
func (p *Planner) reviveLink(link *state.Link) {
	if link == nil || link.State == state.Active {
		return
	}
	active := *link
	active.State, active.Off, active.Since, active.Run, active.Reason = state.Active, false, nil, "", ""
	p.output.link(active)
}

// planDepartmentGone plans what becomes of the target entry of a department that left the source or the scope.
func (p *Planner) planDepartmentGone(link state.Link) error {
	base := Operation{Kind: DeleteDepartment, Subject: directory.Department, SourceID: link.SourceID, TargetID: link.TargetID, Name: link.Name}
	target := p.targetDepartments[link.TargetID]
	named := p.concerns(directory.Department, link.SourceID)
	if target == nil && !named {
		return nil
	}
	if target == nil {
		return p.planLinkGone(link, base)
	}
	if base.Name == "" {
		base.Name = target.Name
	}
	if p.departments.relinked[link.SourceID] {
		return nil
	}
	if decision := p.goneMarkDecision(&link); decision != nil {
		return p.planNotOurs(base, decision, named && p.removalIsOpen(&link))
	}
	// Its people are no longer in it, whatever becomes of the department itself.
	if err := p.planDepartmentMembers(p.adder(base), link.SourceID); err != nil {
		return err
	}
	stay, err := p.planMovers(base)
	if err != nil {
		return err
	}
	if !named || !p.removalIsOpen(&link) {
		return nil
	}
	if p.departments.awaited[link.SourceID] {
		return p.awaitRelink(base)
	}
	if p.protected[entryKey{directory.Department, link.TargetID}] {
		return p.output.decided(base, Skipped, ReasonProtected, protectedMessage)
	}
	if p.options.DepartmentRemoval != Delete {
		return p.release(link, base, "deletion.departments.action is Keep")
	}
	if decision := p.occupied(link.SourceID, stay); decision != nil {
		return p.output.decided(base, decision.Status, decision.Reason, decision.Message)
	}
	p.facts.RemovalsDepartments++
	if _, err := p.stepAside(base, target, true); err != nil {
		return err
	}
	base.Removal, base.TakesAway = Delete, true
	p.stepBack(&base, target)
	base.Finishes = false
	base.Changes = []Change{{Field: FieldLink, Before: []string{link.SourceID}}}
	return p.output.planned(base, wave(stageDeleteDepartments, maxLevel-p.targetLevel(target)))
}

// goneMarkDecision refuses a department that left the source or the scope and whose mark is not that of its link.
func (p *Planner) goneMarkDecision(link *state.Link) *Decision {
	target := p.targetDepartments[link.TargetID]
	if target == nil {
		return nil
	}
	_, decision := p.checkMark(directory.Department, link.SourceID, target.Mark, false)
	return decision
}

// planNotOurs records that nothing is done to a department whose mark says that it is somebody else's: neither to itself nor to its people.
func (p *Planner) planNotOurs(base Operation, decision *Decision, wouldGo bool) error {
	if !wouldGo {
		if !p.membership.touches(base.SourceID) {
			return nil
		}
		base.Kind = SyncDepartmentMembers
	}
	return p.output.decided(base, decision.Status, decision.Reason, decision.Message)
}

// occupied says why a department cannot go yet: somebody is, or may be, in it or below it. stay says that its people have nowhere to go to.
func (p *Planner) occupied(id string, stay bool) *Decision {
	if held := p.membership.held[id]; held > 0 {
		return &Decision{Held, ReasonHasHeldPeople, fmt.Sprintf(
			"there are people in or below this department whose removal is held (%d); decide about theirs first", held)}
	}
	if kept := p.membership.kept[id]; kept > 0 {
		return &Decision{Skipped, ReasonHasKeptPeople, fmt.Sprintf(
			"it goes when nobody is in or below it any more; there are people who left and whose accounts are kept or turned off (%d)", kept)}
	}
	if unclear := p.membership.unclear[id]; unclear > 0 {
		return &Decision{Skipped, ReasonDepartmentUnknown, fmt.Sprintf(
			"it goes when it is known where its people belong; for some of them (%d) the source names no department that it has, or only ones that are unknown or cannot be made, see their records", unclear)}
	}
	if stay {
		return &Decision{Skipped, ReasonDepartmentUnknown, "it goes when its people are in their new departments, of which one is unknown or cannot be made"}
	}
	return nil
}

// willRemove says whether a department that left the source or the scope would be deleted, were nothing held.
func (p *Planner) willRemove(link *state.Link) bool {
	return p.removalIsOpen(link) && !p.protected[entryKey{directory.Department, link.TargetID}] && p.goneMarkDecision(link) == nil &&
		p.options.DepartmentRemoval == Delete && !p.departments.awaited[link.SourceID] && p.membership.held[link.SourceID]+p.membership.kept[link.SourceID]+p.membership.unclear[link.SourceID] == 0
}

// removalIsHeld says whether the removal of a department that left waits for a person, since an earlier run or for the people in it.
func (p *Planner) removalIsHeld(link *state.Link) bool {
	if link.State == state.Held || p.departments.awaited[link.SourceID] {
		return true
	}
	return p.removalIsOpen(link) && p.options.DepartmentRemoval == Delete && p.membership.held[link.SourceID] > 0
}

// targetLevel is the depth of a target department: the deepest are deleted first.
func (p *Planner) targetLevel(form *mapping.Form) int {
	depth := 0
	for at := form; at.Parent != "" && p.targetDepartments[at.Parent] != nil && depth <= len(p.targetDepartments); at = p.targetDepartments[at.Parent] {
		depth++
	}
	return depth
}

// planLinkGone drops a link whose entries are gone on both sides.
func (p *Planner) planLinkGone(link state.Link, base Operation) error {
	if entry, unknown := p.unknownTargets[entryKey{link.Kind, link.TargetID}]; unknown {
		decision := targetUnknown(entry)
		return p.output.decided(base, decision.Status, decision.Reason, decision.Message)
	}
	p.output.drop(link)
	if link.State != state.Active {
		return nil
	}
	return p.output.unchanged(link.Kind, link.SourceID, link.TargetID, link.Name, "the entry is gone on both sides; its link was dropped")
}

// release ends the care for an entry that left the source and is kept.
func (p *Planner) release(link state.Link, base Operation, why string) error {
	link.State, link.HeldLoss, link.HeldOff = state.Released, nil, nil
	link.Name = base.Name
	p.output.link(link)
	return p.output.decided(base, Skipped, ReasonKept, "the entry left the source or the scope and stays in the target, since "+why)
}
