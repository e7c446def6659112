package runner

import (
	"context"
	"errors"

	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/report"
)

// explainer follows one entry through what a run does before its first write. It reads and plans everything, as a run does, so that what it
// says is what a run would do.
type explainer struct {
	*reading
	asked  inspection.Subject
	kind   directory.Kind
	result *inspection.Explanation

	// here and there are the entries of either side that are asked for, as far as they were seen.
	here, there finder
	// entry is that of the source; nil when there is none.
	entry *directory.Entry
	// rows are what each row makes of it, rules what each matching rule looks for.
	rows  []mapping.Trace
	rules []mapping.RuleTrace
	// sensitive are the source fields that nobody may see.
	sensitive map[string]bool
	// hits are the entries of the target that each rule finds, marked those with our mark for the entry.
	hits   []hitList
	marked hitList
}

// explain answers with the way of one entry.
func (i *Inspector) explain(ctx context.Context, taken definition.Definition, asked inspection.Subject) (*inspection.Explanation, error) {
	e, err := i.execution(ctx, taken)
	if err != nil {
		return nil, err
	}
	explained, err := e.explain(ctx, asked)
	if closeErr := e.closeEnds(); err == nil {
		err = closeErr
	}
	return explained, err
}

// execution opens both ends and loads the state, as a run does. Nothing of it is stored.
func (i *Inspector) execution(ctx context.Context, taken definition.Definition) (*execution, error) {
	quiet := &Runner{Store: i.Store, Reports: nowhere{}, Connect: i.Connect, Now: i.Now, Log: i.Log}
	e := &execution{Runner: quiet, definition: taken}
	e.reporter = newReporter(nowhere{}, i.Now, Attempt{}, nil)
	identity, err := e.open(ctx)
	if err == nil {
		err = e.loadState(ctx, identity)
	}
	if err == nil {
		_, err = e.reach(ctx, e.state.Positions)
	}
	if err != nil {
		return nil, errors.Join(err, e.closeEnds())
	}
	return e, nil
}

// nowhere takes reports that nobody reads.
type nowhere struct{}

func (nowhere) Last(context.Context) (*report.Report, error) { return nil, nil }

func (nowhere) Put(context.Context, *report.Report) error { return nil }

func (e *execution) explain(ctx context.Context, asked inspection.Subject) (*inspection.Explanation, error) {
	r, err := e.prepareReading(ctx)
	if err != nil {
		return nil, err
	}
	x := &explainer{
		reading: r, asked: asked, kind: directory.Kind(asked.Subject), sensitive: map[string]bool{},
		result: &inspection.Explanation{SchemaVersion: inspection.SchemaVersion, Time: e.Now().UTC(), Subject: asked},
	}
	for _, name := range e.mapper.SensitiveSource(x.kind) {
		x.sensitive[name] = true
	}
	x.here = finder{query: asked.Entry, sensitive: func(field string) bool { return x.sensitive[field] }}
	x.there = finder{query: asked.Entry, sensitive: func(field string) bool { return e.mapper.Sensitive(x.kind, field) }}
	r.watch = x.watch
	// The source goes first: what the matching rules look for in the target is known then.
	if err := e.noted(sourceEnd, r.readSource(ctx)); err != nil {
		return nil, err
	}
	if found := x.here.found; len(found) > 1 {
		x.result.Candidates = candidatesOf(found, false)
		return x.result, nil
	}
	if err := x.choose(ctx); err != nil {
		return nil, err
	}
	if err := e.noted(targetEnd, r.readTarget(ctx)); err != nil {
		return nil, err
	}
	if !x.settle() {
		return x.result, nil
	}
	x.explainRead()
	x.explainScope()
	x.explainMapping()
	x.explainState()
	x.explainMatch()
	return x.result, x.explainDecision(ctx)
}

// watch notes the entries that are asked for, and those of the target that the rules find.
func (x *explainer) watch(side end, entry *directory.Entry) {
	if entry.Kind != x.kind {
		return
	}
	if side == sourceEnd {
		x.here.see(entry, x.chosenPath(entry))
		return
	}
	x.there.see(entry, "")
	if x.entry == nil {
		return
	}
	if link, linked := x.state.Links.BySource(x.kind, x.entry.ID); linked && link.TargetID == entry.ID {
		x.result.State.Target = x.hitOf(entry)
	}
	if entry.Mark != nil && entry.Mark.Owner == x.definition.Owner && entry.Mark.SourceID == x.entry.ID {
		x.marked.add(x.hitOf(entry))
	}
	form := x.mapper.Observe(*entry)
	for rule, key := range form.Keys {
		if rule < len(x.rules) && key != "" && key == x.rules[rule].Key {
			x.hits[rule].add(x.hitOf(entry))
		}
	}
}

// chosenPath is the path of a department, by which it may be asked for.
func (x *explainer) chosenPath(entry *directory.Entry) string {
	if x.kind != directory.Department || x.chosen == nil {
		return ""
	}
	return x.chosen.Path(entry.ID)
}

// choose takes the entry of the source that is meant, if there is exactly one, and looks for one that the source's filter leaves out.
func (x *explainer) choose(ctx context.Context) error {
	if len(x.here.found) == 1 {
		x.entry = &x.here.found[0]
	} else {
		id := x.asked.Entry
		if link, ok := x.linkNamed(); ok {
			id = link.SourceID
		}
		entries, err := x.source.Lookup(ctx, x.kind, []string{id}, union(x.mapper.SourceFields(x.kind), x.chosen.Fields()))
		if err != nil {
			return x.noted(sourceEnd, err)
		}
		if len(entries) == 1 {
			x.entry = &entries[0]
		}
	}
	if x.entry == nil {
		return nil
	}
	x.rows, x.rules = x.mapper.Trace(*x.entry), x.mapper.TraceRules(x.entry)
	x.hits = make([]hitList, len(x.rules))
	return nil
}

// settle names the entry on both sides. It reports false when it is not one entry, and what to do then.
func (x *explainer) settle() bool {
	result := x.result
	if x.entry != nil {
		result.Name, result.SourceID = x.entry.Name, x.entry.ID
		if link, linked := x.state.Links.BySource(x.kind, x.entry.ID); linked {
			result.TargetID = link.TargetID
		}
		return true
	}
	if link, ok := x.linkNamed(); ok {
		result.Name, result.SourceID, result.TargetID = link.Name, link.SourceID, link.TargetID
		return true
	}
	found := x.there.found
	if len(found) > 1 {
		result.Candidates = candidatesOf(found, true)
		return false
	}
	if len(found) == 1 {
		result.Name, result.TargetID = found[0].Name, found[0].ID
		result.SourceID, _ = x.state.Links.SourceOf(x.kind, found[0].ID)
		result.State.Target = x.hitOf(&found[0])
	}
	return true
}

func candidatesOf(found []directory.Entry, target bool) []inspection.Candidate {
	var list []inspection.Candidate
	for i := range found {
		list = append(list, inspection.Candidate{ID: found[i].ID, Name: found[i].Name, Place: found[i].Place, Target: target})
	}
	return list
}

// plannedRecord is what the record of an operation would be.
func (x *explainer) plannedRecord(operation *plan.Operation) (record recorded) {
	if operation.Decision != nil {
		record = decidedRecord(operation, x.result.Time)
	} else {
		record = recordOf(operation)
		record.Status, record.Message, record.Time = plan.Planned, operation.Note, x.result.Time
	}
	for i := range record.Changes {
		change := &record.Changes[i]
		change.Before, change.After = shown(change.Before), shown(change.After)
	}
	return record
}
