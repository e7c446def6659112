package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/apply"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/report"
)

// Runner executes runs.
type Runner struct {
	Store   artifact.Store
	Reports Reports
	// Acquire gets the right to write for an owner. It waits while another runner has it; a StopRequest ends the waiting.
	Acquire func(ctx context.Context, owner string) (Lease, error)
	// Connect opens the two ends of a task.
	Connect Connector
	// Exports stores files for people; nil where there is no place for them.
	Exports Exports
	Budget  artifact.Budget
	// Now is the clock.
	Now func() time.Time
	Log *slog.Logger
}

// Attempt says which execution of which run this is.
type Attempt struct {
	Run string
	UID string
	// Number counts the Jobs of the run, from 1.
	Number int
	// SettleOnly makes it the last one: it begins nothing, settles what is in doubt and completes the records.
	SettleOnly bool
}

// Reports keeps the newest report of a run.
type Reports interface {
	// Last is the report that is stored; nil when there is none.
	Last(ctx context.Context) (*report.Report, error)
	// Put replaces it.
	Put(ctx context.Context, next *report.Report) error
}

// Lease is the right to write for one owner, kept alive in the background until it is released.
type Lease interface {
	apply.Fence
	// Stopped is closed when somebody asks the run to end at a safe point; StopReason says why.
	Stopped() <-chan struct{}
	StopReason() string
	// Lost is closed when the right is gone.
	Lost() <-chan struct{}
	// Release gives the right back.
	Release(ctx context.Context) error
}

// Exports stores files.
type Exports interface {
	// Put stores a file and answers with the name of what holds it and the key in it. ErrTooLarge says that there is no room for it.
	Put(ctx context.Context, fileName string, data []byte) (object, key string, err error)
}

// ErrTooLarge says that a file does not fit where it should be stored.
var ErrTooLarge = errors.New("the file is too large to be stored here")

// ErrInterrupted says that the process was asked to leave before the run was over. The next attempt goes on.
var ErrInterrupted = errors.New("asked to leave before the run was over; the next attempt goes on with it")

// ErrUseless says that trying again cannot help.
var ErrUseless = errors.New("trying again is useless")

const (
	planStream    = "plan"
	recordsStream = "records"
	// leavingTime is how long calls that are under way may take when the process is asked to leave, finishingTime how long the rest may.
	leavingTime   = 20 * time.Second
	finishingTime = 45 * time.Second
)

// Execute does one attempt. It returns nil when the run is over, whatever came of it: the report says that.
func (r *Runner) Execute(ctx context.Context, attempt Attempt) error {
	last, err := r.Reports.Last(ctx)
	if err != nil {
		return fmt.Errorf("reading the report of run %s: %w", attempt.Run, err)
	}
	e := &execution{Runner: r, attempt: attempt, scope: artifact.Scope{Run: attempt.UID}}
	if last != nil && last.RunUID == attempt.UID && last.Outcome != nil {
		r.Log.Info("the run is over already", "run", attempt.Run, "result", last.Outcome.Result)
		return e.cleanUp(ctx)
	}
	e.reporter = newReporter(r.Reports, r.Now, attempt, last)
	if err := e.loadDefinition(ctx); err != nil {
		return r.endUnread(ctx, e, err)
	}
	lease, err := r.Acquire(ctx, e.definition.Owner)
	if err != nil {
		return e.endWaiting(ctx, err)
	}
	e.lease = lease
	err = e.guarded(ctx)
	// The lease is released last: until then nobody else may begin.
	return errors.Join(err, lease.Release(context.WithoutCancel(ctx)))
}

func (e *execution) loadDefinition(ctx context.Context) error {
	data, err := artifact.ReadAll(ctx, e.Store, e.scope, definition.Stream)
	if err != nil {
		return fmt.Errorf("reading the definition of run %s: %w", e.attempt.Run, err)
	}
	e.definition, err = definition.Decode(data)
	if err == nil && e.definition.RunSpec.Type != v1alpha1.RunSync {
		err = &failure{v1alpha1.ReasonNotServed, fmt.Sprintf("spec.type: this version does not execute runs of type %q", e.definition.RunSpec.Type)}
	}
	return err
}

// endWaiting ends an attempt that did not get the lease: for good if somebody asked for it and no plan waits to be finished.
func (e *execution) endWaiting(ctx context.Context, err error) error {
	var stopped *StopRequest
	if errors.As(err, &stopped) {
		if _, _, statErr := artifact.Stat(ctx, e.Store, e.scope, planStream); errors.Is(statErr, artifact.ErrNotFound) {
			return e.conclude(ctx, ctx, err)
		}
	}
	return fmt.Errorf("acquiring the lease of owner %q: %w", e.definition.Owner, err)
}

// endUnread ends a run whose definition cannot be executed: for good when no further attempt of this version could.
func (r *Runner) endUnread(ctx context.Context, e *execution, err error) error {
	failed, final := asFailure(err)
	if !final {
		return err
	}
	return errors.Join(ErrUseless, err, e.reporter.end(ctx, failed.outcome(r.Now()), report.Report{}))
}
