package plan

// The reasons of decisions that planning makes. Each stands in a record, for programs; its message is for people.
const (
	// ReasonUnknown: the source entry could not be read, filtered or mapped.
	ReasonUnknown = "EntryUnknown"
	// ReasonTargetUnknown: the linked target entry could not be read.
	ReasonTargetUnknown = "TargetEntryUnknown"
	// ReasonCollision: two source entries claim one target entry.
	ReasonCollision = "Collision"
	// ReasonAmbiguous: a matching rule hits more than one target entry.
	ReasonAmbiguous = "AmbiguousMatch"
	// ReasonOtherOwner: the target entry bears the mark of another owner.
	ReasonOtherOwner = "OwnedByAnother"
	// ReasonMarkDisagrees: the target entry bears our mark for another source entry.
	ReasonMarkDisagrees = "MarkDisagrees"
	// ReasonAdoption: the task does not let an unlinked target entry be taken over, or wants a person to look first.
	ReasonAdoption = "AdoptionNeedsDecision"
	// ReasonRelink: the target entry is linked to a source ID that is gone and matches another, and the task wants a person to look first.
	ReasonRelink = "RelinkNeedsDecision"
	// ReasonParentUnknown: the department's parent is not known, so it has no place.
	ReasonParentUnknown = "ParentUnknown"
	// ReasonDepartmentUnknown: the user's new department is unknown or cannot be made, so the user stays in the old one.
	ReasonDepartmentUnknown = "DepartmentUnknown"
	// ReasonRequiredUnreadable: a field without which the target takes no entry cannot be read in the source.
	ReasonRequiredUnreadable = "RequiredFieldUnreadable"
	// ReasonNameInUse: the identifier still belongs to someone who left and was not deleted.
	ReasonNameInUse = "NameInUse"
	// ReasonNoFreeValue: every number that fits behind the value is taken.
	ReasonNoFreeValue = "NoFreeValue"
	// ReasonProtected: the task says that the target entry is never adopted, changed or removed.
	ReasonProtected = "Protected"
	// ReasonKept: the entry left the source and the task keeps such entries.
	ReasonKept = "Kept"
	// ReasonNotFound: the run names an entry that is not in the source and that no link knows.
	ReasonNotFound = "NotFound"
	// ReasonOutOfScope: the run names an entry that the task is not about.
	ReasonOutOfScope = "OutOfScope"
	// ReasonBelowItself: the department would stand below itself, since one between cannot be moved.
	ReasonBelowItself = "BelowItself"
	// ReasonDependsOnHeld: something that this needs is held.
	ReasonDependsOnHeld = "DependsOnHeld"
	// ReasonHasHeldPeople: the department still has people whose removal is held.
	ReasonHasHeldPeople = "HasHeldPeople"
	// ReasonHasKeptPeople: the department still has people who left and whose accounts are kept.
	ReasonHasKeptPeople = "HasKeptPeople"
	// ReasonDisableUnsupported: the task disables leavers and the target cannot.
	ReasonDisableUnsupported = "DisableUnsupported"
)
