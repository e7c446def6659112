package plan

import (
	"fmt"
	"slices"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/state"
)

// fieldChanges lists the mapped fields that differ, without those where the target is known to make something else of our value.
func (p *Planner) fieldChanges(link *state.Link, source, target *mapping.Form) []Change {
	var changes []Change
	for _, diff := range p.options.Mapper.Diff(source, target) {
		if link != nil && p.learned(link, diff.Field.Name, diff.After, diff.Before) {
			continue
		}
		changes = append(changes, p.change(source.Kind, diff.Field.Name, diff.Before, diff.After))
	}
	return changes
}

func (p *Planner) learned(link *state.Link, field string, wrote, reads []string) bool {
	for _, learned := range link.Learned {
		if learned.Field == field {
			return learned.Wrote == state.Digest(p.options.Salt, field, wrote) && learned.Reads == state.Digest(p.options.Salt, field, reads)
		}
	}
	return false
}

// change is that of a field of the directory. Of a sensitive one only digests ever stand in the plan.
func (p *Planner) change(kind directory.Kind, field string, before, after []string) Change {
	if !p.options.Mapper.Sensitive(kind, field) {
		return Change{Field: field, Before: before, After: after}
	}
	return Change{Field: field, Before: p.digest(field, before), After: p.digest(field, after), Sensitive: true}
}

// digest stands for values that must not be kept. No values have none, so that it can be told when a field is cleared.
func (p *Planner) digest(field string, values []string) []string {
	if len(values) == 0 {
		return nil
	}
	return []string{state.Digest(p.options.Salt, field, values)}
}

// createChanges lists what a create writes.
func (p *Planner) createChanges(form *mapping.Form) []Change {
	var changes []Change
	for _, attributes := range []directory.Attributes{form.Fields, form.OnCreate} {
		for _, attribute := range attributes {
			if len(attribute.Values) > 0 {
				changes = append(changes, p.change(form.Kind, attribute.Name, nil, attribute.Values))
			}
		}
	}
	sortChanges(changes)
	return changes
}

// cannotCreate says why an entry cannot be created before any call is made for it: the target takes none without its required fields.
func (p *Planner) cannotCreate(form *mapping.Form) *Decision {
	for _, name := range form.Unreadable {
		if field, ok := p.options.Mapper.Field(form.Kind, name); ok && field.Required {
			return &Decision{Failed, ReasonRequiredUnreadable, fmt.Sprintf(
				"the target requires %q, and the source does not let its value be read; give the source's account the right to read it, or map another field", name)}
		}
	}
	return nil
}

func sortChanges(changes []Change) {
	slices.SortFunc(changes, func(a, b Change) int {
		if a.Field < b.Field {
			return -1
		}
		return 1
	})
}

// markState says what is to be done about the mark of a paired target entry.
type markState int

const (
	markFine markState = iota
	markMissing
	markWrong
)

// checkMark compares a link with the mark: the link is the authority and the mark is the proof. taken says that the target entry has just been
// adopted or relinked, so that its mark may still name another source entry of ours.
func (p *Planner) checkMark(kind directory.Kind, id string, mark *directory.Mark, taken bool) (markState, *Decision) {
	capable := p.options.Capabilities.UserMark
	if kind == directory.Department {
		capable = p.options.Capabilities.DepartmentMark
	}
	switch {
	case !capable:
		return markFine, nil
	case mark == nil:
		return markMissing, nil
	case mark.Owner != "" && mark.Owner != p.options.Owner:
		return markWrong, &Decision{Failed, ReasonOtherOwner, fmt.Sprintf(
			"the target entry bears the mark of owner %q although it is linked here; let one task own it, and remove the other's mark", mark.Owner)}
	case mark.SourceID == id:
		return markFine, nil
	case taken:
		return markMissing, nil
	}
	return markWrong, &Decision{Failed, ReasonMarkDisagrees, fmt.Sprintf(
		"the target entry is linked to this source entry but bears the mark of %s; correct or remove the mark in the target", mark.SourceID)}
}

// linkChange is the change of an entry that becomes ours, or whose mark has to be written.
func linkChange(id, relinks string) Change {
	change := Change{Field: FieldLink, After: []string{id}}
	if relinks != "" {
		change.Before = []string{relinks}
	}
	return change
}

// elements translates references into the source IDs that this task answers for, in order and without repetition.
func elements(references []string, translate func(reference string) (string, bool)) []string {
	var out []string
	for _, reference := range references {
		if id, ok := translate(reference); ok && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func sameSet(a, b []string) bool {
	if slices.Equal(a, b) {
		return true
	}
	if len(a) != len(b) {
		return false
	}
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}
