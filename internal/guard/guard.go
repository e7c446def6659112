package guard

import "time"

// Limits are the task's guard settings.
type Limits struct {
	// Removals: all removals are held when there are more than Floor of them within the window and either more than Percent of the active
	// links or more than Count.
	RemovalsFloor, RemovalsPercent, RemovalsCount int64
	// RemovalsWindow is the time over which they are counted; whoever fills Facts.Window has applied it.
	RemovalsWindow time.Duration
	// DepartmentsMayEmpty: a department may lose more than half of its people.
	DepartmentsMayEmpty bool
	// ShrinkPercent: the source lost more than this share since the last complete read: stop.
	ShrinkPercent int64
	// ClearedPercent: one field would be emptied for more than this share of the users that are compared: stop.
	ClearedPercent int64
	// ChangedPercent: more than this share of users would be updated: stop.
	ChangedPercent int64
}

// Facts are what the rules look at, counted over the whole plan.
type Facts struct {
	// Task and Run are their names, for the commands in messages.
	Task, Run string
	// Partial: the plan is about some people and departments alone, whom somebody named. Departments are still read whole.
	Partial bool
	// FirstRun: the owner has no finished run with this source and target yet.
	FirstRun bool
	// SourceUsers and SourceDepartments are the entries read now; the Last ones are those of the last complete read.
	SourceUsers, SourceDepartments         int64
	LastSourceUsers, LastSourceDepartments int64
	// ActiveUsers and ActiveDepartments are the active links before this run.
	ActiveUsers, ActiveDepartments int64
	// Removals counts the planned removals of users and of departments, Window those done by the task within the window before this run.
	RemovalsUsers, RemovalsDepartments int64
	Window                             int64
	// Waiting counts what earlier runs hold and this one does not look at again.
	Waiting int64
	// ComparedUsers are the linked users that were compared; ChangedUsers those with an update that is more than link or mark.
	ComparedUsers, ChangedUsers int64
	// Cleared counts for each field the users for whom a value would be emptied.
	Cleared map[string]int64
	// DepartmentLosses are the departments with at least one removal of somebody in or below them.
	DepartmentLosses []DepartmentLoss
	// DefinitionChanged: the definition differs from that of the last run that finished its removals.
	DefinitionChanged bool
	// StateRebuilt: the state was lost or unreadable and was rebuilt by matching.
	StateRebuilt bool
}

// DepartmentLoss says how many of the linked people in or below one department would be removed.
type DepartmentLoss struct {
	ID, Name       string
	Members, Loses int64
}

// Verdict is what the guard decided. Both findings say what was found, the limit, and the ways on.
type Verdict struct {
	// Stop is set when nothing may be written.
	Stop *Finding
	// Hold is set when all removals must wait for a person.
	Hold *Finding
}

// Finding is a rule that spoke.
type Finding struct {
	Reason string
	// Message says what was found, and the limit. It stands with each removal that is held.
	Message string
	// Ways say, in sentences, what a person can do. They stand once, in the message of the run.
	Ways string
}
