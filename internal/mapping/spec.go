package mapping

import "synccenter.dev/synccenter/internal/directory"

// Spec is what a task says about mapping and matching.
type Spec struct {
	Users       []Row
	Departments []Row
	MatchUsers  []Rule
	// MatchDepartments are the matching rules of departments.
	MatchDepartments []Rule
}

// Row gives one target field its value: exactly one of From, Value and Expression is set.
type Row struct {
	To         string
	From       string
	Value      *string
	Expression string
	// Type and Equality override those of the target's schema when they are not empty.
	Type     directory.Type
	Equality directory.Equality
	// OnCreate: only a create writes the field.
	OnCreate bool
	// Sensitive: the values are shown nowhere. Whoever plans and records them has Mapper.Sensitive to ask.
	Sensitive bool
	// Numbered: the value is a base, and whoever would have one that somebody else has gets a number behind it. Planning chooses it.
	Numbered bool
	// Required: an entry without a value fails.
	Required bool
}

// Rule finds an unlinked target entry for an unlinked source entry: all pairs of fields must be equal under the target field's equality.
type Rule struct {
	Pairs []Pair
}

// Pair is a target field and the source field that it must equal.
type Pair struct {
	Target, Source string
}
