package apply

import (
	"slices"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

// learn compares what was written with what the entry reads, and remembers where the target made something else of it.
func (a *Applier) learn(wrote []plan.Change, entry *directory.Entry) []state.Learned {
	var learned []state.Learned
	for _, change := range wrote {
		if !isField(change) || change.Reference != "" || unreadable(entry, change.Field) {
			continue
		}
		reads := entry.Attributes.Get(change.Field)
		if !sameValues(reads, change.After) {
			learned = append(learned, state.Learned{
				Field: change.Field,
				Wrote: state.Digest(a.options.Salt, change.Field, change.After),
				Reads: state.Digest(a.options.Salt, change.Field, reads),
			})
		}
	}
	return learned
}

func unreadable(entry *directory.Entry, field string) bool {
	return slices.Contains(entry.Unreadable, field)
}

// sameValues compares values as a set.
func sameValues(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	if len(a) < 2 {
		return slices.Equal(a, b)
	}
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
