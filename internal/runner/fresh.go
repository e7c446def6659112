package runner

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/apply"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/guard"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/state"
)

// fresh is a run from its first read on.
func (e *execution) fresh(ctx, work context.Context) error {
	identity, err := e.open(ctx)
	if err != nil {
		return err
	}
	if err := e.loadState(ctx, identity); err != nil {
		return err
	}
	positions, err := e.reach(ctx, e.state.Positions)
	if err != nil {
		return err
	}
	reading, err := e.readWanted(ctx)
	if err != nil {
		return err
	}
	e.tellAllRemarks()
	if err := e.reporter.stage(ctx, report.Planning, 0); err != nil {
		return err
	}
	facts, err := e.plan(ctx, reading.planner)
	if err != nil {
		return err
	}
	summary, verdict, err := e.judge(reading, facts)
	if err != nil {
		return err
	}
	summary.Identity, summary.State = identity, e.revision
	summary.Positions, summary.TargetServer = positions, e.targetServer()
	if e.loaded.FirstRun || e.loaded.Rebuilt {
		summary.Salt = e.state.Salt
	}
	busy, err := reading.planner.Busy(verdict.Hold)
	if err != nil {
		return err
	}
	if !busy && !reading.planner.ChangesLinks(verdict.Hold) {
		examined := facts.SourceUsers + facts.SourceDepartments
		if err := e.checkBudget(ctx, artifact.Estimate{Records: recordBytes * examined}); err != nil {
			return err
		}
		return e.finish(work, summary, plannedLines(reading.planner, verdict.Hold, summary), nil, ending{})
	}
	if summary, err = e.storePlan(ctx, reading.planner, verdict.Hold, summary); err != nil {
		return err
	}
	return e.carryOut(ctx, work, summary, apply.Past{IssuedThrough: -1})
}

// readWanted reads both ends whole, or what a run needs that is about some entries alone.
func (e *execution) readWanted(ctx context.Context) (*reading, error) {
	if e.definition.RunSpec.Only != nil {
		return e.readNamed(ctx)
	}
	return e.read(ctx)
}

// plan plans from what was read.
func (e *execution) plan(ctx context.Context, planner *plan.Planner) (guard.Facts, error) {
	if e.definition.RunSpec.Only == nil {
		return planner.Plan(plan.References{Source: e.source.Resolve, Target: e.target.Resolve})
	}
	source, target := newResolver(ctx, e.source), newResolver(ctx, e.target)
	facts, err := planner.Plan(plan.References{Source: source.resolve, Target: target.resolve})
	return facts, errors.Join(err, e.noted(sourceEnd, source.err), e.noted(targetEnd, target.err))
}

// open opens both ends and learns what they are. Each end gives its own answer, whatever the other one says, so that people read about both.
func (e *execution) open(ctx context.Context) (state.Identity, error) {
	var (
		identity             state.Identity
		sourceErr, targetErr error
		ends                 sync.WaitGroup
	)
	ends.Go(func() {
		source, err := e.Connect.Source(ctx, &e.definition.TaskSpec)
		if err == nil {
			e.source = source
			identity.Source, err = source.Identity(ctx)
		}
		sourceErr = e.opened(sourceEnd, err)
	})
	ends.Go(func() {
		target, err := e.Connect.Target(ctx, &e.definition.TaskSpec)
		if err == nil {
			e.target = target
			identity.Target, err = target.Identity(ctx)
		}
		targetErr = e.opened(targetEnd, err)
	})
	ends.Wait()
	return identity, bothEnds(sourceErr, targetErr)
}

// opened puts the answer of one end into the report, also when it is a good one.
func (e *execution) opened(which end, err error) error {
	if err == nil {
		e.reporter.connected(which, "The "+string(which))
	}
	return e.noted(which, err)
}

// noted makes the error of one end a failure, and puts it into the report. A definition that is wrong is no answer of an end.
func (e *execution) noted(which end, err error) error {
	if err == nil {
		return nil
	}
	err = endFailure(which, err)
	var failed *failure
	if errors.As(err, &failed) && failed.reason != v1alpha1.ReasonInvalidDefinition {
		e.reporter.endpoint(which, report.Endpoint{Reason: string(failed.reason), Message: failed.message})
	}
	return err
}

// judge asks the guard about the whole plan.
func (e *execution) judge(r *reading, facts guard.Facts) (planSummary, guard.Verdict, error) {
	definitionDigest, err := e.definition.RemovalDigest()
	if err != nil {
		return planSummary{}, guard.Verdict{}, err
	}
	facts.Task, facts.Run, facts.FirstRun = e.definition.Task.Name, e.definition.Run.Name, e.loaded.FirstRun || e.state.Partial
	facts.LastSourceUsers, facts.LastSourceDepartments = e.state.LastRead.Users, e.state.LastRead.Departments
	facts.Window = e.state.RemovalsWithin(e.definition.TaskSpec.Guard.Removals.Window.Duration, e.Now())
	facts.DefinitionChanged = !e.loaded.FirstRun && e.state.RemovalsDefinition != string(definitionDigest)
	facts.StateRebuilt = e.loaded.Rebuilt
	verdict := guard.Evaluate(limitsOf(&e.definition.TaskSpec.Guard, e.definition.RunSpec.GuardOverride), facts)
	if verdict.Stop != nil {
		return planSummary{}, guard.Verdict{}, &failure{v1alpha1.Reason(verdict.Stop.Reason), withOverride(sayFinding(verdict.Stop), e.definition.RunSpec.GuardOverride)}
	}
	summary := planSummary{
		Time: e.Now().UTC(), Notice: sentence(e.loaded.Notice), Present: r.present,
		Read:               state.Size{Users: facts.SourceUsers, Departments: facts.SourceDepartments},
		RemovalsDefinition: string(definitionDigest), Unplaced: r.planner.Unplaced(),
	}
	if verdict.Hold != nil {
		summary.Notice = sayFinding(verdict.Hold)
	}
	summary.Notice = withOverride(summary.Notice, e.definition.RunSpec.GuardOverride)
	return summary, verdict, nil
}

// plannedLines is a plan that need not be stored, since there is nothing to do and planning again would find the same.
func plannedLines(planner *plan.Planner, hold *guard.Finding, summary planSummary) iter.Seq2[planLine, error] {
	return func(yield func(planLine, error) bool) {
		for operation, err := range planner.Operations(hold) {
			if err != nil {
				yield(planLine{}, err)
				return
			}
			record := decidedRecord(&operation, summary.Time)
			if !yield(planLine{Record: &record}, nil) {
				return
			}
		}
		for change := range planner.LinkChanges() {
			if !yield(planLine{Link: &change}, nil) {
				return
			}
		}
	}
}

// storePlan makes the plan durable, and checks that all that follows fits into the budget. Nothing is written to the target before.
func (e *execution) storePlan(ctx context.Context, planner *plan.Planner, hold *guard.Finding, summary planSummary) (planSummary, error) {
	writer, err := newPlanWriter(ctx, e.Store, e.scope, summary)
	if err != nil {
		return planSummary{}, err
	}
	for operation, err := range plan.Validated(planner.Operations(hold)) {
		if err != nil {
			return planSummary{}, err
		}
		if operation.Decision != nil {
			record := decidedRecord(&operation, summary.Time)
			err = writer.record(&record)
		} else {
			err = writer.operation(&operation)
		}
		if err != nil {
			return planSummary{}, err
		}
	}
	for change := range planner.LinkChanges() {
		if err := writer.link(change); err != nil {
			return planSummary{}, err
		}
	}
	summary, content, err := writer.commit(ctx)
	if err != nil {
		return planSummary{}, err
	}
	estimate := artifact.Estimate{Plan: content.StoredBytes, Operations: int64(summary.Operations)}
	if err := e.checkBudget(ctx, estimate); err != nil {
		return planSummary{}, errors.Join(err, artifact.Delete(ctx, e.Store, e.scope, planStream))
	}
	return summary, nil
}

// What a link is taken to need in a stored state, and a record of somebody who needs no update, both compressed.
const (
	linkBytes   = 64
	recordBytes = 64
)

// checkBudget refuses a run whose records would not fit. A plan of it is stored by now, and the estimate counts it.
func (e *execution) checkBudget(ctx context.Context, estimate artifact.Estimate) error {
	usage, err := e.Store.Usage(ctx)
	if err != nil {
		return fmt.Errorf("asking how much is stored already: %w", err)
	}
	usage.Task -= estimate.Plan
	usage.All -= estimate.Plan
	e.reporter.note(func(current *report.Report) { current.Usage = &report.Usage{Task: usage.Task, All: usage.All} })
	links := e.state.Links.Count(directory.User) + e.state.Links.Count(directory.Department)
	estimate.State = linkBytes * (links + estimate.Operations)
	err = e.Budget.Check(usage, estimate)
	var over *artifact.BudgetError
	if errors.As(err, &over) {
		return &failure{v1alpha1.ReasonBudgetExceeded, over.Error()}
	}
	return err
}
