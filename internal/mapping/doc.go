// Package mapping turns entries into forms: a source entry into the target form, which is exactly what the target should hold, and a
// target entry into the same shape, so that the two can be compared by their bytes.
//
// Rows copy a field, give a constant or evaluate a CEL expression. The package is pure: the same entry gives the same form.
package mapping
