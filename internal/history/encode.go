package history

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"synccenter.dev/synccenter/internal/plan"
)

// MaxLine is the longest line of a stored record in bytes. What is longer is shortened when it is written and refused when it is read.
const MaxLine = 8 << 20

// binaryPrefix stands before a value that is no text and was therefore written in base64.
const binaryPrefix = "base64:"

// Encoder writes records as JSON lines. The same record gives the same bytes, wherever it is written: times are in UTC with
// milliseconds, values that are no UTF-8 text are in base64 after the word "base64:".
type Encoder struct {
	w    io.Writer
	line bytes.Buffer
	json *json.Encoder
}

// NewEncoder makes an Encoder that writes to w, one call of Write for each record.
func NewEncoder(w io.Writer) *Encoder {
	e := &Encoder{w: w}
	e.json = json.NewEncoder(&e.line)
	e.json.SetEscapeHTML(false)
	return e
}

// Encode writes one record. A record longer than MaxLine loses the tail of its lists, with a mark that says so.
func (e *Encoder) Encode(r *Record) error {
	if err := validate(r); err != nil {
		return fmt.Errorf("encoding the record of %s %q: %w", r.Subject, cut(r.SourceID, 256), err)
	}
	record := *r
	record.Time = r.Time.UTC().Truncate(time.Millisecond)
	record.Changes = readableChanges(r.Changes)
	err := e.render(&record)
	for keep := 100; err == nil && e.line.Len() > MaxLine && keep > 0; keep /= 10 {
		shorten(&record, keep)
		err = e.render(&record)
	}
	if err != nil {
		return fmt.Errorf("encoding the record of %s %q: %w", r.Subject, cut(r.SourceID, 256), err)
	}
	if e.line.Len() > MaxLine {
		return fmt.Errorf("encoding the record of %s %q: it has %d changed fields and does not fit into %d bytes", r.Subject, cut(r.SourceID, 256), len(r.Changes), MaxLine)
	}
	_, err = e.w.Write(e.line.Bytes())
	return err
}

func (e *Encoder) render(r *Record) error {
	e.line.Reset()
	return e.json.Encode(r)
}

// readableChanges gives the changes with every value as text. It copies only where there is something to change.
func readableChanges(changes []plan.Change) []plan.Change {
	copied := false
	for i := range changes {
		if allText(changes[i].Before) && allText(changes[i].After) {
			continue
		}
		if !copied {
			changes = append([]plan.Change(nil), changes...)
			copied = true
		}
		changes[i].Before = asText(changes[i].Before)
		changes[i].After = asText(changes[i].After)
	}
	return changes
}

func allText(values []string) bool {
	for _, v := range values {
		if !utf8.ValidString(v) {
			return false
		}
	}
	return true
}

func asText(values []string) []string {
	text := make([]string, len(values))
	for i, v := range values {
		text[i] = v
		if !utf8.ValidString(v) {
			text[i] = binaryPrefix + base64.StdEncoding.EncodeToString([]byte(v))
		}
	}
	return text
}

// shorten keeps at most the given number of elements in each list of the record's changes.
func shorten(r *Record, keep int) {
	r.Name, r.Message = cut(r.Name, 4096), cut(r.Message, 4096)
	r.SourceID, r.TargetID = cut(r.SourceID, 4096), cut(r.TargetID, 4096)
	changes := make([]plan.Change, len(r.Changes))
	for i, c := range r.Changes {
		c.Before, c.After = firstOf(c.Before, keep), firstOf(c.After, keep)
		c.BeforeNames, c.AfterNames = firstOf(c.BeforeNames, keep), firstOf(c.AfterNames, keep)
		changes[i] = c
	}
	r.Changes = changes
}

func firstOf(values []string, keep int) []string {
	short := make([]string, 0, min(len(values), keep+1))
	for i, v := range values {
		if i == keep {
			return append(short, fmt.Sprintf("… (cut, %d values in all)", len(values)))
		}
		short = append(short, cut(v, 4096))
	}
	return short
}
