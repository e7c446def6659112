package inspection

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is what is looked for.
type Kind string

// The kinds.
const (
	// KindCheck proves what a run needs of both ends.
	KindCheck Kind = "Check"
	// KindExplain follows one entry from the read to the decision.
	KindExplain Kind = "Explain"
	// KindUnmanaged lists the entries of the target that no task answers for.
	KindUnmanaged Kind = "Unmanaged"
)

// Request is what somebody asks for. Exactly one of Check, Explain and Unmanaged is set.
type Request struct {
	// ID is chosen by who asks: the same ID is looked after once.
	ID        string   `json:"id"`
	Check     bool     `json:"check,omitempty"`
	Explain   *Subject `json:"explain,omitempty"`
	Unmanaged bool     `json:"unmanaged,omitempty"`
}

// Subject names the entry that is to be explained.
type Subject struct {
	// Subject is User or Department.
	Subject string `json:"subject"`
	// Entry is an ID, a login, a name or a path.
	Entry string `json:"entry"`
}

// The subjects.
const (
	SubjectUser       = "User"
	SubjectDepartment = "Department"
)

const (
	// requestLimit bounds the annotation, in bytes. maxEntry bounds what names an entry, in characters.
	requestLimit = 4096
	maxEntry     = 512
)

var idPattern = regexp.MustCompile(`^[a-z0-9]{8,32}$`)

// Kind is what the request asks for; empty when that is not exactly one thing.
func (r *Request) Kind() Kind {
	switch {
	case r.Check && r.Explain == nil && !r.Unmanaged:
		return KindCheck
	case !r.Check && r.Explain != nil && !r.Unmanaged:
		return KindExplain
	case !r.Check && r.Explain == nil && r.Unmanaged:
		return KindUnmanaged
	}
	return ""
}

// Encode writes the value of the annotation.
func (r *Request) Encode() (string, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("writing a request as JSON: %w", err)
	}
	return string(data), r.validate()
}

// ParseRequest reads the value of the annotation. Its error says what is wrong; everybody who may change the task can write there.
func ParseRequest(text string) (*Request, error) {
	if len(text) > requestLimit {
		return nil, fmt.Errorf("it has %d bytes, and at most %d are read", len(text), requestLimit)
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var request Request
	if err := decoder.Decode(&request); err != nil {
		return nil, fmt.Errorf("it is not the JSON that is meant: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	return &request, request.validate()
}

func (r *Request) validate() error {
	switch {
	case !idPattern.MatchString(r.ID):
		return errors.New("id: use 8 to 32 lower case letters and digits")
	case r.Kind() == "":
		return errors.New("ask for exactly one of check, explain and unmanaged")
	case r.Explain == nil:
		return nil
	case r.Explain.Subject != SubjectUser && r.Explain.Subject != SubjectDepartment:
		return fmt.Errorf("explain.subject: use %s or %s", SubjectUser, SubjectDepartment)
	case r.Explain.Entry == "" || !utf8.ValidString(r.Explain.Entry) || utf8.RuneCountInString(r.Explain.Entry) > maxEntry:
		return fmt.Errorf("explain.entry: name the entry, with at most %d characters", maxEntry)
	case strings.ContainsFunc(r.Explain.Entry, unicode.IsControl):
		return errors.New("explain.entry: it holds a control character")
	}
	return nil
}
