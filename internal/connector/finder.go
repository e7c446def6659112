package connector

import (
	"context"

	"synccenter.dev/synccenter/internal/directory"
)

// Finder is a Source that finds users without reading all of them. Where a source is none, a run about some people alone reads them all.
// Its methods are called after Departments was read to its end.
type Finder interface {
	// Finds reports that the directory itself finds values in a field at least as widely as an equality does.
	Finds(ctx context.Context, field string, equality directory.Equality) (bool, error)

	// FindUsers reads the users who meet any of the criteria, as Users would give them. There may be others among them. An answer that may be
	// incomplete is an error.
	FindUsers(ctx context.Context, criteria []Criterion, fields []string) ([]directory.Entry, error)

	// ResolveOne is Resolve for a source whose users were not read.
	ResolveOne(ctx context.Context, reference string) (id string, ok bool, err error)
}

// Criterion is met by a user who bears the mark, or who has all the values. One of the two is set.
type Criterion struct {
	Mark   *directory.Mark
	Values []FieldValue
}

// FieldValue is a value that is looked for in a field, in canonical text.
type FieldValue struct{ Field, Value string }
