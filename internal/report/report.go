package report

import (
	"time"

	"synccenter.dev/synccenter/internal/history"
)

// SchemaVersion is the version of this document. A reader that meets a newer one says so and changes nothing.
const SchemaVersion = 1

// Report is the newest word of a runner about its run.
type Report struct {
	SchemaVersion int    `json:"schemaVersion"`
	RunUID        string `json:"runUID"`
	// Attempt is the number of the Job that speaks, from 1.
	Attempt int `json:"attempt"`
	// Stage is what the runner is doing; empty before it has begun.
	Stage     Stage     `json:"stage"`
	StartTime time.Time `json:"startTime"`
	// Progress is how far the stage has come, in operations or entries; Total is 0 when it is not known.
	Done  int64 `json:"done"`
	Total int64 `json:"total"`

	// Source and Target say whether the two ends answered, as far as this run has tried; nil before.
	Source *Endpoint `json:"source,omitempty"`
	Target *Endpoint `json:"target,omitempty"`

	// Plan is set when the plan is stored.
	Plan *Plan `json:"plan,omitempty"`
	// Notice says in one sentence why removals are off, held or refused, if they are.
	Notice string `json:"notice,omitempty"`

	// Usage is what was stored beside this run before it began to write; nil if it did not get so far.
	Usage *Usage `json:"usage,omitempty"`

	// Outcome is set when the run is over, and then all that follows is final.
	Outcome *Outcome        `json:"outcome,omitempty"`
	Counts  *history.Counts `json:"counts,omitempty"`
	Records *Records        `json:"records,omitempty"`
	Export  *Export         `json:"export,omitempty"`
	State   *State          `json:"state,omitempty"`
}

// Usage is what the task, and all tasks of its namespace, store, in stored bytes.
type Usage struct {
	Task int64 `json:"task"`
	All  int64 `json:"all"`
}

// Stage is what a runner is doing.
type Stage string

// The stages of a run.
const (
	Reading   Stage = "Reading"
	Planning  Stage = "Planning"
	Applying  Stage = "Applying"
	Exporting Stage = "Exporting"
)

// Endpoint says how a source or target answered. Reason is Connected or a reason of the conditions SourceReady and TargetReady.
type Endpoint struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// Plan describes a stored plan.
type Plan struct {
	Digest     string `json:"digest"`
	Operations int64  `json:"operations"`
}

// Result is how a run ended.
type Result string

// The results of a run.
const (
	Succeeded       Result = "Succeeded"
	PartiallyFailed Result = "PartiallyFailed"
	Failed          Result = "Failed"
	Cancelled       Result = "Cancelled"
)

// Outcome is how a run ended, with a reason for programs and a sentence for people that says what to do.
type Outcome struct {
	Result  Result `json:"result"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	// EndTime is the end of applying; an export never changes it.
	EndTime time.Time `json:"endTime"`
}

// Records describes the stored records.
type Records struct {
	Count  int64  `json:"count"`
	Bytes  int64  `json:"bytes"`
	Digest string `json:"digest"`
}

// Export describes the stored export, or says why there is none. Reason is a reason of the condition Exported.
type Export struct {
	Reason    string `json:"reason"`
	Message   string `json:"message"`
	ConfigMap string `json:"configMap,omitempty"`
	Key       string `json:"key,omitempty"`
	SizeBytes int64  `json:"sizeBytes,omitempty"`
	SHA256    string `json:"sha256,omitempty"`
}

// State tells the task what the state holds now.
type State struct {
	Users       int64 `json:"users"`
	Departments int64 `json:"departments"`
	// Pending are the removals that wait for a person.
	Pending           int64  `json:"pending"`
	PendingListDigest string `json:"pendingListDigest,omitempty"`
	// PendingSince and PendingRun tell since when, and since which run, the oldest of them waits.
	PendingSince *time.Time `json:"pendingSince,omitempty"`
	PendingRun   string     `json:"pendingRun,omitempty"`
}
