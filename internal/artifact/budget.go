package artifact

import (
	"fmt"
)

// Usage is what is stored already, in stored bytes.
type Usage struct {
	Task, All int64
}

// Budget limits what may be stored, in stored bytes.
type Budget struct {
	Run, Task, All int64
}

// DefaultBudget is what holds unless the manager's flags say otherwise. An API server keeps these bytes in memory too.
func DefaultBudget() Budget {
	return Budget{Run: 16 << 20, Task: 48 << 20, All: 128 << 20}
}

// Estimate is what a run is about to store.
type Estimate struct {
	// Plan is the plan's size in stored bytes. The records are taken to need as much again.
	Plan int64
	// Records is the size of records that are stored without a plan, since there is nothing to do.
	Records int64
	// Operations is the number of operations in the plan, each of which leaves its outcome in the journal.
	Operations int64
	// State is the size of the new state in stored bytes. It stands beside the old one until it is whole.
	State int64
}

// journalBytes is what an operation is taken to need in the journal.
const journalBytes = 300

func (e Estimate) run() int64 { return 2*e.Plan + e.Records + journalBytes*e.Operations }

// BudgetError says that a run would store more than it may. Nothing has been written when it is returned.
type BudgetError struct {
	// Limit says which limit is in the way.
	Limit    Limit
	Needed   int64
	Allowed  int64
	Estimate Estimate
}

// Limit is one of the three limits of a budget.
type Limit string

// The limits of a budget.
const (
	LimitRun  Limit = "run"
	LimitTask Limit = "task"
	LimitAll  Limit = "all"
)

// Error says what would be stored, how much may be, and what to do.
func (e *BudgetError) Error() string {
	e0 := e.Estimate
	what := fmt.Sprintf("a plan of %s, as much again for its records, %s for the journal of %d operations and %s for the new state",
		mebibytes(e0.Plan), mebibytes(journalBytes*e0.Operations), e0.Operations, mebibytes(e0.State))
	if e0.Records > 0 {
		what = fmt.Sprintf("records of %s and %s for the new state", mebibytes(e0.Records), mebibytes(e0.State))
	}
	switch e.Limit {
	case LimitRun:
		return fmt.Sprintf("this run would store %s and one run may store %s (%s): nothing was written; "+
			"sync fewer entries at a time with spec.scope, or let the manager allow more for a run",
			mebibytes(e.Needed), mebibytes(e.Allowed), what)
	case LimitTask:
		return fmt.Sprintf("with this run the task would store %s and one task may store %s (%s): nothing was written; "+
			"delete old runs of the task, or let the manager allow more for a task",
			mebibytes(e.Needed), mebibytes(e.Allowed), what)
	default:
		return fmt.Sprintf("with this run all tasks of the namespace together would store %s and may store %s (%s): nothing was written; "+
			"delete old runs of any of them, remove what tasks that are gone have left (\"What deleted tasks leave\" in docs/history.md), or let the manager allow more in all",
			mebibytes(e.Needed), mebibytes(e.Allowed), what)
	}
}

// Check says whether a run may store what it is about to, given what is stored already. It is asked before the first write.
func (b Budget) Check(usage Usage, estimate Estimate) error {
	run := estimate.run()
	for _, c := range []struct {
		limit           Limit
		needed, allowed int64
	}{
		{LimitRun, run, b.Run},
		{LimitTask, usage.Task + run + estimate.State, b.Task},
		{LimitAll, usage.All + run + estimate.State, b.All},
	} {
		if c.needed > c.allowed {
			return &BudgetError{Limit: c.limit, Needed: c.needed, Allowed: c.allowed, Estimate: estimate}
		}
	}
	return nil
}

func mebibytes(bytes int64) string {
	return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
}
