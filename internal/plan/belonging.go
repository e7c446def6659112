package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/state"
)

// belonging is where a paired user is and is to be, in source IDs, with what keeps the user where they are.
type belonging struct {
	before, after []string
	// awaited is a department that is unknown or cannot be made, without which the user would lose the last one.
	awaited string
	// stays: the user keeps departments only since a value in the source names none.
	stays bool
	// loss is set when the loss of the last department is held already.
	loss *state.Hold
}

// belongingOf compares the departments of both sides.
func (p *Planner) belongingOf(j *pair) belonging {
	is := belonging{before: p.targetDepartmentsOf(j.target), after: p.sourceDepartmentsOf(j.source)}
	p.count(p.membership.members, is.before)
	p.needDepartments(is.after)
	nowhere := len(is.before) > 0 && !slices.ContainsFunc(is.after, p.departmentMayStand)
	if nowhere {
		is.awaited = p.awaitedDepartment(j.source)
		p.need(is.awaited)
	}
	if is.awaited != "" {
		p.countStaying(p.membership.unclear, is.before)
	}
	unclear := ""
	if len(j.source.unplaced) > 0 && p.options.Capabilities.Membership != directory.NoMembership {
		unclear = j.source.unplaced[0]
	}
	kept := is.awaited
	if nowhere {
		kept = cmp.Or(kept, unclear)
	}
	is.loss = p.heldLoss(j.link, is.before, is.after, kept)
	switch {
	case is.awaited != "" || is.loss != nil:
		is.after = is.before
	case unclear != "":
		p.stay(&is, nowhere)
	}
	return is
}

// stay lets a user one of whose departments is not understood stay in those of before, beside the ones that are known: such a value takes nothing
// away. A department that is gone from the source is left all the same, unless it is the last one.
func (p *Planner) stay(is *belonging, nowhere bool) {
	kept := slices.DeleteFunc(slices.Clone(is.before), func(id string) bool { return !p.departmentPresent(id) })
	if nowhere && len(kept) == 0 {
		kept = is.before
		p.countStaying(p.membership.unclear, kept)
	}
	is.stays = slices.ContainsFunc(p.limitDepartments(kept), func(id string) bool { return !slices.Contains(is.after, id) })
	is.after = append(slices.Clone(kept), slices.DeleteFunc(is.after, func(id string) bool { return slices.Contains(kept, id) })...)
}

// departmentMayStand reports that a department of the source is in the target, or that nothing is known why it should not be made.
func (p *Planner) departmentMayStand(id string) bool {
	pair := p.departments.pairs[id]
	return pair.decision == nil || pair.link != nil
}

// awaitedDepartment is a department of a source user that is unknown or cannot be made; empty if there is none. Whoever has no other one
// must not lose the last for that.
func (p *Planner) awaitedDepartment(r *row) string {
	for _, id := range r.departments {
		if _, unknown := p.unknown[entryKey{directory.Department, id}]; unknown || !p.departmentMayStand(id) {
			return id
		}
	}
	return ""
}

// heldLoss tells of a user who would lose the last department that this is held already, and forgets the hold of one who would not. What
// becomes of a user whose new department is awaited is not known, so nothing is forgotten then.
func (p *Planner) heldLoss(link *state.Link, before, after []string, awaited string) *state.Hold {
	switch {
	case link == nil || link.HeldLoss == nil:
		return nil
	case len(before) > 0 && (len(after) == 0 || awaited != "") && p.options.Reconsider:
		return nil
	case len(before) > 0 && (len(after) == 0 || awaited != ""):
		p.countStaying(p.membership.held, before)
		return link.HeldLoss
	}
	p.output.lossEnds(*link)
	return nil
}

// lossNote says in the record of a user that the loss of the last department is held.
func lossNote(loss *state.Hold) string {
	if loss == nil {
		return ""
	}
	return fmt.Sprintf("the loss of this user's last department is held since the run %s (%s), so the user stays in it; %s",
		loss.Run, loss.Since.UTC().Format(time.DateOnly), "the hold ends when the user has a department in the source again")
}

// unplacedNote says in the records of a user which values name no department.
func unplacedNote(source *row) string {
	if len(source.unplaced) == 0 {
		return ""
	}
	return fmt.Sprintf("%s, which the source gives as a department of this user, %s; correct the value, or the department",
		strings.Join(quoted(source.unplaced[:min(len(source.unplaced), maxUnplaced)]), ", "), UnplacedText)
}

// UnplacedText stands in the records of every user with a value that names no department: whoever searches for it finds them all.
const UnplacedText = "names none that it has"

// Unplaced counts the planned users with a value that names no department, each once.
func (p *Planner) Unplaced() int64 { return p.unplaced }

// maxUnplaced bounds how many values a note names.
const maxUnplaced = 5

func quoted(values []string) []string {
	out := make([]string, len(values))
	for i, value := range values {
		out[i] = fmt.Sprintf("%q", value)
	}
	return out
}

// joinNotes makes one note of several, of which some may be empty.
func joinNotes(notes ...string) string {
	return strings.Join(slices.DeleteFunc(notes, func(note string) bool { return note == "" }), "; ")
}

// planStaying records that nothing differs, or that the user stays where they are until a department of theirs is known. nothing: nothing else is
// planned for the user, and notes are what the record says then.
func (p *Planner) planStaying(base Operation, is belonging, nothing bool, notes ...string) error {
	changes := p.options.Capabilities.Membership == directory.OnUser && !p.sameDepartments(is.before, is.after)
	switch {
	case is.awaited != "":
		base.Kind = ChangeUserDepartments
		return p.output.decided(base, Skipped, ReasonDepartmentUnknown, fmt.Sprintf(
			"the department %s of this user is unknown or cannot be made, so the user stays in the department of before; see the record of the department", is.awaited))
	case is.stays && !changes:
		base.Kind = ChangeUserDepartments
		return p.output.decided(base, Skipped, ReasonDepartmentUnknown, base.Note+". Until then the user stays in "+strings.Join(p.departmentPaths(is.after), ", "))
	case nothing:
		return p.output.unchanged(directory.User, base.SourceID, base.TargetID, base.Name, joinNotes(append([]string{lossNote(is.loss), base.Note}, notes...)...))
	}
	return nil
}
