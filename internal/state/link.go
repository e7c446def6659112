package state

import (
	"time"

	"synccenter.dev/synccenter/internal/directory"
)

// Origin says how a link came to be.
type Origin string

// The origins of a link.
const (
	Created Origin = "Created"
	Adopted Origin = "Adopted"
)

// LinkState says what became of the target entry.
type LinkState string

// The states of a link.
const (
	// Active: the two entries are kept in step.
	Active LinkState = "Active"
	// Disabled: the source entry is gone and the account was turned off.
	Disabled LinkState = "Disabled"
	// Held: the source entry is gone and the removal waits for a person.
	Held LinkState = "Held"
	// Released: a person rejected the removal. Nothing is planned until the entry is back in the source.
	Released LinkState = "Released"
)

// Link says which source entry is which target entry.
type Link struct {
	Kind     directory.Kind `json:"kind"`
	SourceID string         `json:"source"`
	// TargetID is the target's own immutable ID.
	TargetID string    `json:"target"`
	Origin   Origin    `json:"origin"`
	State    LinkState `json:"state"`
	// Off says of a held link that this task had turned the account off before its deletion was held.
	Off bool `json:"off,omitempty"`
	// Since is when a state other than Active began.
	Since *time.Time `json:"since,omitempty"`
	// Run and Reason tell which run held the removal, and why.
	Run    string `json:"run,omitempty"`
	Reason string `json:"reason,omitempty"`
	// HeldLoss is set while a user who is in the source waits for a person to decide about the loss of the last department.
	HeldLoss *Hold `json:"heldLoss,omitempty"`
	// HeldOff is set while a user who is in the source waits for a person to decide about an update that turns the account off.
	HeldOff *Hold `json:"heldOff,omitempty"`
	// Name is what people call the entry, for lists of what is held.
	Name string `json:"name,omitempty"`
	// Learned tells what the target makes of values that we write.
	Learned []Learned `json:"learned,omitempty"`
}

// Hold tells since when something waits for a person, which run held it, and why.
type Hold struct {
	Since  time.Time `json:"since"`
	Run    string    `json:"run,omitempty"`
	Reason string    `json:"reason,omitempty"`
}

// Waiting tells since when the entry waits for a person; nil when nothing about it does.
func (l *Link) Waiting() *time.Time {
	if l.State == Held {
		return l.Since
	}
	if hold := l.firstHold(); hold != nil {
		return &hold.Since
	}
	return nil
}

// WaitingRun is the run that held what waits for a person.
func (l *Link) WaitingRun() string {
	if hold := l.firstHold(); l.State != Held && hold != nil {
		return hold.Run
	}
	return l.Run
}

// firstHold is what has been waiting longest of what is held of a user who is in the source.
func (l *Link) firstHold() *Hold {
	if l.HeldLoss == nil || l.HeldOff != nil && l.HeldOff.Since.Before(l.HeldLoss.Since) {
		return l.HeldOff
	}
	return l.HeldLoss
}

// Learned remembers that a field reads otherwise than it was written: as long as we would write Wrote and it reads Reads, nothing differs.
// Both are keyed digests (see State.Salt), so that no value is kept.
type Learned struct {
	Field string `json:"field"`
	Wrote string `json:"wrote"`
	Reads string `json:"reads"`
}
