package runner_test

import (
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/history"
)

// TestNoUpdateAsANumber: a task that wants no record of those who need no change gets their number, and the counts are the same.
func TestNoUpdateAsANumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	whole := w.synced()
	w.task.Spec.History.NoUpdate = v1alpha1.NoUpdateCount
	counted := w.synced()
	w.expectEqual("the counts", counted.Counts, whole.Counts)
	w.expectEqual("how many records there are said to be", counted.Records.Count, whole.Records.Count)
	records := w.records(w.lastUID())
	if len(records) > 2 {
		t.Errorf("there are %d records, want one for all people and one for all departments", len(records))
	}
	again, err := history.Count(func(yield func(history.Record, error) bool) {
		for _, record := range records {
			if !yield(record, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	w.expectEqual("the counts of what is stored", &again, whole.Counts)
	if counted.Usage == nil || counted.Usage.Task == 0 {
		t.Errorf("the run does not tell what it met in the store: %+v", counted.Usage)
	}
}
