package apply

import (
	"cmp"
	"time"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

// Outcome is what became of one operation of a plan.
type Outcome struct {
	// Index is that of the operation.
	Index  int         `json:"index"`
	Status plan.Status `json:"status"`
	// Reason is one word for programs, Message a sentence for people. Both are empty for what simply succeeded.
	Reason  string    `json:"reason,omitempty"`
	Message string    `json:"message,omitempty"`
	Time    time.Time `json:"time"`
	// TargetID is the ID of the entry that a create made.
	TargetID string `json:"target,omitempty"`
	// Learned are the fields that read otherwise than they were written.
	Learned []state.Learned `json:"learned,omitempty"`
	// Pending are the references of the operation that name entries which are not linked yet, so that they were left out.
	Pending []Pending `json:"pending,omitempty"`
	// Cause is what went wrong at first, where the message says more: that of an operation that this one needs, or without what became of the entry.
	Cause string `json:"cause,omitempty"`
	// Unsure says that nobody knows whether the operation was done.
	Unsure bool `json:"unsure,omitempty"`
}

// cause is what went wrong at first.
func (o Outcome) cause() string { return cmp.Or(o.Cause, o.Message) }

// Pending are references of one field that wait for a link.
type Pending struct {
	Field string   `json:"field"`
	IDs   []string `json:"ids"`
}

// The reasons of outcomes, beside the classes of connector errors.
const (
	// ReasonDependencyFailed: an operation that this one needs did not succeed.
	ReasonDependencyFailed = "DependencyFailed"
	// ReasonReferencePending: what the operation refers to is not in the target yet. A later run does it.
	ReasonReferencePending = "ReferencePending"
	// ReasonNotReached: the run ended before the operation was begun.
	ReasonNotReached = "NotReached"
	// ReasonInDoubt: the run ended without knowing whether the operation happened.
	ReasonInDoubt = "InDoubt"
	// ReasonStillInSource: the look-up just before a removal found the entry in the source.
	ReasonStillInSource = "StillInSource"
	// ReasonLookupFailed: the look-up just before a removal did not answer, so nothing was removed.
	ReasonLookupFailed = "LookupFailed"
	// ReasonTurnedOn: an account that was to be deleted some time after it was disabled is on again.
	ReasonTurnedOn = "TurnedOn"
	// ReasonSensitiveChanged: a sensitive value is another than when the plan was made, or cannot be told any more.
	ReasonSensitiveChanged = "SensitiveValueChanged"
	// ReasonMarkDisagrees: the mark in the target entry is not that of the link.
	ReasonMarkDisagrees = plan.ReasonMarkDisagrees
	// ReasonProtected: the task says that the target entry is never removed.
	ReasonProtected = plan.ReasonProtected
	// ReasonGone: what was to be removed was not there any more.
	ReasonGone = "AlreadyGone"
	// ReasonError: an error without a class.
	ReasonError = "Error"
)

// reasonOf is the reason of an operation that failed with err.
func reasonOf(err error) string {
	if class := connector.ClassOf(err); class != "" {
		return string(class)
	}
	return ReasonError
}

// refusal ends an operation without a call for it.
type refusal struct {
	status  plan.Status
	reason  string
	message string
	pending []Pending
	// unsure: what the operation needs may be there, and nobody knows which entry it is.
	unsure bool
}

func (r *refusal) Error() string { return r.message }
