package connector

import (
	"errors"
	"time"
)

// Class says what an error means for what happens next.
type Class string

// The classes of errors.
const (
	// Unavailable: the server cannot be reached, broke the connection or timed out. Trying again may help. Whether a write happened is unknown.
	Unavailable Class = "Unavailable"
	// Busy: the server refused for now and nothing was done. Trying again helps.
	Busy Class = "Busy"
	// RateLimited: nothing was done; try again after RetryAfter.
	RateLimited Class = "RateLimited"
	// Credentials: the login was refused, or there is none.
	Credentials Class = "Credentials"
	// Untrusted: the server's certificate or name cannot be trusted.
	Untrusted Class = "Untrusted"
	// Permission: the login is fine, a right is missing.
	Permission Class = "Permission"
	// NotFound: the entry, or the base, does not exist.
	NotFound Class = "NotFound"
	// Conflict: something else is in the way: a name in use, a department that is not empty, a value that is taken.
	Conflict Class = "Conflict"
	// Invalid: the request can never succeed as it is: a value or a field that the directory refuses.
	Invalid Class = "Invalid"
	// Incomplete: the answer is a part of the whole: a limit of the server, a reference to another one.
	Incomplete Class = "Incomplete"
)

// Error is an error with its class. Err is a sentence that says what was attempted, on what, and what to do.
type Error struct {
	Class Class
	// RetryAfter is how long the server asked to wait; 0 when it did not say.
	RetryAfter time.Duration
	Err        error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ClassOf returns the class of the first *Error in the chain, or "" when there is none.
func ClassOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return ""
}
