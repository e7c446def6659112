package history

import (
	"iter"
	"slices"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

// Filter chooses records. An empty member does not choose; a record must agree with all others.
type Filter struct {
	Subjects   []directory.Kind
	Operations []plan.OperationKind
	Statuses   []plan.Status
	// Search is text that occurs, in any case, in a name, an ID, a message or a changed value.
	Search string
}

// Matches reports whether the filter lets the record through.
func (f *Filter) Matches(r *Record) bool {
	return agrees(f.Subjects, r.Subject) && agrees(f.Operations, r.Operation) && agrees(f.Statuses, r.Status) &&
		(f.Search == "" || mentions(r, strings.ToLower(f.Search)))
}

// Of gives the records that the filter lets through.
func (f *Filter) Of(records iter.Seq2[Record, error]) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for record, err := range records {
			if err == nil && !f.Matches(&record) {
				continue
			}
			if !yield(record, err) {
				return
			}
		}
	}
}

func agrees[T comparable](chosen []T, value T) bool {
	return len(chosen) == 0 || slices.Contains(chosen, value)
}

func mentions(r *Record, lower string) bool {
	contains := func(text string) bool { return strings.Contains(strings.ToLower(text), lower) }
	if slices.ContainsFunc([]string{r.Name, r.SourceID, r.TargetID, r.Reason, r.Message}, contains) {
		return true
	}
	return slices.ContainsFunc(r.Changes, func(c plan.Change) bool {
		return contains(c.Field) || slices.ContainsFunc(c.Before, contains) || slices.ContainsFunc(c.After, contains) ||
			slices.ContainsFunc(c.BeforeNames, contains) || slices.ContainsFunc(c.AfterNames, contains)
	})
}
