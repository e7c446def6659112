package state

import "crypto/rand"

// SchemaVersion is the version of a stored state. A program that meets a newer one stops before it writes anything.
const SchemaVersion = 1

// Identity names the two ends of a task by what they are, not by their addresses (LDAP: the entryUUID of the base entry).
type Identity struct {
	Source string `json:"source"`
	Target string `json:"target"`
}

// State is what one owner's task remembers of one source and one target.
type State struct {
	Header
	Links *Links
}

// Header is the state without its links.
type Header struct {
	SchemaVersion int      `json:"schemaVersion"`
	Owner         string   `json:"owner"`
	Identity      Identity `json:"identity"`
	// Salt keys the digests of values (see Digest). It is made once and never changes.
	Salt []byte `json:"salt"`
	// LastSequence is the number of the last run that wrote this state.
	LastSequence int64 `json:"lastSequence"`
	// LastRead is the size of the last complete read of the source.
	LastRead Size `json:"lastRead"`
	// Positions are how far both ends were: the next run must not read from a copy that is behind.
	Positions Positions `json:"positions,omitzero"`
	// Partial: so far only runs about some entries alone have written this state, so the next one about all is still the owner's first.
	Partial bool `json:"partial,omitempty"`
	// RemovalsDefinition is the definition's digest in the last run that finished its removals: did them, or put them on the list of what is held.
	RemovalsDefinition string `json:"removalsDefinition,omitempty"`
	// Removals are the removals done, by hour, oldest first.
	Removals []HourlyRemovals `json:"removals,omitempty"`
}

// Positions says how far the data of the two ends were, in the words of their connectors; empty where they do not say.
type Positions struct {
	Source string `json:"source,omitempty"`
	Target string `json:"target,omitempty"`
}

// Size counts the entries of a read.
type Size struct {
	Users       int64 `json:"users"`
	Departments int64 `json:"departments"`
}

// New makes the state of a first run.
func New(owner string, identity Identity) *State {
	salt := make([]byte, 16)
	// It never fails: the process ends instead.
	_, _ = rand.Read(salt)
	return &State{
		Header: Header{SchemaVersion: SchemaVersion, Owner: owner, Identity: identity, Salt: salt},
		Links:  NewLinks(),
	}
}
