package mapping

import (
	"encoding/binary"
	"slices"

	"synccenter.dev/synccenter/internal/directory"
)

// rule is a compiled Rule.
type rule struct {
	pairs []pair
}

// pair is a target field, with what rows override, and the source field that must equal it.
type pair struct {
	field  directory.Field
	source string
}

// keys computes the comparison key of each rule from an entry, with the name of the field that the entry's side has for a pair.
func (k *kindMapper) keys(e *directory.Entry, name func(pair) string) []string {
	if len(k.rules) == 0 {
		return nil
	}
	keys := make([]string, len(k.rules))
	for i, r := range k.rules {
		keys[i] = r.key(e, name)
	}
	return keys
}

// key joins the keys of all values of all pairs: a field with several values equals one that has the same ones. It is empty when a
// field has no value, or none that can be read: nothing is ever matched by what is not known.
func (r rule) key(e *directory.Entry, name func(pair) string) string {
	var space [128]byte
	key := space[:0]
	for _, p := range r.pairs {
		side := name(p)
		if isUnreadable(e, side) {
			return ""
		}
		values := observed(p.field, e.Attributes.Get(side))
		if len(values) == 0 {
			return ""
		}
		key = binary.AppendUvarint(key, uint64(len(values)))
		if len(values) > 1 {
			values = slices.Clone(values)
			for i := range values {
				values[i] = p.field.Equality.Key(values[i])
			}
			slices.Sort(values)
			for _, value := range values {
				key = appendString(key, value)
			}
			continue
		}
		key = appendString(key, p.field.Equality.Key(values[0]))
	}
	return string(key)
}
