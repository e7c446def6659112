package plan

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/state"
)

// Only names the entries that a plan is about, by source ID. All departments of both sides are added to the planner; of the users those who
// are named, the target entries of these and those that matching may find, and source users without a link who may match the same ones.
// Nothing is planned for anybody else, but that departments are made in which a named entry is to stand.
type Only struct{ Users, Departments map[string]bool }

func (o *Only) of(kind directory.Kind) map[string]bool {
	if kind == directory.Department {
		return o.Departments
	}
	return o.Users
}

// beside is what a plan about some entries alone knows of the others.
type beside struct {
	// absent are linked users that are not named and that the source does not have any more.
	absent map[string]bool
	// unlinked are named entries without a link of which there is nothing to plan.
	unlinked []Operation
	// needed are the departments in which named entries are to stand, and those above them.
	needed map[string]bool
}

// AddAbsent says of a user who is not named and whose target entry was added that the source, or the scope, does not have this user any more.
func (p *Planner) AddAbsent(id string) { p.beside.absent[id] = true }

// AddUnlinked says of a named entry without a link why there is nothing to plan.
func (p *Planner) AddUnlinked(kind directory.Kind, id, name string, why Decision) {
	p.beside.unlinked = append(p.beside.unlinked, Operation{Kind: createKind(kind), Subject: kind, SourceID: id, Name: name, Decision: &why})
}

// planUnlinked records the named entries of which there is nothing to plan.
func (p *Planner) planUnlinked() error {
	for _, o := range p.beside.unlinked {
		if err := p.output.decided(o, o.Decision.Status, o.Decision.Reason, o.Decision.Message); err != nil {
			return err
		}
	}
	return nil
}

// concerns reports that the plan is about an entry.
func (p *Planner) concerns(kind directory.Kind, id string) bool {
	return p.options.Only == nil || p.options.Only.of(kind)[id]
}

// links gives the links of the entries that the plan is about, in the order of their source IDs.
func (p *Planner) links(kind directory.Kind) iter.Seq[state.Link] {
	if p.options.Only == nil {
		return p.options.Links.Sorted(kind)
	}
	return func(yield func(state.Link) bool) {
		for _, id := range slices.Sorted(maps.Keys(p.options.Only.of(kind))) {
			if link, ok := p.options.Links.BySource(kind, id); ok && !yield(link) {
				return
			}
		}
	}
}

// need notes departments that must be in the target for a named entry to stand in them.
func (p *Planner) need(ids ...string) {
	if p.options.Only == nil {
		return
	}
	for _, id := range ids {
		for at := id; at != "" && !p.beside.needed[at]; {
			p.beside.needed[at] = true
			form := p.sourceDepartments[at]
			if form == nil || !p.options.Capabilities.Nested {
				break
			}
			at = form.Parent
		}
	}
}

// needParents notes what stands above the named departments.
func (p *Planner) needParents() {
	if p.options.Only == nil || !p.options.Capabilities.Nested {
		return
	}
	for id := range p.options.Only.Departments {
		if form := p.sourceDepartments[id]; form != nil {
			p.need(form.Parent)
		}
	}
}

// plansDepartment reports that a department is planned: it is named, or needed and not in the target yet.
func (p *Planner) plansDepartment(id string) bool {
	if p.concerns(directory.Department, id) {
		return true
	}
	pair := p.departments.pairs[id]
	return p.beside.needed[id] && pair.link == nil && (pair.target == nil || pair.adopted)
}

// planNeededUnknown records the departments that named entries need and that could not be understood.
func (p *Planner) planNeededUnknown() error {
	for id := range p.beside.needed {
		entry, unknown := p.unknown[entryKey{directory.Department, id}]
		if !unknown || p.concerns(directory.Department, id) {
			continue
		}
		if err := p.planUnknownEntry(directory.Department, id, entry); err != nil {
			return err
		}
	}
	return nil
}

// planMembersOnly plans what named people change in the member list of a department that the plan is not about.
func (p *Planner) planMembersOnly(id string, pair departmentPair) error {
	if pair.target == nil || !p.membership.touches(id) {
		return nil
	}
	base := Operation{Subject: directory.Department, SourceID: id, TargetID: pair.target.ID, Name: p.departmentPath(id)}
	if _, decision := p.checkMark(directory.Department, id, pair.target.Mark, pair.adopted); decision != nil {
		base.Kind = SyncDepartmentMembers
		return p.output.decided(base, decision.Status, decision.Reason, decision.Message)
	}
	if p.membership.changes[moving][id] != nil {
		p.membership.moving = append(p.membership.moving, base)
	}
	return p.planDepartmentMembers(p.adder(base), id)
}

// keepBeside notes that somebody who is not named keeps an identifier, whatever they would do with it in another run.
func (p *Planner) keepBeside(j *pair) error {
	if j.target == nil || p.users.relinked[j.id] {
		return nil
	}
	form, err := j.target.form()
	if err != nil {
		return fmt.Errorf("user %q, who is not named: %w", j.id, err)
	}
	p.exchange.keepBeside(p.identifier(form), j.target.name)
	return nil
}
