package plan

import (
	"fmt"
	"slices"
	"time"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/state"
)

// planUserGone plans what becomes of the target entry of a user who left the source or the scope.
func (p *Planner) planUserGone(j *pair) error {
	link := *j.link
	base := Operation{Kind: DeleteUser, Subject: directory.User, SourceID: j.id, TargetID: link.TargetID, Name: link.Name}
	if j.target == nil {
		return p.planLinkGone(link, base)
	}
	base.Name = j.target.name
	departments := p.targetDepartmentsOf(j.target)
	p.count(p.membership.members, departments)
	form, err := j.target.form()
	if err != nil {
		return err
	}
	identifier := p.identifier(form)
	if p.deletionIsDue(&link) && !j.target.disabled {
		p.exchange.keep(identifier, base.Name, state.Released)
		p.countStaying(p.membership.kept, departments)
		return p.release(link, base, "somebody turned the account on again in the target, and such an account is not deleted")
	}
	if !p.removalIsOpen(&link) && !p.deletionIsDue(&link) {
		p.exchange.keep(identifier, base.Name, link.State)
		if link.State == state.Held {
			p.countStaying(p.membership.held, departments)
		} else {
			p.countStaying(p.membership.kept, departments)
		}
		return nil
	}
	if p.users.awaited[j.id] {
		p.exchange.keep(identifier, base.Name, state.Held)
		p.countStaying(p.membership.held, departments)
		return p.awaitRelink(base)
	}
	if _, decision := p.checkMark(directory.User, j.id, j.target.mark, false); decision != nil {
		p.countStaying(p.membership.kept, departments)
		return p.output.decided(base, decision.Status, decision.Reason, decision.Message)
	}
	return p.planRemoval(base, link, j.target, departments, form)
}

// awaitRelink holds the removal of an entry that may belong to another source entry.
func (p *Planner) awaitRelink(base Operation) error {
	base.TakesAway = true
	base.Changes = []Change{{Field: FieldLink, Before: []string{base.SourceID}}}
	return p.output.decided(base, Held, ReasonRelink,
		"the entry left the source, and another source entry matches its target entry; say by matching.relink whether the two are the same")
}

// planRemoval plans the removal itself, by the task's policy.
func (p *Planner) planRemoval(base Operation, link state.Link, target *row, departments []string, form *mapping.Form) error {
	identifier := p.identifier(form)
	base.Changes = []Change{{Field: FieldLink, Before: []string{link.SourceID}}}
	removal := p.options.UserRemoval
	if p.deletionIsDue(&link) {
		removal, base.Note = Delete, deletionNote(&link)
	}
	protected := p.protected[entryKey{directory.User, link.TargetID}]
	if protected || removal != Delete {
		p.countStaying(p.membership.kept, departments)
	}
	if protected {
		p.exchange.keep(identifier, base.Name, state.Released)
		return p.output.decided(base, Skipped, ReasonProtected, protectedMessage)
	}
	switch removal {
	case Keep:
		p.exchange.keep(identifier, base.Name, state.Released)
		return p.release(link, base, "deletion.users.action is Keep")
	case Disable:
		p.exchange.keep(identifier, base.Name, state.Disabled)
		if !p.options.Capabilities.Disable {
			return p.output.decided(base, Failed, ReasonDisableUnsupported,
				"the user left the source and the task disables leavers, but the target has no way to turn an account off; configure one, or set deletion.users.action to Delete or Keep")
		}
		off := false
		base.Removal, base.Active = Disable, &off
		base.Changes = []Change{{Field: FieldActive, Before: []string{fmt.Sprint(!target.disabled)}, After: []string{"false"}}}
	case Delete:
		base.Removal = Delete
	default:
		return fmt.Errorf("unknown deletion action %q", removal)
	}
	base.TakesAway = true
	p.facts.RemovalsUsers++
	p.count(p.membership.loses, departments)
	if p.options.Capabilities.Membership == directory.OnDepartment && base.Removal == Delete {
		for _, id := range departments {
			p.membership.remove(id, base.SourceID, base.Name, takingAway)
		}
	}
	return p.exchange.remove(base, identifier, slices.Contains(form.Unreadable, p.options.Capabilities.UserIdentifier))
}

// removalIsOpen reports that the removal of an entry that is gone from the source is to be planned: nothing became of it yet, or
// what is held is asked about again.
func (p *Planner) removalIsOpen(link *state.Link) bool {
	return link.State == state.Active || link.State == state.Held && p.options.Reconsider
}

// deletionIsDue reports that a leaver has been disabled for as long as the task wants. It was so already when the deletion of one was held.
func (p *Planner) deletionIsDue(link *state.Link) bool {
	if link.State == state.Held {
		return link.Off && p.options.Reconsider && !p.options.DisabledBefore.IsZero()
	}
	return link.State == state.Disabled && link.Since != nil && link.Since.Before(p.options.DisabledBefore)
}

func deletionNote(link *state.Link) string {
	if link.State == state.Held {
		return "disabled for longer than deletion.users.deleteAfter; its deletion was held since the run " + link.Run
	}
	return "disabled since " + link.Since.UTC().Format(time.DateOnly) + ", which is longer than deletion.users.deleteAfter"
}

// countStaying counts somebody who left and whose account stays, with the departments and all that stand above them: none of them can go.
func (p *Planner) countStaying(counts map[string]int64, departments []string) {
	p.eachAbove(departments, func(id string) { counts[id]++ })
}
