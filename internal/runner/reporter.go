package runner

import (
	"context"
	"fmt"
	"sync"
	"time"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/report"
)

// progressEvery is how often a runner tells how far it is: each time is a write to the API server.
const progressEvery = 10 * time.Second

// reporter keeps the report of a run. It is safe for concurrent use.
type reporter struct {
	reports Reports

	mu      sync.Mutex
	current report.Report
}

// newReporter goes on from the report of an earlier attempt, if there is one.
func newReporter(reports Reports, now func() time.Time, attempt Attempt, last *report.Report) *reporter {
	r := &reporter{reports: reports, current: report.Report{StartTime: now().UTC()}}
	if last != nil && last.RunUID == attempt.UID {
		r.current = *last
	}
	r.current.SchemaVersion = report.SchemaVersion
	r.current.RunUID = attempt.UID
	r.current.Attempt = attempt.Number
	return r
}

// put changes the report and stores it.
func (r *reporter) put(ctx context.Context, change func(*report.Report)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.current)
	next := r.current
	if err := r.reports.Put(ctx, &next); err != nil {
		return fmt.Errorf("storing the report: %w", err)
	}
	return nil
}

// note changes the report without storing it: the next write carries it along.
func (r *reporter) note(change func(*report.Report)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.current)
}

func (r *reporter) stage(ctx context.Context, stage report.Stage, total int64) error {
	return r.put(ctx, func(current *report.Report) { current.Stage, current.Done, current.Total = stage, 0, total })
}

// endpoint notes how one end answered.
func (r *reporter) endpoint(which end, answer report.Endpoint) {
	r.note(func(current *report.Report) {
		if which == sourceEnd {
			current.Source = &answer
		} else {
			current.Target = &answer
		}
	})
}

// connected notes that an end gave all that was asked of it so far.
func (r *reporter) connected(which end, name string) {
	r.endpoint(which, report.Endpoint{Reason: string(v1alpha1.ReasonConnected), Message: name + " answered."})
}

// startTime is when the run began, in its first attempt.
func (r *reporter) startTime() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current.StartTime
}

// end stores the last report. Only the final facts of the given one are taken.
func (r *reporter) end(ctx context.Context, outcome report.Outcome, facts report.Report) error {
	return r.put(ctx, func(current *report.Report) {
		current.Outcome = &outcome
		current.Counts, current.Records, current.Export, current.State = facts.Counts, facts.Records, facts.Export, facts.State
	})
}
