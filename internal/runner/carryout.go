package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/apply"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/hidden"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/report"
)

// ending says how the carrying out of a plan ended, when it was not simply done.
type ending struct {
	// stopped is set when somebody asked for it.
	stopped *StopRequest
	// settledOnly: this was the last attempt, which begins nothing.
	settledOnly bool
}

// resume goes on with a plan that an earlier attempt stored. Also a run that is to be stopped comes here, to settle what that attempt left.
func (e *execution) resume(ctx, work context.Context, summary planSummary) error {
	if err := e.loadState(work, summary.Identity); err != nil {
		return err
	}
	if len(summary.Salt) > 0 {
		e.state.Salt = summary.Salt
	}
	past, err := readJournal(work, e.Store, e.scope, e.attempt.Number)
	if err != nil {
		return err
	}
	keepToServer(&e.definition.TaskSpec, summary.TargetServer)
	identity, err := e.open(work)
	if err == nil {
		_, err = e.reach(work, summary.Positions)
	}
	if err == nil && identity != summary.Identity {
		err = fmt.Errorf("source or target is another than when the plan was made (%+v, now %+v)", summary.Identity, identity)
	}
	if err != nil && work.Err() == nil && e.attempt.SettleOnly {
		return e.settleBlindly(work, summary, past, err)
	}
	if err != nil {
		// The plan waits for an attempt that can reach both ends.
		return fmt.Errorf("going on with the stored plan: %v", err)
	}
	if err := e.follow(work); err != nil {
		// The plan was made with this definition, so it is finished all the same.
		e.Log.Warn("references may not follow those who are moved or renamed", "error", err.Error())
	}
	return e.carryOut(ctx, work, summary, past)
}

// settleBlindly completes a run whose ends cannot be reached any more, in its last attempt.
func (e *execution) settleBlindly(work context.Context, summary planSummary, past apply.Past, cause error) error {
	ledger := apply.NewLedger(nil, past)
	sentence := fmt.Sprintf("the run ended and its ends could not be reached any more: %v", cause)
	if err := apply.GiveUp(ledger, storedOperations(work, e.Store, e.scope), sentence, e.Now); err != nil {
		return err
	}
	return e.finish(work, summary, planLines(work, e.Store, e.scope), ledger, ending{settledOnly: true})
}

// carryOut does what a stored plan says, and finishes the run.
func (e *execution) carryOut(ctx, work context.Context, summary planSummary, past apply.Past) error {
	segments, err := artifact.NewJournal(work, e.Store, e.scope, e.attempt.Number)
	if err != nil {
		return err
	}
	ledger := apply.NewLedger(&journal{segments}, past)
	err = e.reporter.put(work, func(current *report.Report) {
		current.Stage, current.Done, current.Total = report.Applying, int64(ledger.Done()), int64(summary.Operations)
		current.Plan = &report.Plan{Digest: summary.Digest, Operations: int64(summary.Operations)}
		current.Notice = summary.Notice
	})
	if err != nil {
		return err
	}
	options := e.applyOptions(summary, ledger)
	if err := e.protect(work, &options); err != nil {
		return err
	}
	options.Stop = ctx.Done()
	how := ending{settledOnly: e.attempt.SettleOnly}
	if how.settledOnly {
		options.SettleOnly = "the attempts of the run were used up before this was reached"
	}
	err = e.applyWithProgress(ctx, work, options)
	if errors.Is(err, apply.ErrStopped) && !errors.As(context.Cause(ctx), &how.stopped) {
		return context.Cause(ctx)
	}
	if how.stopped != nil {
		// What is under way is settled by reading, and everything else is left.
		options.Stop = nil
		options.SettleOnly = "the run was stopped before this was reached: " + how.stopped.Why
		err = e.applyWithProgress(work, work, options)
	}
	if err != nil {
		return err
	}
	return e.finish(work, summary, planLines(work, e.Store, e.scope), ledger, how)
}

func (e *execution) applyOptions(summary planSummary, ledger *apply.Ledger) apply.Options {
	execution := e.definition.TaskSpec.Execution
	return apply.Options{
		Target: e.target, Owner: e.definition.Owner, Links: e.state.Links, Lost: summary.lost, Salt: e.state.Salt, Ledger: ledger, Fence: e.lease,
		Absent: e.absent(summary.Present), WithoutDepartment: e.withoutDepartment(summary.Present), TurnedOff: e.turnedOff(summary.Present), Secrets: e.secrets,
		Concurrency: int(execution.Concurrency), QPS: int(execution.RateLimit.QPS), Burst: int(execution.RateLimit.Burst),
		Retries: int(*execution.Retries), Now: e.Now,
	}
}

// protect lets the applier ask once more whether an entry is protected, before it removes it.
func (e *execution) protect(ctx context.Context, options *apply.Options) error {
	if e.definition.TaskSpec.Protected == (v1alpha1.Protected{}) {
		return nil
	}
	schema, err := e.target.Schema(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema of the target: %w", err)
	}
	filters, err := compileProtected(e.definition.TaskSpec.Protected, schema)
	if err != nil {
		return err
	}
	if err := e.needMapper(ctx); err != nil {
		return err
	}
	options.Protected, options.ProtectedFields = filters.holds, filters.fields
	options.Hide = func(entry *directory.Entry, err error) error {
		return hidden.Error(err, e.mapper.SecretsOfTarget(entry))
	}
	return nil
}

// applyWithProgress applies the stored plan and tells from time to time how far it is. Calls that are under way when ctx ends may take
// some time more.
func (e *execution) applyWithProgress(ctx, work context.Context, options apply.Options) error {
	calls, cancel := outliving(ctx, leavingTime)
	defer cancel()
	group, groupCtx := errgroup.WithContext(calls)
	done := make(chan struct{})
	group.Go(func() error { return e.tellProgress(groupCtx, done, options.Ledger) })
	group.Go(func() error {
		defer close(done)
		return apply.New(options).Apply(groupCtx, plan.Validated(storedOperations(work, e.Store, e.scope)))
	})
	return group.Wait()
}

func (e *execution) tellProgress(ctx context.Context, done <-chan struct{}, ledger *apply.Ledger) error {
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return nil // whoever ended it says why
		case <-ticker.C:
			if err := e.reporter.put(ctx, func(current *report.Report) { current.Done = int64(ledger.Done()) }); err != nil {
				return err
			}
		}
	}
}
