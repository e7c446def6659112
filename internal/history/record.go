package history

import (
	"time"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

// Record is what happened to one entry in one operation. It is stored as one line of JSON.
type Record struct {
	Subject   directory.Kind     `json:"subject"`
	Operation plan.OperationKind `json:"operation"`
	Status    plan.Status        `json:"status"`
	// SourceID and TargetID name the entry on either side; one of them may be empty.
	SourceID string `json:"source,omitempty"`
	TargetID string `json:"target,omitempty"`
	// Name is what people call the entry.
	Name string `json:"name,omitempty"`
	// Time is when this was done or decided.
	Time time.Time `json:"time"`
	// Changes are the fields before and after.
	Changes []plan.Change `json:"changes,omitempty"`
	// Reason is one word for programs, Message a sentence for people. Both are empty for what simply succeeded.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// Counted is set in a record that stands for many: those of entries without a change, which are kept as a number.
	Counted *Counted `json:"counted,omitempty"`
}
