package connector

import (
	"context"
	"time"

	"synccenter.dev/synccenter/internal/directory"
)

// Mark says how a step of a check ended.
type Mark string

// The marks.
const (
	Passed Mark = "Passed"
	// Failed: a run would fail by it.
	Failed Mark = "Failed"
	// Warning: runs go on, and somebody should look at it.
	Warning Mark = "Warning"
	// Skipped: it could not be tried, or the directory does not let it be proven without doing it. The message says which.
	Skipped Mark = "Skipped"
)

// Step is one thing that a check tried.
type Step struct {
	// Name says what was tried, in a few words.
	Name string
	Mark Mark
	// Message is a sentence about what was found, and what to do where the mark is Failed or Warning.
	Message  string
	Duration time.Duration
	// Class is that of the error of a failed step.
	Class Class
}

// Checker proves step by step what a run needs of one directory, and changes nothing in it. It is used once: Reach, then Use, then Close.
type Checker interface {
	// Reach tries every server and proves that one of them can be used: name, connection, certificate, login, base entries, schema.
	// Without a failed step Use may follow.
	Reach(ctx context.Context) []Step
	// Schema and Capabilities are those that Reach has read.
	Schema() directory.Schema
	Capabilities() directory.Capabilities
	// Use proves the rights on entries: reading them with the given fields and, on a target, creating and changing them.
	Use(ctx context.Context, fields map[directory.Kind][]string) []Step
	Close() error
}
