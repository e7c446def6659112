package plan

import (
	"fmt"
	"iter"
	"slices"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/guard"
	"synccenter.dev/synccenter/internal/spool"
)

// Operations yields the whole plan in its order. With hold set, every removal (and what depends on one) carries a Held decision with
// that finding. Operations with a Decision come first, all with Index -1; the others follow with Index counting from 0 and waves that
// never go down. The sequence can be taken more than once.
func (p *Planner) Operations(hold *guard.Finding) iter.Seq2[Operation, error] {
	return func(yield func(Operation, error) bool) {
		heldRemovals, err := p.heldRemovals(hold)
		if err != nil {
			yield(Operation{}, err)
			return
		}
		part := func(o *Operation) (todo, decided *Operation) { return p.part(o, hold, heldRemovals) }
		for record, err := range p.output.decisions.Sorted() {
			if !yieldDecoded(yield, record, err) {
				return
			}
		}
		// Without a hold, a refused claim and a place that is held nothing more is decided.
		if (hold != nil || len(p.exchange.refused)+len(p.departments.blocked) > 0) && !p.yieldDecided(yield, part) {
			return
		}
		p.yieldUndecided(yield, part)
	}
}

// Busy says whether the plan has anything to do beside what is decided, with hold as in Operations.
func (p *Planner) Busy(hold *guard.Finding) (bool, error) {
	heldRemovals, err := p.heldRemovals(hold)
	if err != nil {
		return false, err
	}
	for operation, err := range p.decodeOperations() {
		if err != nil {
			return false, err
		}
		if todo, _ := p.part(&operation, hold, heldRemovals); todo != nil {
			return true, nil
		}
	}
	return false, nil
}

// yieldDecoded yields a spooled operation, and reports whether to go on.
func yieldDecoded(yield func(Operation, error) bool, record spool.Record, err error) bool {
	if err != nil {
		yield(Operation{}, err)
		return false
	}
	operation, err := decode(record.Value)
	return yield(operation, err) && err == nil
}

// yieldDecided yields what would have to be done if it were not decided, and reports whether to go on.
func (p *Planner) yieldDecided(yield func(Operation, error) bool, part func(*Operation) (todo, decided *Operation)) bool {
	for operation, err := range p.decodeOperations() {
		if err != nil {
			yield(Operation{}, err)
			return false
		}
		if _, decided := part(&operation); decided != nil && !yield(*decided, nil) {
			return false
		}
	}
	return true
}

// yieldUndecided yields what is to be done, numbered.
func (p *Planner) yieldUndecided(yield func(Operation, error) bool, part func(*Operation) (todo, decided *Operation)) {
	index := 0
	needs := newNeeds(p)
	for operation, err := range p.decodeOperations() {
		if err != nil {
			yield(Operation{}, err)
			return
		}
		todo, _ := part(&operation)
		if todo == nil {
			continue
		}
		todo.Index = index
		needs.fill(todo)
		index++
		if !yield(*todo, nil) {
			return
		}
	}
}

func (p *Planner) decodeOperations() iter.Seq2[Operation, error] {
	return func(yield func(Operation, error) bool) {
		for record, err := range p.output.operations.Sorted() {
			if !yieldDecoded(yield, record, err) {
				return
			}
		}
	}
}

// claims reports that the operation takes an identifier: then others may have to give it up first.
func claims(o *Operation) bool {
	return o.Kind == CreateUser || o.Kind == ChangeUserIdentifier && o.Relinks == ""
}

// giverOf is the user who must have given up what this operation claims.
func (p *Planner) giverOf(o *Operation) string {
	if !claims(o) {
		return ""
	}
	return p.exchange.needs[o.SourceID]
}

// heldRemovals are the source IDs of the users whose removal is held now.
func (p *Planner) heldRemovals(hold *guard.Finding) (map[string]bool, error) {
	held := map[string]bool{}
	if hold == nil {
		return held, nil
	}
	for record, err := range p.exchange.removals.Sorted() {
		if err != nil {
			return nil, err
		}
		held[record.Key] = true
	}
	return held, nil
}

// part says what of an operation is to be done, and what of it is decided before anything is done. Only one that takes people out of references can
// be both.
func (p *Planner) part(o *Operation, hold *guard.Finding, heldRemovals map[string]bool) (todo, decided *Operation) {
	if decision := p.decide(o, hold, heldRemovals); decision != nil {
		whole := *o
		whole.Index, whole.Wave, whole.Decision = -1, 0, decision
		return nil, &whole
	}
	return p.partNamed(o, heldRemovals)
}

// decide says what is known of an operation before anything is done.
func (p *Planner) decide(o *Operation, hold *guard.Finding, heldRemovals map[string]bool) *Decision {
	if hold != nil && o.TakesAway {
		return &Decision{Held, hold.Reason, hold.Message}
	}
	if o.Subject == directory.Department {
		return p.decideDepartment(o, hold)
	}
	if o.Kind == CreateUser && len(o.Departments) > 0 {
		if decision := p.decideBelow(o.Departments[0], hold); decision != nil {
			return decision
		}
	}
	if !p.concernsClaim(o) {
		return nil
	}
	decision := p.decideClaim(o.SourceID, heldRemovals)
	if decision != nil && decision.Status == Failed && !claims(o) {
		decision.Status = Skipped
	}
	return decision
}

// decideClaim says why a user cannot have the identifier that is claimed, as far as that is known.
func (p *Planner) decideClaim(id string, heldRemovals map[string]bool) *Decision {
	if refused, ok := p.exchange.refused[id]; ok {
		return &refused
	}
	seen := []string{id}
	for giver := p.exchange.needs[id]; giver != "" && !slices.Contains(seen, giver); giver = p.exchange.needs[giver] {
		if heldRemovals[giver] {
			return &Decision{Held, ReasonDependsOnHeld, fmt.Sprintf(
				"the identifier still belongs to the user %s, whose removal is held; decide about that removal first", giver)}
		}
		if refused, ok := p.exchange.refused[giver]; ok {
			if refused.Status == Held {
				return &refused
			}
			return &Decision{Skipped, ReasonNameInUse, fmt.Sprintf(
				"the identifier still belongs to the user %s, who cannot be renamed in this run", giver)}
		}
		seen = append(seen, giver)
	}
	return nil
}

// decideDepartment holds what would take the place of a department whose removal is held, and what would stand below that.
func (p *Planner) decideDepartment(o *Operation, hold *guard.Finding) *Decision {
	if o.TargetID != "" && o.Kind != MoveDepartment && o.Kind != UpdateDepartment {
		return nil
	}
	if giver := p.placeHeldBy(o.SourceID, hold); giver != "" {
		return &Decision{Held, ReasonDependsOnHeld, fmt.Sprintf(
			"the name and the place still belong to the department %s, whose removal is held; decide about that removal first", p.departmentPath(giver))}
	}
	if o.Kind == UpdateDepartment {
		return nil
	}
	return p.decideBelow(o.SourceID, hold)
}

// decideBelow holds what would stand in or below a department that cannot be made, since its place is held.
func (p *Planner) decideBelow(id string, hold *guard.Finding) *Decision {
	for at, n := p.sourceDepartments[id], 0; at != nil && n <= len(p.sourceDepartments); at, n = p.sourceDepartments[at.Parent], n+1 {
		if p.departments.pairs[at.ID].target == nil && p.placeHeldBy(at.ID, hold) != "" {
			return &Decision{Held, ReasonDependsOnHeld, fmt.Sprintf(
				"the department %s, in or below which it stands, waits for a removal that is held; decide about that removal first", p.departmentPath(at.ID))}
		}
	}
	return nil
}

// placeHeldBy is the department that has the place which another one wants and whose removal is held; empty if there is none.
func (p *Planner) placeHeldBy(id string, hold *guard.Finding) string {
	if giver := p.departments.blocked[id]; giver != "" || hold == nil {
		return giver
	}
	return p.departments.waits[id]
}

// concernsClaim reports that the operation cannot be done when the user's claim is refused: the claim itself, and for a user
// who is not created everything else about that user.
func (p *Planner) concernsClaim(o *Operation) bool {
	return claims(o) || o.TargetID == ""
}

// ChangesLinks says whether the run leaves links otherwise than they were without any write to the target: another plan would not find
// the same again.
func (p *Planner) ChangesLinks(hold *guard.Finding) bool {
	return hold != nil || p.output.held || len(p.output.links) > 0
}

// LinkChanges yields the links that planning alone changed: entries that are back in the source and need no write, entries
// that are kept, and links whose entries are gone on both sides; and those that are lost. They belong to the plan and are stored with it.
func (p *Planner) LinkChanges() iter.Seq[LinkChange] {
	return slices.Values(slices.Concat(p.output.lost, p.output.links))
}
