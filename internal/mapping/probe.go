package mapping

import "synccenter.dev/synccenter/internal/directory"

// Probe is a field with the values that an entry must have in it to be matched, under an equality.
type Probe struct {
	Field    string
	Values   []string
	Equality directory.Equality
}

// KeysOf computes the comparison keys of a source entry, one for each matching rule.
func (m *Mapper) KeysOf(e *directory.Entry) []string {
	return m.of(e.Kind).keys(e, func(p pair) string { return p.source })
}

// Probes says for each matching rule what the entries hold that it may match to a source entry: those of the target, and other entries of the
// source that match the same ones. All probes of a rule must hold. A rule for which the entry has no value matches nothing and is left out.
func (m *Mapper) Probes(e *directory.Entry) (target, source [][]Probe) {
	for _, r := range m.of(e.Kind).rules {
		if r.key(e, func(p pair) string { return p.source }) == "" {
			continue
		}
		var there, here []Probe
		for _, p := range r.pairs {
			values := observed(p.field, e.Attributes.Get(p.source))
			there = append(there, Probe{Field: p.field.Name, Values: values, Equality: p.field.Equality})
			here = append(here, Probe{Field: p.source, Values: values, Equality: p.field.Equality})
		}
		target, source = append(target, there), append(source, here)
	}
	return target, source
}
