// Package mapping turns entries into forms: a source entry into the target form, which is exactly what the target should hold, and a
// target entry into the same shape, so that the two can be compared by their bytes.
//
// Rows copy a field, give a constant or evaluate a CEL expression (package expression says how one reads an entry). The package is
// pure: the same entry gives the same form. Entries name their attributes as the schema of their directory spells them.
//
// A form is canonical. The values of a field are a set, sorted and without values that are equal under the field's equality.
// Numbers, times and truth values are written in one way. An empty text is no value.
package mapping
