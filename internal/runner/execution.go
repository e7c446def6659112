package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/apply"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/scope"
	"synccenter.dev/synccenter/internal/state"
)

// execution is one attempt of one run.
type execution struct {
	*Runner
	attempt    Attempt
	scope      artifact.Scope
	reporter   *reporter
	definition definition.Definition
	lease      Lease

	source connector.Source
	target connector.Target
	// preparing guards chosen and mapper against two operations that need them first.
	preparing sync.Mutex
	// chosen is the task's scope and mapper its mapping, once they are needed.
	chosen *scope.Scope
	mapper *mapping.Mapper

	state *state.State
	// revision is that of the state as it was read: it is saved only over that.
	revision string
	// loaded says what kind of state was read.
	loaded state.LoadResult
}

// guarded executes while the lease is held. The context that the steps get ends when the run is to end: by a signal, by somebody who asks
// for it, or because the lease is gone.
func (e *execution) guarded(process context.Context) error {
	// What has been begun is finished also when the process is asked to leave, as far as there is time.
	work, cancelWork := outliving(process, finishingTime)
	defer cancelWork()
	ctx, cancel := context.WithCancelCause(process)
	done := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-e.lease.Stopped():
			cancel(&StopRequest{Why: e.lease.StopReason()})
		case <-e.lease.Lost():
			cancel(errLeaseLost)
		case <-done:
		}
	})
	err := e.execute(ctx, work)
	close(done)
	watch.Wait()
	cancel(nil)
	return errors.Join(err, e.closeEnds())
}

// outliving is a context that ends some time after another one.
func outliving(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(by, cancel) })
	return longer, func() {
		stop()
		cancel()
	}
}

// execute goes on with a stored plan, or begins.
func (e *execution) execute(ctx, work context.Context) error {
	err := e.reporter.stage(work, report.Reading, 0)
	if err == nil {
		err = e.begin(ctx, work)
	}
	return e.conclude(ctx, work, err)
}

func (e *execution) begin(ctx, work context.Context) error {
	summary, err := loadPlan(work, e.Store, e.scope)
	switch {
	case err == nil:
		e.Log.Info("going on with the stored plan", "operations", summary.Operations)
		return e.resume(ctx, work, summary)
	case !errors.Is(err, artifact.ErrNotFound):
		return err
	case e.attempt.SettleOnly:
		return e.unplanned()
	}
	return e.fresh(ctx, work)
}

// unplanned is why a run ends without ever having had a plan. Whoever asked it to stop gets what they asked for.
func (e *execution) unplanned() error {
	select {
	case <-e.lease.Stopped():
		return &StopRequest{Why: e.lease.StopReason()}
	default:
		return &failure{v1alpha1.ReasonBackoffLimit, "no attempt came as far as storing a plan, so nothing was written; the logs of the run's pods say why"}
	}
}

// conclude turns what ended the attempt into a last report, unless another attempt is to go on.
func (e *execution) conclude(ctx, work context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		err = context.Cause(ctx)
	}
	var stopped *StopRequest
	if failed, ok := asFailure(err); ok {
		e.Log.Info("the run failed", "reason", failed.reason, "message", failed.message)
		return e.reporter.end(work, failed.outcome(e.Now()), e.unchanged())
	}
	switch {
	case errors.As(err, &stopped):
		e.Log.Info("the run was stopped before it wrote anything", "why", stopped.Why)
		return e.reporter.end(work, report.Outcome{
			Result: report.Cancelled, Reason: string(v1alpha1.ReasonCancelled),
			Message: fmt.Sprintf("The run was stopped before it wrote anything. %s", stopped.Why), EndTime: e.Now(),
		}, e.unchanged())
	case errors.Is(err, errLeaseLost), errors.Is(err, apply.ErrFenced):
		return fmt.Errorf("run %s: %w", e.attempt.Run, err)
	case errors.Is(err, context.Canceled), errors.Is(err, ErrInterrupted):
		return ErrInterrupted
	case errors.Is(err, artifact.ErrCorrupt):
		failed := &failure{v1alpha1.ReasonFailed, "what this run stored cannot be read any more, so it cannot be finished; the next run compares afresh: " + err.Error()}
		return e.reporter.end(work, failed.outcome(e.Now()), e.unchanged())
	}
	return fmt.Errorf("run %s: %w", e.attempt.Run, err)
}

// unchanged are the final facts of a run that changed nothing.
func (e *execution) unchanged() report.Report {
	if e.state == nil {
		return report.Report{}
	}
	return report.Report{State: stateReport(e.state)}
}

// loadState reads what the owner's task remembers of the two ends.
func (e *execution) loadState(ctx context.Context, identity state.Identity) error {
	var err error
	e.state, e.revision, e.loaded, err = state.Load(ctx, e.Store, e.definition.Owner, identity)
	if err != nil {
		return err
	}
	if e.loaded.FirstRun && e.loaded.Notice == "" && e.definition.Task.Links > 0 {
		e.loaded = state.LoadResult{Rebuilt: true, Notice: fmt.Sprintf(
			"the task had %d links and nothing is left of its state; it is rebuilt by matching and every removal waits for a person", e.definition.Task.Links)}
	}
	if e.loaded.Notice != "" {
		e.Log.Warn("the state is not that of the last run", "notice", e.loaded.Notice)
	}
	return nil
}

// stateReport tells the task what the state holds.
func stateReport(s *state.State) *report.State {
	held, digest := s.Links.Pending()
	facts := &report.State{
		Users: s.Links.Count(directory.User), Departments: s.Links.Count(directory.Department),
		Pending: int64(len(held)), PendingListDigest: digest,
	}
	for _, link := range held {
		if since := link.Waiting(); since != nil && (facts.PendingSince == nil || since.Before(*facts.PendingSince)) {
			facts.PendingSince, facts.PendingRun = since, link.WaitingRun()
		}
	}
	return facts
}

func (e *execution) closeEnds() error {
	var errs []error
	if e.source != nil {
		errs = append(errs, e.source.Close())
	}
	if e.target != nil {
		errs = append(errs, e.target.Close())
	}
	return errors.Join(errs...)
}

// cleanUp removes what only an unfinished run needs.
func (e *execution) cleanUp(ctx context.Context) error {
	if err := artifact.Delete(ctx, e.Store, e.scope, planStream); err != nil {
		return err
	}
	return artifact.DeleteJournal(ctx, e.Store, e.scope, e.attempt.Number)
}
