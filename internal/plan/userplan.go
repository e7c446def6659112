package plan

import (
	"slices"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/state"
)

// pair is a user with all that is known of it. Source or target may be missing.
type pair struct {
	id             string
	source, target *row
	link           *state.Link
}

func parsePair(j *joined) (*pair, error) {
	p := &pair{id: j.id, link: j.link}
	var err error
	if j.source != nil {
		p.source, err = parseRow(j.source)
	}
	if j.target != nil && err == nil {
		p.target, err = parseRow(j.target)
	}
	return p, err
}

// planUser plans one user from all that is known under its source ID.
func (p *Planner) planUser(found *joined) error {
	j, err := parsePair(found)
	if err != nil {
		return err
	}
	switch {
	case !p.concerns(directory.User, j.id):
		return p.keepBeside(j)
	case p.userUnknown(j.id):
		return nil
	case j.source == nil && p.users.relinked[j.id]:
		return nil
	case j.source == nil:
		return p.planUserGone(j)
	}
	p.facts.SourceUsers++
	matched := p.users.matches[j.id]
	base := Operation{Subject: directory.User, SourceID: j.id, Name: j.source.name, Note: unplacedNote(j.source)}
	switch {
	case matched.decision != nil:
		base.Kind = CreateUser
		return p.output.decided(base, matched.decision.Status, matched.decision.Reason, matched.decision.Message)
	case j.target == nil && j.link != nil && p.targetUserUnknown(j.link.TargetID):
		base.Kind, base.TargetID = UpdateUser, j.link.TargetID
		decision := targetUnknown(p.unknownTargets[entryKey{directory.User, j.link.TargetID}])
		return p.output.decided(base, decision.Status, decision.Reason, decision.Message)
	}
	if len(j.source.unplaced) > 0 {
		p.unplaced++
	}
	if j.target == nil {
		return p.planNewUser(base, j)
	}
	base.TargetID = j.target.id
	return p.planPair(base, j, matched)
}

func (p *Planner) planNewUser(base Operation, j *pair) error {
	form, err := j.source.form()
	if err != nil {
		return err
	}
	base.Kind = CreateUser
	if decision := p.cannotCreate(form); decision != nil {
		return p.output.decided(base, decision.Status, decision.Reason, decision.Message)
	}
	note, decision := p.doubles.number(form)
	if decision != nil {
		return p.output.decided(base, decision.Status, decision.Reason, decision.Message)
	}
	base.Changes, base.Mark, base.Note = p.createChanges(form), true, joinNotes(note, base.Note)
	departments := p.sourceDepartmentsOf(j.source)
	p.needDepartments(departments)
	if p.options.Capabilities.Membership == directory.OnUser {
		base.Departments = p.limitDepartments(departments)
		if len(base.Departments) > 0 {
			base.Changes = append(base.Changes, p.departmentsChange(nil, base.Departments))
		}
	} else {
		p.planMembers(base.SourceID, base.Name, nil, departments, false)
	}
	sortChanges(base.Changes)
	identifier := p.identifier(form)
	base.Stranger = p.users.strangers[identifier]
	rivals := p.exchange.claim(identifier, base.SourceID)
	if err := p.output.planned(base, wave(stageCreateUsers, rivals)); err != nil {
		return err
	}
	_, err = p.planReferences(base, form, &mapping.Form{})
	return err
}

// planPair compares a source user with its target entry.
func (p *Planner) planPair(base Operation, j *pair, found match) error {
	adopted := found.target != ""
	if adopted {
		j.link = nil // it told of another target entry
	}
	p.facts.ComparedUsers++
	mark, decision := p.checkMark(directory.User, j.id, j.target.mark, adopted)
	if decision != nil {
		base.Kind = UpdateUser
		return p.output.decided(base, decision.Status, decision.Reason, decision.Message)
	}
	is := p.belongingOf(j)
	enable := j.target.disabled && p.disabledByUs(j.link, found.relinks)
	sameFields := j.source.plain && j.target.plain && j.source.hash == j.target.hash
	if sameFields && !adopted && mark == markFine && !enable && p.sameDepartments(is.before, is.after) {
		p.offEnds(j.link)
		p.reviveLink(j.link)
		return p.planStaying(base, is, true)
	}
	source, err := j.source.form()
	if err != nil {
		return err
	}
	target, err := j.target.form()
	if err != nil {
		return err
	}
	if decision := p.renumber(j, source, target); decision != nil {
		base.Kind = UpdateUser
		return p.output.decided(base, decision.Status, decision.Reason, decision.Message)
	}
	off := p.turnOffOf(j.link, source, target)
	if !off.wanted {
		p.offEnds(j.link)
	}
	enable = enable && !off.said
	planned, changed := p.output.len()+p.exchange.len(), p.facts.ChangedUsers
	taken := adopted || mark == markMissing
	if err := p.planUserFields(base, j.link, source, target, userTake{taken: taken, adopted: adopted, relinks: found.relinks, enable: enable, off: off}); err != nil {
		return err
	}
	if err := p.planUserDepartments(base, is.before, is.after); err != nil {
		return err
	}
	if err := p.planTurnOff(base, off, is.before, len(is.before) > 0 && len(is.after) == 0); err != nil {
		return err
	}
	own := p.output.len()
	named, err := p.planReferences(base, source, target)
	if err != nil {
		return err
	}
	if p.facts.ChangedUsers == changed && (p.output.len() > own || !p.sameDepartments(is.before, is.after)) {
		p.facts.ChangedUsers++
	}
	if !enable {
		p.reviveLink(j.link)
	}
	return p.planStaying(base, is, planned == p.output.len()+p.exchange.len(), off.note(), named)
}

// disabledByUs reports that this task turned the account off, under this source ID or under the one that it is taken over from.
func (p *Planner) disabledByUs(link *state.Link, relinks string) bool {
	if relinks != "" {
		old, _ := p.options.Links.BySource(directory.User, relinks)
		link = &old
	}
	return link != nil && (link.State == state.Disabled || link.Off)
}

// userTake says what an update does beside its fields.
type userTake struct {
	taken, adopted, enable bool
	relinks                string
	off                    turnOff
}

// planUserFields plans the rename and the update of a paired user.
func (p *Planner) planUserFields(base Operation, link *state.Link, source, target *mapping.Form, take userTake) error {
	changes := p.withoutTurnOff(p.fieldChanges(link, source, target), take.off)
	counted := len(changes) > 0
	at := wave(stageUpdateUsers, 0)
	for _, change := range changes {
		if len(change.After) == 0 && len(change.Before) > 0 {
			p.facts.Cleared[change.Field]++
		}
	}
	identifier := p.options.Capabilities.UserIdentifier
	for i, change := range changes {
		if change.Field == identifier && identifier != "" {
			rename := base
			rename.Kind, rename.Changes = ChangeUserIdentifier, []Change{change}
			if err := p.planIdentifier(rename, change); err != nil {
				return err
			}
			changes = slices.Delete(changes, i, i+1)
			if take.adopted && take.relinks == "" { // it must be ours before anything else is done to it
				at = wave(stageExchange, 0)
			}
			break
		}
	}
	if take.relinks != "" {
		relink := base
		relink.Kind, relink.Changes = ChangeUserIdentifier, []Change{linkChange(base.SourceID, take.relinks)}
		relink.Mark, relink.Adopt, relink.Relinks = true, true, take.relinks
		if take.enable { // in one write: once the link is the new one, nobody knows any more who turned the account off
			turnOn(&relink)
			take.enable = false
		}
		if err := p.output.planned(relink, wave(stageExchange, 0)); err != nil {
			return err
		}
	} else if take.taken {
		changes = append(changes, linkChange(base.SourceID, ""))
		base.Mark, base.Adopt = true, take.adopted
	}
	if take.enable {
		counted = true
		base.Changes = changes
		turnOn(&base)
		changes = base.Changes
	}
	if counted {
		p.facts.ChangedUsers++
	}
	if len(changes) == 0 {
		return nil
	}
	sortChanges(changes)
	base.Kind, base.Changes = UpdateUser, changes
	return p.output.planned(base, at)
}

// turnOn makes an operation turn the account on.
func turnOn(operation *Operation) {
	on := true
	operation.Active = &on
	operation.Changes = append(operation.Changes, Change{Field: FieldActive, Before: []string{"false"}, After: []string{"true"}})
	sortChanges(operation.Changes)
}

// planIdentifier gives a rename its place among those that exchange identifiers. One of a protected entry is not done, so nobody may count on it.
func (p *Planner) planIdentifier(rename Operation, change Change) error {
	before := p.exchange.key(change.Before)
	if p.protected[entryKey{directory.User, rename.TargetID}] {
		p.exchange.keepProtected(before, rename.Name)
		return p.output.planned(rename, wave(stageExchange, 0))
	}
	p.exchange.rename(rename, before, p.exchange.key(change.After))
	return nil
}

// planReferences plans the fields that name other users. They come last, when everybody exists. The note says who stays named although gone.
func (p *Planner) planReferences(base Operation, source, target *mapping.Form) (note string, err error) {
	var changes []Change
	var held []string
	for _, attribute := range source.References {
		if slices.Contains(target.Unreadable, attribute.Name) {
			continue
		}
		after := elements(attribute.Values, p.sourceUserElement)
		before := elements(target.References.Get(attribute.Name), p.targetUserElement)
		field, _ := p.options.Mapper.Field(directory.User, attribute.Name)
		after, kept := p.keepNamed(before, after, !field.Multiple)
		held = append(held, kept...)
		if sameSet(after, before) {
			continue
		}
		changes = append(changes, p.usersChange(attribute.Name, before, after))
		if len(after) == 0 && slices.ContainsFunc(before, p.userPresent) { // or they are no longer named because they left
			p.facts.Cleared[attribute.Name]++
		}
	}
	if len(changes) == 0 {
		return p.namedNote(held), nil
	}
	base.Kind, base.Changes = UpdateUser, changes
	base.Parent, base.Departments, base.Mark = "", nil, false
	return p.namedNote(held), p.output.planned(base, wave(stageReferences, 0))
}

// usersChange is a change of a field that names users.
func (p *Planner) usersChange(field string, before, after []string) Change {
	return Change{
		Field: field, Reference: directory.User,
		Before: before, BeforeNames: p.userNames(before), After: after, AfterNames: p.userNames(after),
	}
}

// identifier is the comparison key of what identifies the user in the target; empty when the target has no such field.
func (p *Planner) identifier(form *mapping.Form) string {
	if p.options.Capabilities.UserIdentifier == "" {
		return ""
	}
	return p.exchange.key(form.Fields.Get(p.options.Capabilities.UserIdentifier))
}
