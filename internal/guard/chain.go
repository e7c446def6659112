package guard

// The reasons of findings. SourceEmpty and GuardStopped end a run; the others hold its removals.
const (
	// SourceEmpty: the source answered with nothing while links exist.
	SourceEmpty = "SourceEmpty"
	// GuardStopped: shrink, cleared or changed is over its limit.
	GuardStopped = "GuardStopped"
	// StateRebuilt: the state was lost, and links found by matching are no proof.
	StateRebuilt = "StateRebuilt"
	// DefinitionChanged: the removals may come from an edit of the task and not from the source.
	DefinitionChanged = "DefinitionChanged"
	// TooManyRemovals: removals is over its limit.
	TooManyRemovals = "TooManyRemovals"
	// DepartmentEmptied: a department would lose more than half of its people.
	DepartmentEmptied = "DepartmentEmptied"
)

// rule looks at a plan and answers with a finding when it speaks.
type rule func(Limits, Facts) *Finding

// The rules by what they decide, each list in the order of priority: the first one that speaks gives the finding.
var (
	stops = []rule{sourceEmpty, shrink, cleared, changed}
	holds = []rule{stateRebuilt, definitionChanged, removals, departmentEmptied}
)

// Evaluate asks all rules. Both parts of the verdict may be set; where the run stops, what would be held does not matter.
func Evaluate(l Limits, f Facts) Verdict {
	return Verdict{Stop: first(stops, l, f), Hold: first(holds, l, f)}
}

func first(rules []rule, l Limits, f Facts) *Finding {
	for _, speaks := range rules {
		if finding := speaks(l, f); finding != nil {
			return finding
		}
	}
	return nil
}

// few is a number of entries that is never a share worth stopping for: in a directory of ten people one leaver is 10%, and a guard
// that stops for each of them is soon turned off. What little slips through is still looked up in the source one by one before it
// is removed.
const few = 3

// over reports that a part is more than a percentage of the whole, and more than a few.
func over(part, percent, whole int64) bool {
	return part > few && part*100 > percent*whole
}
