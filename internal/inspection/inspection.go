package inspection

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/report"
)

// SchemaVersion is the version of this document. A reader that meets a newer one says so.
const SchemaVersion = 1

// ErrUnreadable is in the error of what is stored and cannot be understood: it is damaged, or newer than this program.
var ErrUnreadable = errors.New("it cannot be understood")

// AnswerStream is the stream of an explanation or a list.
const AnswerStream = "answer"

// Inspection is one look at the directories of a task: first what is asked, then also what was answered.
type Inspection struct {
	SchemaVersion int     `json:"schemaVersion"`
	Name          string  `json:"name"`
	UID           string  `json:"uid"`
	Request       Request `json:"request"`
	// Begun is when it was asked for. It orders the inspections of a task.
	Begun time.Time `json:"begun"`
	// Checked is the digest of all in the definition that the answer depends on.
	Checked string `json:"checked"`
	// Definition is the compressed definition, until there is an answer.
	Definition []byte `json:"definition,omitempty"`

	// Ended is when the last word was said; nil while it is waited for.
	Ended *time.Time `json:"ended,omitempty"`
	// Trouble says why there is no answer: why its pod does not start, or what it died of.
	Trouble string `json:"trouble,omitempty"`
	// Failure says why a pod that looked could not answer: an end that could not be read, for example.
	Failure string `json:"failure,omitempty"`
	// Check is the answer to a check. Explanations and lists, which hold names, are streams of their own.
	Check *Check `json:"check,omitempty"`
}

// Check is what a check found.
type Check struct {
	Source End `json:"source"`
	Target End `json:"target"`
}

// End is how one of the two ends answered, and each step.
type End struct {
	report.Endpoint `json:",inline"`
	Steps           []Step `json:"steps"`
}

// Step is one thing that was tried.
type Step struct {
	Name    string `json:"name"`
	Mark    Mark   `json:"mark"`
	Message string `json:"message"`
	// Milliseconds is how long it took.
	Milliseconds int64 `json:"milliseconds"`
}

// Mark says how a step ended.
type Mark string

// The marks.
const (
	Passed  Mark = "Passed"
	Failed  Mark = "Failed"
	Warning Mark = "Warning"
	Skipped Mark = "Skipped"
)

// New makes an inspection that is to be done.
func New(request Request, taken definition.Definition, now time.Time) (*Inspection, error) {
	digest, err := definition.CheckDigest(&taken.TaskSpec)
	if err != nil {
		return nil, err
	}
	plain, err := taken.Encode()
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write(plain); err != nil {
		return nil, fmt.Errorf("compressing the definition of task %s: %w", taken.Task.Name, err)
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("compressing the definition of task %s: %w", taken.Task.Name, err)
	}
	uid := UID(string(taken.Task.UID), request.ID)
	return &Inspection{
		SchemaVersion: SchemaVersion, Name: Name(taken.Task.Name, request.Kind(), uid), UID: uid,
		Request: request, Begun: now.UTC(), Checked: digest, Definition: packed.Bytes(),
	}, nil
}

// maxDefinition bounds what a compressed definition may grow to, in bytes: more than the API server takes for a task.
const maxDefinition = 8 << 20

// TaskDefinition is the definition that is looked at.
func (i *Inspection) TaskDefinition() (definition.Definition, error) {
	taken, err := i.unpack()
	if err != nil {
		return definition.Definition{}, fmt.Errorf("reading the definition of inspection %s: %w: %w", i.Name, ErrUnreadable, err)
	}
	return taken, nil
}

func (i *Inspection) unpack() (definition.Definition, error) {
	reader, err := gzip.NewReader(bytes.NewReader(i.Definition))
	if err != nil {
		return definition.Definition{}, err
	}
	plain, err := io.ReadAll(io.LimitReader(reader, maxDefinition))
	if err != nil {
		return definition.Definition{}, err
	}
	return definition.Decode(plain)
}

// Encode writes the document.
func (i *Inspection) Encode() ([]byte, error) {
	data, err := json.Marshal(i)
	if err != nil {
		return nil, fmt.Errorf("writing inspection %s as JSON: %w", i.Name, err)
	}
	return data, nil
}

// Decode reads what Encode wrote.
func Decode(data []byte) (*Inspection, error) {
	var version struct {
		SchemaVersion int `json:"schemaVersion"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return nil, fmt.Errorf("reading an inspection: %w: %w", ErrUnreadable, err)
	}
	if version.SchemaVersion > SchemaVersion {
		return nil, fmt.Errorf("reading an inspection: %w: its schema version is %d and %d is known: upgrade this program", ErrUnreadable, version.SchemaVersion, SchemaVersion)
	}
	var inspection Inspection
	if err := json.Unmarshal(data, &inspection); err != nil {
		return nil, fmt.Errorf("reading an inspection: %w: %w", ErrUnreadable, err)
	}
	return &inspection, nil
}
