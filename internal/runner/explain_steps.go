package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/hidden"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/state"
)

// recorded is a record that nobody stores.
type recorded = history.Record

// explainRead says what the source gave.
func (x *explainer) explainRead() {
	read := &x.result.Read
	switch {
	case x.entry == nil:
		read.Message = fmt.Sprintf("the source has no %s of this ID, place, name or value, or the account may not see it", strings.ToLower(string(x.kind)))
		if len(x.sensitive) > 0 {
			read.Message += "; the fields of sensitive rows are not searched"
		}
		return
	case x.entry.Filtered:
		read.Message = "the source has it, and the filter of the source leaves it out"
	case x.entry.Err != nil:
		read.Found, read.Message = true, "it cannot be understood, so it is neither changed nor removed: "+x.message(x.entry.Err)
	default:
		read.Found, read.Message = true, "found in the source"
	}
	read.Place, read.Unreadable = x.entry.Place, x.entry.Unreadable
	above := x.entry.Departments
	if x.kind == directory.Department && x.entry.Parent != "" {
		above = []string{x.entry.Parent}
	}
	for _, id := range above {
		read.Departments = append(read.Departments, x.chosen.Path(id))
	}
	for _, attribute := range x.entry.Attributes {
		read.Fields = append(read.Fields, x.field(attribute.Name, attribute.Values))
	}
}

// field shows a field of the source, with a mask when it is sensitive.
func (x *explainer) field(name string, values []string) inspection.Field {
	if x.sensitive[name] {
		return inspection.Field{Name: name, Values: maskOf(values)}
	}
	return inspection.Field{Name: name, Values: shown(values)}
}

// message is that of an error about the entry, unless it tells what is sensitive.
func (x *explainer) message(err error) string {
	return hidden.Error(err, x.mapper.SecretsOfSource(x.entry)).Error()
}

const (
	valuesShown = 50
	// longestShown is how many bytes of one value are shown.
	longestShown = 1000
)

// shown makes values fit to be read: bounded, and as text.
func shown(values []string) []string {
	var list []string
	for i, value := range values {
		switch {
		case i == valuesShown:
			return append(list, fmt.Sprintf("(%d more)", len(values)-valuesShown))
		case !utf8.ValidString(value):
			value = fmt.Sprintf("(%d bytes)", len(value))
		case len(value) > longestShown:
			value = strings.ToValidUTF8(value[:longestShown], "") + "…"
		}
		list = append(list, value)
	}
	return list
}

func (x *explainer) explainScope() {
	if x.entry == nil || x.entry.Filtered {
		return
	}
	in, why, err := x.chosen.Why(x.entry, x.state.Links.Has(x.kind, x.entry.ID))
	if err == nil {
		err = x.entry.Err
	}
	if err != nil {
		x.result.Scope = &inspection.Scope{Unknown: true, Message: "it cannot be told, so the entry is left alone: " + x.message(err)}
		return
	}
	x.result.Scope = &inspection.Scope{In: in, Message: why}
}

// explainMapping shows each row.
func (x *explainer) explainMapping() {
	if x.entry == nil || x.entry.Err != nil {
		return
	}
	rows := x.definition.TaskSpec.Mappings.Users
	if x.kind == directory.Department {
		rows = x.definition.TaskSpec.Mappings.Departments
	}
	for i := range x.rows {
		x.result.Mapping = append(x.result.Mapping, x.row(&x.rows[i], rows))
	}
}

func (x *explainer) row(trace *mapping.Trace, rows []v1alpha1.Mapping) inspection.Row {
	row := inspection.Row{Path: trace.Path, To: trace.To, Giver: giverOf(trace, rows), Values: shown(trace.Values)}
	if trace.Sensitive {
		row.Values = maskOf(trace.Values)
	}
	for _, name := range trace.Reads {
		row.Reads = append(row.Reads, x.field(name, x.entry.Attributes.Get(name)))
	}
	var notes []string
	switch {
	case trace.Err != nil:
		row.Failed, row.Values = true, nil
		notes = append(notes, x.message(trace.Err))
	case trace.Unreadable:
		notes = append(notes, "a field that it reads cannot be read: the target's value stays as it is")
	case len(trace.Values) == 0:
		notes = append(notes, "no value: the target's value is cleared")
	}
	if trace.OnCreate {
		notes = append(notes, "written when the entry is created, and never again")
	}
	if trace.Numbered {
		notes = append(notes, "a number follows where others have it already")
	}
	if trace.Refers != "" {
		notes = append(notes, "names others, who are looked up among the links")
	}
	row.Message = strings.Join(notes, "; ")
	return row
}

// giverOf says in the words of the task where a field's values come from.
func giverOf(trace *mapping.Trace, rows []v1alpha1.Mapping) string {
	switch {
	case trace.From != "":
		return "from " + trace.From
	case len(trace.Constant) > 0 && trace.Sensitive: // a task with such a row is refused
		return "value " + hidden.Mask
	case len(trace.Constant) > 0:
		return fmt.Sprintf("value %q", trace.Constant)
	}
	for i := range rows {
		if strings.EqualFold(string(rows[i].To), trace.To) {
			return "expression " + rows[i].Expression
		}
	}
	return "expression"
}

// explainState says what the task remembers.
func (x *explainer) explainState() {
	said := &x.result.State
	link, linked := x.linkOf()
	if !linked {
		said.Message = "no link: the task has not met it, or met it in vain"
		if x.loaded.FirstRun {
			said.Message = "no link: the next run is the first one"
		}
		if x.loaded.Notice != "" {
			said.Message += " (" + x.loaded.Notice + ")"
		}
		return
	}
	said.Linked, said.Origin, said.Link = true, string(link.Origin), string(link.State)
	said.Since, said.Run, said.Reason = link.Since, link.Run, link.Reason
	said.Message = map[state.LinkState]string{
		state.Active:   "linked, and kept in step",
		state.Disabled: "linked; it left the source or the scope, and the account was turned off",
		state.Held:     "linked; it left the source or the scope, and its removal waits for a person",
		state.Released: "linked; a person rejected its removal, so it is left alone until it is back",
	}[link.State]
	if loss := link.HeldLoss; loss != nil {
		said.Since, said.Run, said.Reason = &loss.Since, loss.Run, loss.Reason
		said.Message += "; the loss of the last department waits for a person"
	}
	switch {
	case said.Target == nil:
		said.Message += "; the target does not have the linked entry any more"
	case said.Target.Mark != "" && said.Target.Mark != x.definition.Owner+"#"+link.SourceID:
		said.Message += "; the mark of the target entry does not agree with the link"
	}
}

func (x *explainer) linkOf() (state.Link, bool) {
	if x.result.SourceID == "" {
		return state.Link{}, false
	}
	return x.state.Links.BySource(x.kind, x.result.SourceID)
}

// explainMatch says what each rule finds. An entry with a link is not matched.
func (x *explainer) explainMatch() {
	if x.entry == nil || x.result.Scope == nil || !x.result.Scope.In {
		return
	}
	if x.result.State.Linked && x.result.State.Target != nil {
		x.result.Match = []inspection.Rule{{Rule: "link", Message: "the link decides; no rule is asked"}}
		return
	}
	marked := inspection.Rule{Rule: "mark", Hits: x.marked.first, Message: found(x.marked.count)}
	x.result.Match = append(x.result.Match, marked)
	for i, trace := range x.rules {
		rule := inspection.Rule{Hits: x.hits[i].first, Message: found(x.hits[i].count)}
		var pairs []string
		for _, pair := range trace.Pairs {
			pairs = append(pairs, fmt.Sprintf("target %s = source %s", pair.Target, pair.Source))
			rule.Fields = append(rule.Fields, x.field(pair.Source, pair.Values))
		}
		rule.Rule = strings.Join(pairs, " and ")
		if trace.Key == "" {
			rule.Message = "a field that it compares has no value, or none that can be read: it matches nothing"
		}
		x.result.Match = append(x.result.Match, rule)
	}
}

func found(count int) string {
	switch count {
	case 0:
		return "finds nobody"
	case 1:
		return "finds one entry"
	}
	return fmt.Sprintf("finds %d entries", count)
}

// explainDecision plans everything and picks what concerns the entry.
func (x *explainer) explainDecision(ctx context.Context) error {
	facts, err := x.plan(ctx, x.planner)
	if err != nil {
		return err
	}
	decision := &x.result.Decision
	summary, verdict, err := x.judge(x.reading, facts)
	var stopped *failure
	switch {
	case errors.As(err, &stopped):
		decision.Stopped = stopped.message
	case err != nil:
		return err
	default:
		decision.Notice = summary.Notice
	}
	for operation, err := range x.planner.Operations(verdict.Hold) {
		if err != nil {
			return err
		}
		mine := operation.SourceID != "" && operation.SourceID == x.result.SourceID || operation.TargetID != "" && operation.TargetID == x.result.TargetID
		if operation.Subject == x.kind && mine {
			decision.Operations = append(decision.Operations, x.plannedRecord(&operation))
		}
	}
	decision.Message = x.decided()
	return nil
}

// decided sums the decision up.
func (x *explainer) decided() string {
	operations := x.result.Decision.Operations
	switch {
	case x.result.Decision.Stopped != "":
		return "a run would stop before its first write, so nothing would happen to it; without that, this is what it would do"
	case len(operations) > 0 && slices.ContainsFunc(operations, func(o recorded) bool { return o.Status == "Planned" }):
		return "a run would do this now"
	case len(operations) > 0:
		return "a run would write nothing about it, and record this"
	case x.result.SourceID == "" && x.result.TargetID == "":
		return "neither directory has it, and the task does not remember it"
	case x.entry == nil && !x.result.State.Linked && x.result.State.Target != nil && x.result.State.Target.Mark != "":
		return "nothing: it belongs to the owner of its mark"
	case x.entry == nil && !x.result.State.Linked:
		return "nothing: nobody of the source is this entry of the target, and the task does not answer for it"
	case x.result.State.Linked:
		return "nothing: what was decided about it stays, and makes no record again"
	}
	return "nothing: the task is not about it"
}
