package runner

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/apply"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/state"
)

// tail is what is learned while the records of a run are written.
type tail struct {
	counts  history.Counts
	records report.Records
	// removed are the people whose account or last department was taken away, and the departments that were deleted.
	removed map[apply.Removal]struct{}
	// notReached counts what the run did not come to, inDoubt what it does not know about.
	notReached, inDoubt int64
	// losses are what is held of people who are in the source. They are entered when the links of this run are there.
	losses []heldLoss
	// unlisted: something is held for somebody who has no link, so that it is on no list.
	unlisted bool
	// adopted counts the entries that became ours and were there before.
	adopted int64
	// refused counts the removals that were refused at the last look, and refusal says why.
	refused int64
	refusal string
	// undecided are those who wait for a person to say whose a target entry is.
	undecided undecided
}

// heldLoss is an operation that would take the last department from people or turn an account off, and what held it.
type heldLoss struct {
	operation plan.Operation
	outcome   apply.Outcome
}

// finish leaves what stays of a run: its records whole, the state, the export and the last report. In this order: as long as the report is
// not the last one, the plan and the journal are there for another attempt, which then does it again with the same result.
func (e *execution) finish(ctx context.Context, summary planSummary, lines iter.Seq2[planLine, error], ledger *apply.Ledger, how ending) error {
	endTime := e.Now().UTC()
	// The links of a state that this run saved after it made this plan already have all its effects.
	saved := e.state.LastSequence == e.definition.Sequence && e.revision != summary.State
	t, err := e.writeRecords(ctx, lines, ledger, !saved)
	if err != nil {
		return err
	}
	if !saved {
		if err := e.saveState(ctx, summary, t, how); err != nil {
			return err
		}
	}
	outcome := outcomeOf(e.definition.Run.Name, t, how, summary.Unplaced, e.aboutWhom(), noticeOf(summary, t))
	outcome.EndTime = endTime
	export, err := e.export(ctx, &outcome, t.counts)
	if err != nil {
		return err
	}
	facts := report.Report{Counts: &t.counts, Records: &t.records, Export: export, State: stateReport(e.state)}
	e.reporter.note(func(current *report.Report) { current.Notice = noticeOf(summary, t) })
	if err := e.reporter.end(ctx, outcome, facts); err != nil {
		return err
	}
	e.Log.Info("the run is over", "result", outcome.Result, "message", outcome.Message, "records", t.records.Count)
	return e.cleanUp(ctx)
}

// writeRecords makes one record of each line of the plan and its outcome, counts them, and enters their effects into the links.
func (e *execution) writeRecords(ctx context.Context, lines iter.Seq2[planLine, error], ledger *apply.Ledger, effects bool) (tail, error) {
	_, revision, err := artifact.Stat(ctx, e.Store, e.scope, recordsStream)
	if err != nil && !errors.Is(err, artifact.ErrNotFound) {
		return tail{}, err
	}
	writer, err := artifact.NewWriter(ctx, e.Store, e.scope, recordsStream, revision)
	if err != nil {
		return tail{}, err
	}
	encoder := history.NewEncoder(writer)
	t := tail{removed: map[apply.Removal]struct{}{}}
	var counter history.Counter
	asNumber := e.definition.TaskSpec.History.NoUpdate == v1alpha1.NoUpdateCount
	for line, err := range lines {
		if err != nil {
			return tail{}, err
		}
		record, err := e.recordOf(&line, ledger, effects, &t)
		if err != nil {
			return tail{}, err
		}
		if record == nil {
			continue
		}
		counter.Add(record)
		t.undecided.see(record)
		if asNumber && record.IsPlain() {
			continue
		}
		if err := encoder.Encode(record); err != nil {
			return tail{}, err
		}
	}
	if asNumber {
		for _, number := range counter.Numbers() {
			if err := encoder.Encode(&number); err != nil {
				return tail{}, err
			}
		}
	}
	if err := e.enterLosses(&t, effects); err != nil {
		return tail{}, err
	}
	content, _, err := writer.Commit(ctx)
	if err != nil {
		return tail{}, err
	}
	t.counts = counter.Counts()
	t.records = report.Records{Count: t.counts.Records, Bytes: content.StoredBytes, Digest: "sha256:" + content.SHA256}
	return t, nil
}

// recordOf is the record of one line of the plan; nil for a line that leaves none.
func (e *execution) recordOf(line *planLine, ledger *apply.Ledger, effects bool, t *tail) (*history.Record, error) {
	switch {
	case line.Record != nil:
		decided := plan.Operation{
			Index: -1, Kind: line.Record.Operation, Subject: line.Record.Subject, SourceID: line.Record.SourceID,
			TargetID: line.Record.TargetID, Name: line.Record.Name,
		}
		outcome := apply.Outcome{Status: line.Record.Status, Reason: line.Record.Reason, Message: line.Record.Message, Time: line.Record.Time}
		decided.Changes = line.Record.Changes
		if apply.WaitsInPlace(&decided, outcome) {
			t.losses = append(t.losses, heldLoss{decided, outcome})
			return line.Record, nil
		}
		return line.Record, e.effect(&decided, outcome, effects)
	case line.Operation != nil:
		outcome, ok := ledger.Outcome(line.Operation.Index)
		if !ok {
			return nil, fmt.Errorf("operation %d of the plan has no outcome, so the records would not be whole", line.Operation.Index)
		}
		t.see(line.Operation, outcome)
		record := doneRecord(line.Operation, outcome)
		return &record, e.effect(line.Operation, outcome, effects)
	case line.Link != nil && effects:
		return nil, e.linkEffect(line.Link)
	}
	return nil, nil
}

// enterLosses remembers what is held of people who are in the source.
func (e *execution) enterLosses(t *tail, effects bool) error {
	for _, loss := range t.losses {
		if err := e.effect(&loss.operation, loss.outcome, effects); err != nil {
			return err
		}
		for _, id := range apply.People(&loss.operation) {
			t.unlisted = t.unlisted || !e.state.Links.Has(directory.User, id)
		}
	}
	return nil
}

// linkEffect enters what planning alone changed of a link. What the operations made of the link stays: they come first in the plan.
func (e *execution) linkEffect(change *plan.LinkChange) error {
	if change.Lost {
		return nil
	}
	current, linked := e.state.Links.BySource(change.Link.Kind, change.Link.SourceID)
	if !linked || current.TargetID != change.Link.TargetID {
		return nil
	}
	switch {
	case change.Drop:
		e.state.Links.Delete(current.Kind, current.SourceID)
		return nil
	case change.LossEnds:
		current.HeldLoss = nil
		return e.state.Links.Put(current)
	case change.OffEnds:
		current.HeldOff = nil
		return e.state.Links.Put(current)
	case change.Link.State == state.Released:
		current.HeldLoss, current.HeldOff = nil, nil
	}
	current.State, current.Off = change.Link.State, change.Link.Off
	current.Since, current.Run, current.Reason = change.Link.Since, change.Link.Run, change.Link.Reason
	return e.state.Links.Put(current)
}

func (e *execution) effect(operation *plan.Operation, outcome apply.Outcome, wanted bool) error {
	if !wanted {
		return nil
	}
	return apply.Effect(e.state.Links, operation, outcome, e.definition.Run.Name)
}

// see notes what the end of the run depends on.
func (t *tail) see(operation *plan.Operation, outcome apply.Outcome) {
	switch {
	case outcome.Reason == apply.ReasonNotReached:
		t.notReached++
	case outcome.Reason == apply.ReasonInDoubt:
		t.inDoubt++
	case outcome.Reason == apply.ReasonDependencyFailed: // its record names what it needs
	case (operation.Removal != "" || operation.TakesAway) && outcome.Status == plan.Skipped:
		t.refused++
		t.refusal = outcome.Message
	}
	if operation.Adopt && operation.Relinks == "" && outcome.Status == plan.Succeeded {
		t.adopted++
	}
	for _, one := range apply.Removed(operation, outcome) {
		t.removed[one] = struct{}{}
	}
}

// saveState replaces the state, if nobody else has done so since it was read.
func (e *execution) saveState(ctx context.Context, summary planSummary, t tail, how ending) error {
	s := e.state
	s.LastSequence = e.definition.Sequence
	s.Positions = state.Positions{Source: summary.Positions.Source, Target: e.reachedTarget(ctx, summary.Positions.Target)}
	s.AddRemovals(e.Now(), int64(len(t.removed)))
	if e.definition.RunSpec.Only != nil {
		// What a run about some entries alone has seen says nothing about all the others.
		s.Partial = s.Partial || e.loaded.FirstRun
		return e.replaceState(ctx)
	}
	s.Partial, s.LastRead = false, summary.Read
	if t.notReached+t.inDoubt == 0 && !t.unlisted && how.stopped == nil {
		s.RemovalsDefinition = summary.RemovalsDefinition
	}
	return e.replaceState(ctx)
}

func (e *execution) replaceState(ctx context.Context) error {
	revision, err := e.state.Save(ctx, e.Store, e.revision)
	if err != nil {
		return err
	}
	e.revision = revision
	return nil
}
