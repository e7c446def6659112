package mapping

import (
	"crypto/sha256"
	"encoding/binary"

	"synccenter.dev/synccenter/internal/directory"
)

// FieldDiff is a field that differs: what the target holds and what it should hold.
type FieldDiff struct {
	Field         directory.Field
	Before, After []string
}

// Hash digests the fields of a form as they are compared. Forms of two sides with equal hashes do not differ. Forms with an unreadable
// field may have different hashes and still not differ: Diff decides.
func (m *Mapper) Hash(f *Form) Hash {
	var space [1024]byte
	data := space[:0]
	rows := m.of(f.Kind).fields
	for _, a := range f.Fields {
		var field directory.Field
		if field, rows = advance(rows, a.Name); field.Name == "" {
			continue
		}
		data = appendString(data, a.Name)
		data = binary.AppendUvarint(data, uint64(len(a.Values)))
		for _, value := range comparison(field.Equality, a.Values) {
			data = appendString(data, value)
		}
	}
	digest := sha256.Sum256(data)
	return Hash(digest[:len(Hash{})])
}

// Diff lists the fields that differ between what the source gives and what the target holds. A field that is unknown on either side is
// not compared.
func (m *Mapper) Diff(source, target *Form) []FieldDiff {
	var differences []FieldDiff
	rows := m.of(source.Kind).fields
	held := target.Fields
	for _, wanted := range source.Fields {
		for len(held) > 0 && held[0].Name < wanted.Name {
			held = held[1:]
		}
		if len(held) == 0 || held[0].Name != wanted.Name {
			continue
		}
		var field directory.Field
		if field, rows = advance(rows, wanted.Name); field.Name == "" || same(field, wanted.Values, held[0].Values) {
			continue
		}
		differences = append(differences, FieldDiff{Field: field, Before: held[0].Values, After: wanted.Values})
	}
	return differences
}

// advance drops rows up to the one that gives a field and returns that field, which is empty when no row gives it.
func advance(rows []row, name string) (directory.Field, []row) {
	for len(rows) > 0 && rows[0].field.Name < name {
		rows = rows[1:]
	}
	if len(rows) == 0 || rows[0].field.Name != name {
		return directory.Field{}, rows
	}
	return rows[0].field, rows
}
