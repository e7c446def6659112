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
		if !change.Sensitive && sameValues(reads, change.After) {
			continue
		}
		one := state.Learned{Field: change.Field, Wrote: a.digestWritten(change), Reads: state.Digest(a.options.Salt, change.Field, reads)}
		if one.Wrote != one.Reads {
			learned = append(learned, one)
		}
	}
	return learned
}

// digestWritten is the digest of what was written. A sensitive change has it in the place of the values.
func (a *Applier) digestWritten(change plan.Change) string {
	if isSecret(change) {
		return change.After[0]
	}
	return state.Digest(a.options.Salt, change.Field, change.After)
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
