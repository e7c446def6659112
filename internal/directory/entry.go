package directory

import "fmt"

// Kind says what an entry is.
type Kind string

// The two kinds of entries.
const (
	Department Kind = "Department"
	User       Kind = "User"
)

// Entry is a department or a user as a directory holds it at the moment of a read.
type Entry struct {
	Kind Kind
	// ID is the directory's own immutable identifier (LDAP: the entryUUID as text). It never changes while the entry lives.
	ID string
	// Name is what people call the entry. It is for records and messages only.
	Name string
	// Place is where the entry stands now (LDAP: its DN). It is for messages only: a place changes with every move above it.
	Place string
	// Parent is the ID of a department's parent; empty for a department directly below the base.
	Parent string
	// Departments holds the IDs of a user's departments, the main one first.
	Departments []string
	// Unplaced holds what a user of a source names as departments and what is none that was read: which departments the user is in is not
	// known as a whole then.
	Unplaced []string
	// Leaders holds references to the users who lead a department. See Source.Resolve for their form.
	Leaders []string
	// Mark is what an owner wrote into a target entry, if the directory has a place for it.
	Mark *Mark
	// Disabled reports that the account is turned off. Only directories that can disable accounts set it.
	Disabled bool
	// Filtered reports that the entry exists and that the filter of its directory leaves it out. Only Source.Lookup gives such entries.
	Filtered bool
	// Attributes are the fields that were asked for and have a value, in the order of their names.
	Attributes Attributes
	// Unreadable names fields that were asked for but could not be read. Such a field is neither present nor absent.
	Unreadable []string
	// Err says why this entry alone could not be understood. ID is set, nothing else can be relied on: such an entry is
	// unknown, which is not the same as absent.
	Err error
}

// ValueError says that a directory holds a value which is none of its field's type.
type ValueError struct {
	Field, Value string
	Type         Type
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("attribute %s holds %q, which is no value of type %s: correct it in the directory", e.Field, e.Value, e.Type)
}

// Mark is the proof of a link, kept in the target entry: whose it is and which source entry it came from.
type Mark struct {
	Owner    string
	SourceID string
}

// Attribute is a field with its values in canonical text: "true" and "false", decimal integers, RFC 3339 times, raw bytes
// for Bytes, and references as Source.Resolve understands them.
type Attribute struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Attributes is a list of attributes in the order of their names, without repetition.
type Attributes []Attribute

// Get returns the values of a field, or nil when it is absent.
func (a Attributes) Get(name string) []string {
	for i := range a {
		if a[i].Name == name {
			return a[i].Values
		}
	}
	return nil
}
