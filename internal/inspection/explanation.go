package inspection

import (
	"time"

	"synccenter.dev/synccenter/internal/history"
)

// Explanation is the way of one entry through read, scope, mapping, match and decision. Nothing was changed to find it out.
type Explanation struct {
	SchemaVersion int       `json:"schemaVersion"`
	Time          time.Time `json:"time"`
	Subject       Subject   `json:"subject"`
	// Candidates are set, and nothing else, when what was asked for names several entries.
	Candidates []Candidate `json:"candidates,omitempty"`

	Name     string `json:"name,omitempty"`
	SourceID string `json:"source,omitempty"`
	TargetID string `json:"target,omitempty"`

	Read     Read     `json:"read"`
	Scope    *Scope   `json:"scope,omitempty"`
	Mapping  []Row    `json:"mapping,omitempty"`
	State    State    `json:"state"`
	Match    []Rule   `json:"match,omitempty"`
	Decision Decision `json:"decision"`
}

// Candidate is one of several entries that fit.
type Candidate struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Place string `json:"place"`
	// Target: it is an entry of the target, and there is none in the source.
	Target bool `json:"inTarget,omitempty"`
}

// Read is what the source gave.
type Read struct {
	Found   bool   `json:"found"`
	Message string `json:"message"`
	Place   string `json:"place,omitempty"`
	// Departments are those of a user, or the parent of a department, as paths.
	Departments []string `json:"departments,omitempty"`
	Fields      []Field  `json:"fields,omitempty"`
	Unreadable  []string `json:"unreadable,omitempty"`
}

// Field is a field with its values. A sensitive one has a mask.
type Field struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Scope says whether the task is about the entry.
type Scope struct {
	In bool `json:"in"`
	// Unknown: it cannot be told, so the entry is left alone.
	Unknown bool   `json:"unknown,omitempty"`
	Message string `json:"message"`
}

// Row is what one row of the mapping makes of the entry.
type Row struct {
	Path   string   `json:"path"`
	To     string   `json:"to"`
	Giver  string   `json:"giver"`
	Reads  []Field  `json:"reads,omitempty"`
	Values []string `json:"values,omitempty"`
	// Message says what else is to be known: it is written by creates alone, cannot be read, or failed.
	Message string `json:"message,omitempty"`
	Failed  bool   `json:"failed,omitempty"`
}

// State is what the task remembers of the entry.
type State struct {
	Linked  bool       `json:"linked"`
	Message string     `json:"message"`
	Origin  string     `json:"origin,omitempty"`
	Link    string     `json:"link,omitempty"`
	Since   *time.Time `json:"since,omitempty"`
	Run     string     `json:"run,omitempty"`
	Reason  string     `json:"reason,omitempty"`
	// Target is the linked entry as the target has it now; nil when it is not there.
	Target *Hit `json:"targetEntry,omitempty"`
}

// Rule is what one matching rule found.
type Rule struct {
	Rule    string  `json:"rule"`
	Fields  []Field `json:"fields,omitempty"`
	Message string  `json:"message"`
	Hits    []Hit   `json:"hits,omitempty"`
}

// Hit is an entry of the target.
type Hit struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Place string `json:"place"`
	// Mark is whose mark it bears, and for which source entry.
	Mark string `json:"mark,omitempty"`
	// LinkedTo is the source entry that it is linked to.
	LinkedTo string `json:"linkedTo,omitempty"`
	Disabled bool   `json:"disabled,omitempty"`
}

// Decision is what a run would do now.
type Decision struct {
	Message string `json:"message"`
	// Stopped says why a run would stop before its first write, and Notice why removals are held.
	Stopped string `json:"stopped,omitempty"`
	Notice  string `json:"notice,omitempty"`
	// Operations are those that concern the entry, as their records would be.
	Operations []history.Record `json:"operations,omitempty"`
}
