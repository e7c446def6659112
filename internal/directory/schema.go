package directory

import "strings"

// Type is what the values of a field are.
type Type string

// The types of values.
const (
	String    Type = "String"
	Bytes     Type = "Bytes"
	Bool      Type = "Bool"
	Int       Type = "Int"
	Time      Type = "Time"
	Reference Type = "Reference"
)

// Field describes one field of an entry.
type Field struct {
	Name string
	Type Type
	// Multiple reports that the field can hold more than one value. The values of such a field are a set.
	Multiple bool
	Equality Equality
	// Required reports that the directory refuses an entry without this field.
	Required bool
	// Unique reports that two entries cannot hold the same value, under the field's equality.
	Unique bool
	// ReadOnly reports that the directory does not let the field be written.
	ReadOnly bool
	// Secret reports that the directory takes a value and does not give it back, as with passwords.
	Secret bool
	// MaxLength is the longest value in characters; 0 when the directory states none.
	MaxLength int
	// Refers is the kind of the entries that a Reference names.
	Refers Kind
}

// Schema lists the fields of a directory.
type Schema struct {
	Users       []Field
	Departments []Field
	// FoldNames reports that names of fields are equal regardless of case, as in LDAP.
	FoldNames bool
}

// Field finds a field of a kind by name. The answer carries the directory's own spelling.
func (s *Schema) Field(kind Kind, name string) (Field, bool) {
	fields := s.Fields(kind)
	for i := range fields { // most names are spelled as the directory does
		if fields[i].Name == name {
			return fields[i], true
		}
	}
	for i := range fields {
		if s.FoldNames && strings.EqualFold(fields[i].Name, name) {
			return fields[i], true
		}
	}
	return Field{}, false
}

// Fields returns the fields of a kind.
func (s *Schema) Fields(kind Kind) []Field {
	if kind == Department {
		return s.Departments
	}
	return s.Users
}
