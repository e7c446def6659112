package artifact

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/klauspost/compress/zstd"
)

// Journal is a stream that is appended to: what a run has done since its plan was stored, in segments that are each written whole.
// The pods of one attempt go on in the same row of segments. Two that live at once meet in a segment, and one of them gets ErrConflict.
// It is not safe for concurrent use.
type Journal struct {
	store   Store
	scope   Scope
	attempt int
	next    int
	encoder *zstd.Encoder
	// queue holds segments that are not known to be stored. They are sent again byte for byte: one may have been stored although its
	// answer was lost.
	queue [][]byte
}

type segmentHeader struct {
	SchemaVersion int `json:"schemaVersion"`
}

func segmentName(attempt, index int) string { return fmt.Sprintf("journal-%d-%d", attempt, index) }

// NewJournal goes on with the journal of an attempt, after the segments that are there already.
func NewJournal(ctx context.Context, store Store, scope Scope, attempt int) (*Journal, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, fmt.Errorf("making a compressor: %w", err)
	}
	next, err := countSegments(ctx, store, scope, attempt)
	if err != nil {
		return nil, err
	}
	return &Journal{store: store, scope: scope, attempt: attempt, next: next, encoder: encoder}, nil
}

// countSegments finds the end of an attempt's segments by asking for one after the other.
func countSegments(ctx context.Context, store Store, scope Scope, attempt int) (int, error) {
	for count := 0; ; count++ {
		_, err := store.GetChunk(ctx, scope, segmentName(attempt, count))
		if errors.Is(err, ErrNotFound) {
			return count, nil
		}
		if err != nil {
			return 0, fmt.Errorf("looking for the end of the journal: %w", err)
		}
	}
}

// DeleteJournal removes the segments of all attempts from 1 to the given one, each row from its end, so that it can be called again after
// a crash. A journal that is not there is no error.
func DeleteJournal(ctx context.Context, store Store, scope Scope, attempts int) error {
	for attempt := 1; attempt <= attempts; attempt++ {
		count, err := countSegments(ctx, store, scope, attempt)
		if err != nil {
			return err
		}
		for index := count - 1; index >= 0; index-- {
			if err := store.DeleteChunk(ctx, scope, segmentName(attempt, index)); err != nil {
				return fmt.Errorf("deleting the journal: %w", err)
			}
		}
	}
	return nil
}

// Append stores lines, without their ends, as one segment; as several when they are too many for one. After an error the lines are kept,
// and the next Append, also one without lines, tries again. Only ErrConflict is final: another pod writes this journal.
func (j *Journal) Append(ctx context.Context, lines [][]byte) error {
	if err := j.enqueue(lines); err != nil {
		return err
	}
	for len(j.queue) > 0 {
		name := segmentName(j.attempt, j.next)
		if err := j.store.PutChunk(ctx, j.scope, name, j.queue[0]); err != nil {
			return fmt.Errorf("writing segment %q of the journal: %w", name, err)
		}
		j.next++
		j.queue = j.queue[1:]
	}
	return nil
}

func (j *Journal) enqueue(lines [][]byte) error {
	if len(lines) == 0 {
		return nil
	}
	data, err := j.encode(lines)
	if err != nil {
		return err
	}
	if len(data) <= ChunkSize {
		j.queue = append(j.queue, data)
		return nil
	}
	if len(lines) == 1 {
		return fmt.Errorf("writing the journal: one line takes %d stored bytes and %d are the most", len(data), ChunkSize)
	}
	if err := j.enqueue(lines[:len(lines)/2]); err != nil {
		return err
	}
	return j.enqueue(lines[len(lines)/2:])
}

func (j *Journal) encode(lines [][]byte) ([]byte, error) {
	head, err := json.Marshal(segmentHeader{SchemaVersion: SchemaVersion})
	if err != nil {
		return nil, fmt.Errorf("encoding the head of a journal segment: %w", err)
	}
	raw := bytes.NewBuffer(append(head, '\n'))
	for _, line := range lines {
		if err := checkLine(line); err != nil {
			return nil, fmt.Errorf("writing the journal: %w", err)
		}
		raw.Write(line)
		raw.WriteByte('\n')
	}
	return j.encoder.EncodeAll(raw.Bytes(), nil), nil
}

// ReadJournal gives the lines of all attempts from 1 to the given one, in the order in which they were written. The rules are those of
// Lines. A run without a journal has no lines.
func ReadJournal(ctx context.Context, store Store, scope Scope, attempts int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for attempt := 1; attempt <= attempts; attempt++ {
			for index := 0; ; index++ {
				data, err := store.GetChunk(ctx, scope, segmentName(attempt, index))
				if errors.Is(err, ErrNotFound) {
					break
				}
				if err != nil {
					yield(nil, fmt.Errorf("reading the journal: %w", err))
					return
				}
				if !yieldSegment(data, segmentName(attempt, index), yield) {
					return
				}
			}
		}
	}
}

// yieldSegment gives the lines of one segment and says whether to go on. A segment that was cut or changed fails the checksum that
// zstd keeps of it.
func yieldSegment(data []byte, name string, yield func([]byte, error) bool) bool {
	decoder, err := newDecoder(bytes.NewReader(data))
	if err != nil {
		yield(nil, err)
		return false
	}
	defer decoder.Close()
	first := true
	for line, err := range Lines(decoder) {
		if err == nil && first {
			err = checkSegment(line, name)
		}
		if err != nil {
			yield(nil, segmentError(name, err))
			return false
		}
		if !first && !yield(line, nil) {
			return false
		}
		first = false
	}
	if first {
		yield(nil, segmentError(name, errors.New("it is empty")))
		return false
	}
	return true
}

func segmentError(name string, err error) error {
	if errors.Is(err, ErrNewer) || errors.Is(err, ErrCorrupt) {
		return fmt.Errorf("reading segment %q of the journal: %w", name, err)
	}
	return fmt.Errorf("reading segment %q of the journal: %w: %v", name, ErrCorrupt, err)
}

func checkSegment(line []byte, name string) error {
	var head segmentHeader
	if err := json.Unmarshal(line, &head); err != nil {
		return fmt.Errorf("its first line says nothing of its schema: %w", err)
	}
	if head.SchemaVersion > SchemaVersion {
		return newerError(name, head.SchemaVersion)
	}
	return nil
}
