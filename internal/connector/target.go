package connector

import (
	"context"

	"synccenter.dev/synccenter/internal/directory"
)

// Target is a directory that is kept in step: a Source of its own current state, and one method for each thing that can be done to it.
//
// All IDs are the target's own. Each write answers with the entry as it reads after the write, so that the engine learns what the
// target made of its values. A write that may or may not have happened is an error of class Unavailable.
// Methods may be called from several goroutines at once, after both reads have ended or without any read at all (when a run is
// finished that another process began).
type Target interface {
	Source

	// Capabilities states what this target can hold and do.
	Capabilities() directory.Capabilities

	CreateUser(ctx context.Context, user NewEntry) (directory.Entry, error)
	// UpdateUser changes fields, turns the account on or off, and sets the mark; all in one request where the protocol allows it.
	UpdateUser(ctx context.Context, id string, patch Patch) (directory.Entry, error)
	// ChangeUserIdentifier renames: it sets the field Capabilities.UserIdentifier.
	ChangeUserIdentifier(ctx context.Context, id string, values []string) (directory.Entry, error)
	// ChangeUserDepartments changes the departments of a user, on a target with membership on the user.
	ChangeUserDepartments(ctx context.Context, id string, change DepartmentsChange) (directory.Entry, error)
	DeleteUser(ctx context.Context, id string) error

	CreateDepartment(ctx context.Context, department NewEntry) (directory.Entry, error)
	// UpdateDepartment changes fields and sets the mark. Active is ignored.
	UpdateDepartment(ctx context.Context, id string, patch Patch) (directory.Entry, error)
	// MoveDepartment puts a department, with all below it, under another parent; an empty parent is the base.
	MoveDepartment(ctx context.Context, id, parent string) (directory.Entry, error)
	// DeleteDepartment removes an empty department. One that is not empty is a Conflict that says who is still in it.
	DeleteDepartment(ctx context.Context, id string) error
	// SyncDepartmentMembers adds and removes users of a department, on a target with membership on the department.
	// Adding a present member and removing an absent one are no errors.
	SyncDepartmentMembers(ctx context.Context, id string, add, remove []string) error
	// SyncDepartmentLeaders does the same for leaders.
	SyncDepartmentLeaders(ctx context.Context, id string, add, remove []string) error

	// Find looks for an entry that a create may have left behind: by mark if there is one, else at the place where the create would
	// have put it. A nil entry means that there is none.
	Find(ctx context.Context, kind directory.Kind, entry NewEntry) (*directory.Entry, error)
}

// NewEntry is what a create writes.
type NewEntry struct {
	// Parent is the target ID of a department's parent; empty for the base.
	Parent string
	// Departments are the target IDs of a user's departments, the main one first.
	Departments []string
	Attributes  directory.Attributes
	Mark        directory.Mark
}

// Patch is a change of one entry.
type Patch struct {
	Changes []Change
	// Mark is written when it is not nil.
	Mark *directory.Mark
	// Active turns the account on or off when it is not nil.
	Active *bool
}

// Change sets one field. For a field of type Reference, Add and Remove name target IDs, and values that others put there stay;
// for every other field Values replaces all values, and an empty list clears the field.
type Change struct {
	Field       string
	Values      []string
	Add, Remove []string
}

// DepartmentsChange changes where a user belongs. Main is set when the main department changes (or, on a target with a
// single department, when the only one does).
type DepartmentsChange struct {
	Main        string
	Add, Remove []string
}
