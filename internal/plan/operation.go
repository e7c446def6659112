package plan

import (
	"synccenter.dev/synccenter/internal/directory"
)

// OperationKind is one of the twelve things that can happen to an entry.
type OperationKind string

// The operations.
const (
	CreateDepartment      OperationKind = "CreateDepartment"
	MoveDepartment        OperationKind = "MoveDepartment"
	UpdateDepartment      OperationKind = "UpdateDepartment"
	ChangeUserIdentifier  OperationKind = "ChangeUserIdentifier"
	CreateUser            OperationKind = "CreateUser"
	UpdateUser            OperationKind = "UpdateUser"
	ChangeUserDepartments OperationKind = "ChangeUserDepartments"
	SyncDepartmentMembers OperationKind = "SyncDepartmentMembers"
	SyncDepartmentLeaders OperationKind = "SyncDepartmentLeaders"
	DeleteUser            OperationKind = "DeleteUser"
	DeleteDepartment      OperationKind = "DeleteDepartment"
	NoUpdate              OperationKind = "NoUpdate"
)

// Removal says how a DeleteUser or DeleteDepartment takes the entry away.
type Removal string

// The ways of removal.
const (
	Delete  Removal = "Delete"
	Disable Removal = "Disable"
	Keep    Removal = "Keep"
)

// Status is what became of an operation.
type Status string

// The statuses. Planned is only that of an operation which nobody has begun.
const (
	Succeeded Status = "Succeeded"
	Failed    Status = "Failed"
	Skipped   Status = "Skipped"
	Held      Status = "Held"
	Planned   Status = "Planned"
)

// Operation is one thing to do to one entry, or one thing that was decided about it without doing anything (Decision).
// It names entries by ID, never by place. IDs in Parent, Departments and the changes of references are those of the source;
// they are translated through the links when the operation is done.
type Operation struct {
	// Index is the position in the plan and the operation's name in the journal. Decided operations have none (-1).
	Index int `json:"index"`
	// Wave orders operations: those of one wave are independent of each other, and a wave begins when the one before has ended.
	Wave     uint32         `json:"wave"`
	Kind     OperationKind  `json:"kind"`
	Subject  directory.Kind `json:"subject"`
	SourceID string         `json:"source,omitempty"`
	// TargetID is empty for creates.
	TargetID string `json:"target,omitempty"`
	// Name is what people call the entry.
	Name string `json:"name,omitempty"`
	// Changes are the fields before and after, in the order of their names.
	Changes []Change `json:"changes,omitempty"`
	// Parent is the parent of a department that is created or moved; empty for the base.
	Parent string `json:"parent,omitempty"`
	// Departments are those of a user that is created, the main one first.
	Departments []string `json:"departments,omitempty"`
	// Main is the new main department, if it changes.
	Main string `json:"main,omitempty"`
	// Mark says that the mark is to be written: the entry is created or adopted, or its mark was missing.
	Mark bool `json:"mark,omitempty"`
	// Adopt says that the entry was nobody's and becomes ours.
	Adopt bool `json:"adopt,omitempty"`
	// Stranger says of the create of a user, on a target without marks, that somebody who is none of ours had the identifier already when the plan
	// was made: what is found there later proves nothing.
	Stranger bool `json:"stranger,omitempty"`
	// Active turns the account on (true) or off (false) when it is not nil.
	Active *bool `json:"active,omitempty"`
	// Removal is set for DeleteUser and DeleteDepartment.
	Removal Removal `json:"removal,omitempty"`
	// TakesAway says that the operation takes an account away from a person, in whatever way: the guard counts and holds it.
	TakesAway bool `json:"takesAway,omitempty"`
	// Relinks is the source ID that the target entry was linked to before: it is gone, and its link goes with it. A ChangeUserIdentifier
	// with Relinks changes the link and the mark, not the target's own identifier.
	Relinks string `json:"relinks,omitempty"`
	// Restores is set for the operation that ends a temporary identifier or name: what the entry gets back when that was given and this is not done.
	Restores *Restore `json:"restore,omitempty"`
	// Finishes says that others have something temporary until this is done: it is done also in a run that is to end, once what it needs is done.
	Finishes bool `json:"finishes,omitempty"`
	// ReadsAlike says that the value of before may come back later in the plan: to read that one does not tell whether this was done.
	ReadsAlike bool `json:"readsAlike,omitempty"`
	// Needs lists the operations without whose success this one cannot be done.
	Needs []int `json:"needs,omitempty"`
	// Decision is set when the outcome is known without any call.
	Decision *Decision `json:"decision,omitempty"`
	// Note tells people what a change list cannot, for an operation that is done.
	Note string `json:"note,omitempty"`
}

// Restore is the way back from a temporary identifier or name.
type Restore struct {
	// Values are those of before.
	Values []string `json:"values"`
	// Opened is the operation that gave the temporary one.
	Opened int `json:"opened"`
	// Handed are the operations that hand the values on in the meantime, in their order: the way back goes through those that were done.
	Handed []Handed `json:"handed,omitempty"`
}

// Handed is one of several renames that hand an identifier on, with the way back.
type Handed struct {
	Index    int      `json:"index"`
	SourceID string   `json:"source"`
	TargetID string   `json:"target"`
	Values   []string `json:"values"`
}

// Decision is an outcome that planning or the guard already knows.
type Decision struct {
	Status  Status `json:"status"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// Change is one field before and after. A change of a reference, and of departments and leaders, is by element: Before and After are the
// elements that this task answers for, as source IDs, and what others put there is in neither. Of members only those that go (Before)
// and those that come (After) are listed, since a department can have thousands.
type Change struct {
	Field     string         `json:"field"`
	Before    []string       `json:"before,omitempty"`
	After     []string       `json:"after,omitempty"`
	Reference directory.Kind `json:"reference,omitempty"`
	// BeforeNames and AfterNames say for people what the references name.
	BeforeNames []string `json:"beforeNames,omitempty"`
	AfterNames  []string `json:"afterNames,omitempty"`
	// Sensitive says that the values are shown nowhere: Before and After hold a keyed digest of all of them, see state.Digest.
	Sensitive bool `json:"sensitive,omitempty"`
	// Encoding is set only while a change is stored; see Operation.Pack.
	Encoding string `json:"encoding,omitempty"`
}

// The fields of changes that are not fields of the directory.
const (
	FieldParent      = "(parent)"
	FieldDepartments = "(departments)"
	FieldMembers     = "(members)"
	FieldLeaders     = "(leaders)"
	FieldActive      = "(active)"
	FieldLink        = "(link)"
)
