package plan

import (
	"fmt"
	"slices"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/state"
)

// doubles chooses the values of fields whose row says that a double gets a number. What mapping gave is a base: the first who asks gets
// it as it is, the next ones with the lowest number behind it that is free. A value counts as taken when anybody in the target has it,
// also somebody who gives it up in the same run: planning then depends on nothing but what was read and on the order of the source IDs.
type doubles struct {
	fields []directory.Field
	// taken holds the comparison keys of the values in the target and of those that this plan gave, field by field.
	taken []map[string]struct{}
	// next is the lowest number that may be free, by the key of a base.
	next []map[string]int
}

func newDoubles(fields []directory.Field) *doubles {
	d := &doubles{fields: fields, taken: make([]map[string]struct{}, len(fields)), next: make([]map[string]int, len(fields))}
	for i := range fields {
		d.taken[i], d.next[i] = map[string]struct{}{}, map[string]int{}
	}
	return d
}

// see notes the values that a target user has.
func (d *doubles) see(form *mapping.Form) {
	for i, field := range d.fields {
		for _, value := range valuesOf(form, field.Name) {
			d.take(i, value)
		}
	}
}

func (d *doubles) take(at int, value string) {
	d.taken[at][strings.Clone(d.fields[at].Equality.Key(value))] = struct{}{} // or it would hold all the texts of its user
}

// number gives a user who is created values that nobody has, and says of which there were doubles.
func (d *doubles) number(form *mapping.Form) (note string, decision *Decision) {
	var notes []string
	for i, field := range d.fields {
		base := valuesOf(form, field.Name)
		if len(base) == 0 {
			continue
		}
		value, ok := d.free(i, base[0])
		if !ok {
			return "", noFreeValue(field, base[0])
		}
		d.take(i, value)
		if value != base[0] {
			notes = append(notes, fmt.Sprintf("somebody has the %s %q already, so this user gets %q", field.Name, base[0], value))
			setValues(form, field.Name, value)
		}
	}
	return strings.Join(notes, "; "), nil
}

// renumber lets a user who is in the target keep its values as long as they are the base, or the base with a number, and gives it free ones
// otherwise. A value that the target stores in its own way is known by what was learned of it.
func (p *Planner) renumber(j *pair, source, target *mapping.Form) *Decision {
	for i, field := range p.doubles.fields {
		base := source.Fields.Get(field.Name)
		if len(base) == 0 || slices.Contains(target.Unreadable, field.Name) {
			continue
		}
		value, kept := p.keeps(j.link, field, base[0], target.Fields.Get(field.Name))
		if !kept {
			var ok bool
			if value, ok = p.doubles.free(i, base[0]); !ok {
				return noFreeValue(field, base[0])
			}
			if !p.protected[entryKey{directory.User, target.ID}] {
				p.doubles.take(i, value)
			}
		}
		setValues(source, field.Name, value)
	}
	return nil
}

// keeps finds the value of a target user that is the base, or the base with a number, and writes it as the base is written.
func (p *Planner) keeps(link *state.Link, field directory.Field, base string, has []string) (string, bool) {
	for _, value := range has {
		for _, number := range append([]int{1}, numbersOf(value)...) {
			candidate, fits := withNumber(field, base, number)
			if fits && (field.Equality.Key(candidate) == field.Equality.Key(value) || link != nil && p.learned(link, field.Name, []string{candidate}, has)) {
				return candidate, true
			}
		}
	}
	return "", false
}

// free is the base itself or the base with the lowest number that nobody has. False: no number fits.
func (d *doubles) free(at int, base string) (string, bool) {
	field := d.fields[at]
	key := strings.Clone(field.Equality.Key(base))
	for number := max(d.next[at][key], 1); number <= maxNumber; number++ {
		value, fits := withNumber(field, base, number)
		if !fits {
			return "", false
		}
		if _, taken := d.taken[at][field.Equality.Key(value)]; !taken {
			d.next[at][key] = number
			return value, true
		}
	}
	return "", false
}

func noFreeValue(field directory.Field, base string) *Decision {
	return &Decision{Failed, ReasonNoFreeValue, fmt.Sprintf(
		"somebody has the %s %q already, and no number that fits behind it is free; make the values that the row gives more different", field.Name, base)}
}

// valuesOf are those of a field in a form, whenever it is written.
func valuesOf(form *mapping.Form, field string) []string {
	if values := form.Fields.Get(field); len(values) > 0 {
		return values
	}
	return form.OnCreate.Get(field)
}

func setValues(form *mapping.Form, field, value string) {
	for _, attributes := range []directory.Attributes{form.Fields, form.OnCreate} {
		for i := range attributes {
			if attributes[i].Name == field {
				attributes[i].Values = []string{value}
			}
		}
	}
}
