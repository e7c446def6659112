package history

import "fmt"

// Counts are the numbers of a run, all of them recounted from its records.
type Counts struct {
	Organizations Tally `json:"organizations"`
	Users         Tally `json:"users"`
	// Operations are in the order of the plan's stages; kinds that did not occur are left out.
	Operations []OperationCount `json:"operations"`
	// Failures are the first ten failed records.
	Failures []Record `json:"failures,omitempty"`
	Records  int64    `json:"records"`
}

// Tally counts entries, not operations.
type Tally struct {
	// Total is every entry with a record, Succeeded those whose every record succeeded (no update is success).
	Total     int64 `json:"total"`
	Succeeded int64 `json:"succeeded"`
	// Updates count the same over the entries that needed any change.
	UpdatesTotal     int64 `json:"updatesTotal"`
	UpdatesSucceeded int64 `json:"updatesSucceeded"`
}

// OperationCount counts the records of one operation. Planned is all of them, the others say what became of them: those of a plan
// that nobody has begun are in Planned alone.
type OperationCount struct {
	Operation string `json:"operation"`
	Planned   int64  `json:"planned"`
	Succeeded int64  `json:"succeeded"`
	Failed    int64  `json:"failed"`
	Skipped   int64  `json:"skipped"`
	Held      int64  `json:"held"`
}

// Summary is succeeded/total, as people see it.
func (t *Tally) Summary() string { return fmt.Sprintf("%d/%d", t.Succeeded, t.Total) }

// UpdatesSummary is succeeded/total of the entries that needed any change.
func (t *Tally) UpdatesSummary() string {
	return fmt.Sprintf("%d/%d", t.UpdatesSucceeded, t.UpdatesTotal)
}
