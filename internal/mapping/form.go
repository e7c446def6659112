package mapping

import "synccenter.dev/synccenter/internal/directory"

// Form is an entry in the words of the target: the mapped fields and nothing else.
// Mapper.Map makes one from a source entry and Mapper.Observe one from a target entry.
type Form struct {
	Kind directory.Kind
	// ID is that of the entry in its own directory.
	ID   string
	Name string
	// Fields holds every mapped field (apply: Always) but references, in the order of their names. A field without values is
	// there with none: on the source's side it says that the target's value must be cleared.
	Fields directory.Attributes
	// OnCreate holds the fields that only a create writes. On the target's side there are only those of Mapper.Numbered.
	OnCreate directory.Attributes
	// References holds the mapped fields of type Reference: references as Resolve of the form's own side understands them.
	References directory.Attributes
	// Unreadable names mapped fields whose value is not known. They are in none of the lists above, are never compared and never cleared.
	Unreadable []string
	// Parent, Departments and Leaders are those of the entry: IDs and references of its own side.
	Parent      string
	Departments []string
	Leaders     []string
	// Unplaced is what a source user names as departments and what is none; see directory.Entry.
	Unplaced []string
	// Keys holds the comparison key of each matching rule, in order; an empty key matches nothing.
	Keys []string
	// Mark and Disabled are those of a target entry.
	Mark     *directory.Mark
	Disabled bool
}

// Hash is a digest of the comparison keys of a form's Fields: equal hashes mean that no field differs.
type Hash [16]byte
