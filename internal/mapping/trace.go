package mapping

import (
	"cmp"
	"slices"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
)

// Trace is what one row makes of an entry.
type Trace struct {
	// Path is where the row stands in the task, To the target field.
	Path, To string
	// From is set for a copy, Constant for a constant; else an expression gives the values.
	From     string
	Constant []string
	// Reads are the source fields that it may read.
	Reads []string
	// Values are those that the target field is to have; not known when Unreadable or Err is set.
	Values []string
	// Unreadable: the row needs a field that cannot be read.
	Unreadable bool
	Err        error
	// OnCreate: only a create writes it. Sensitive: the values are for nobody to see. Numbered: doubles get a number behind the value.
	OnCreate, Sensitive, Numbered bool
	// Refers is the kind of entries that the values name, for a reference.
	Refers directory.Kind
}

// Trace maps an entry row by row, in the order of the task. Map stops at the first row that fails; here each row has its own outcome.
func (m *Mapper) Trace(e directory.Entry) []Trace {
	k := m.of(e.Kind)
	var traces []Trace
	for _, group := range [][]row{k.fields, k.onCreate, k.references} {
		for i := range group {
			r := &group[i]
			values, known, err := r.values(&e)
			trace := Trace{
				Path: r.path, To: r.field.Name, From: r.from, Constant: r.constant, Reads: r.reads(), Values: values, Unreadable: !known, Err: err,
				OnCreate: r.onCreate, Sensitive: r.sensitive, Numbered: r.numbered, Refers: r.field.Refers,
			}
			traces = append(traces, trace)
		}
	}
	slices.SortFunc(traces, func(a, b Trace) int { // by number: [2] before [10]
		return cmp.Or(cmp.Compare(len(a.Path), len(b.Path)), strings.Compare(a.Path, b.Path))
	})
	return traces
}

// RuleTrace is what one matching rule looks for.
type RuleTrace struct {
	Pairs []PairTrace
	// Key is the comparison key; empty when the rule matches nothing for this entry.
	Key string
}

// PairTrace is one pair of fields of a rule, with the values that the source entry has.
type PairTrace struct {
	Target, Source string
	Values         []string
	Unreadable     bool
}

// TraceRules says what each matching rule looks for on behalf of a source entry.
func (m *Mapper) TraceRules(e *directory.Entry) []RuleTrace {
	k := m.of(e.Kind)
	traces := make([]RuleTrace, 0, len(k.rules))
	for _, r := range k.rules {
		trace := RuleTrace{Key: r.key(e, func(p pair) string { return p.source })}
		for _, p := range r.pairs {
			trace.Pairs = append(trace.Pairs, PairTrace{
				Target: p.field.Name, Source: p.source, Values: e.Attributes.Get(p.source), Unreadable: isUnreadable(e, p.source),
			})
		}
		traces = append(traces, trace)
	}
	return traces
}

// SensitiveSource lists the source fields that sensitive rows of a kind read.
func (m *Mapper) SensitiveSource(kind directory.Kind) []string {
	var names []string
	for i := range m.of(kind).sensitive {
		names = append(names, m.of(kind).sensitive[i].reads()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
