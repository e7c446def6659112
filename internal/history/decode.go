package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"synccenter.dev/synccenter/internal/directory"
)

// Decode reads records from JSON lines. An error ends the sequence and comes with an empty record; check it first.
func Decode(r io.Reader) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(make([]byte, 0, 64<<10), MaxLine)
		number := 0
		for lines.Scan() {
			number++
			record, err := decodeLine(lines.Bytes())
			if err != nil {
				yield(Record{}, fmt.Errorf("reading record %d: %w", number, err))
				return
			}
			if !yield(record, nil) {
				return
			}
		}
		if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
			yield(Record{}, fmt.Errorf("reading record %d: it is longer than %d bytes, so it was not written by this program", number+1, MaxLine))
		} else if err != nil {
			yield(Record{}, fmt.Errorf("reading records after number %d: %w", number, err))
		}
	}
}

func decodeLine(line []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(line, &r); err != nil {
		return Record{}, fmt.Errorf("it is no record in JSON: %w", err)
	}
	return r, validate(&r)
}

// validate refuses what the words of this version cannot say, since a count that leaves it out would be a lie.
func validate(r *Record) error {
	if _, ok := subjectWords[r.Subject]; !ok {
		return fmt.Errorf("its subject %q is neither %s nor %s", r.Subject, directory.Department, directory.User)
	}
	if _, ok := statusWords[r.Status]; !ok {
		return fmt.Errorf("its status %q is not known", r.Status)
	}
	if !isOperation(r.Operation) {
		return fmt.Errorf("its operation %q is not known", r.Operation)
	}
	return nil
}
