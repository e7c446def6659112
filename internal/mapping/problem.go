package mapping

import (
	"fmt"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
)

// Problem is something in a Spec that cannot work.
type Problem struct {
	// Path is where it stands in the task, as in mappings.users[3].
	Path string
	// Field is the target field that the row gives; empty when the problem belongs to no row.
	Field   string
	Message string
}

func (p Problem) String() string {
	return location(p.Path, p.Field) + ": " + p.Message
}

// Problems is all that is wrong with a Spec.
type Problems []Problem

func (p Problems) Error() string {
	texts := make([]string, len(p))
	for i := range p {
		texts[i] = p[i].String()
	}
	return strings.Join(texts, "; ")
}

// EntryError says why one entry cannot be mapped: which row, which target field, and what is wrong.
type EntryError struct {
	// Row is the path of the row in the task; empty when the entry itself could not be read.
	Row   string
	Field string
	Cause error
}

func (e *EntryError) Error() string {
	if e.Row == "" {
		return e.Cause.Error()
	}
	return location(e.Row, e.Field) + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *EntryError) Unwrap() error { return e.Cause }

func location(path, field string) string {
	if field == "" {
		return path
	}
	return fmt.Sprintf("%s (to: %s)", path, field)
}

// rowPath is where a row stands in the task.
func rowPath(kind directory.Kind, index int) string {
	return fmt.Sprintf("mappings.%s[%d]", plural(kind), index)
}

// rulePath is where a matching rule stands in the task.
func rulePath(kind directory.Kind, index int) string {
	return fmt.Sprintf("matching.%s[%d]", plural(kind), index)
}

func plural(kind directory.Kind) string {
	if kind == directory.Department {
		return "departments"
	}
	return "users"
}
