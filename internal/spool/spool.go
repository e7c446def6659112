package spool

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"slices"
)

// BlockSize is a good block size: larger ones compress little better, and reading holds one block of every run.
const BlockSize = 64 << 10

// blocksPerRun sets how much is sorted at once. More blocks mean fewer runs to merge and a larger buffer while records are added.
const blocksPerRun = 32

// Record is a value under its key.
type Record struct {
	Key string
	// Value is valid until the next record is asked for.
	Value []byte
}

// Spool gathers records and gives them back sorted. One goroutine at a time may use it; sequences that Sorted has given are
// independent of each other.
type Spool struct {
	blockSize int
	pending   pending
	runs      []run
	records   int
	kept      int
}

// run is a sorted part of the records, as compressed blocks.
type run [][]byte

// pending is the run that is being gathered.
type pending struct {
	// data holds encoded records in the order in which they were added.
	data []byte
	refs []ref
}

// ref finds an encoded record and its key in pending.data. Ascending positions are the order of insertion.
type ref struct {
	start, key, keyEnd, end int
}

// New returns an empty spool that compresses about blockSize bytes of records together.
func New(blockSize int) *Spool {
	return &Spool{blockSize: max(blockSize, 1)}
}

// Add puts a record into the spool. The value is copied.
func (s *Spool) Add(key string, value []byte) error {
	p := &s.pending
	if p.data == nil {
		p.data = make([]byte, 0, s.blockSize)
	}
	r := ref{start: len(p.data)}
	p.data = binary.AppendUvarint(p.data, uint64(len(key)))
	p.data = binary.AppendUvarint(p.data, uint64(len(value)))
	r.key = len(p.data)
	p.data = append(p.data, key...)
	r.keyEnd = len(p.data)
	p.data = append(p.data, value...)
	r.end = len(p.data)
	p.refs = append(p.refs, r)
	s.records++
	if len(p.data) >= s.blockSize*blocksPerRun {
		s.flush()
	}
	return nil
}

// Len returns the number of records.
func (s *Spool) Len() int { return s.records }

// Bytes returns how many bytes the spool keeps.
func (s *Spool) Bytes() int { return s.kept + cap(s.pending.data) }

// Sorted yields the records that were added until now, by key and within a key in the order in which they were added.
// The sequence can be read several times. An error is its last element.
func (s *Spool) Sorted() iter.Seq2[Record, error] {
	s.flush()
	s.pending = pending{}
	runs := slices.Clip(s.runs)
	return func(yield func(Record, error) bool) { mergeRuns(runs, yield) }
}

// flush makes a run of the pending records.
func (s *Spool) flush() {
	p := &s.pending
	if len(p.refs) == 0 {
		return
	}
	slices.SortFunc(p.refs, func(a, b ref) int {
		if c := bytes.Compare(p.data[a.key:a.keyEnd], p.data[b.key:b.keyEnd]); c != 0 {
			return c
		}
		return cmp.Compare(a.start, b.start)
	})
	var blocks run
	var scratch []byte
	block := make([]byte, 0, s.blockSize)
	seal := func() {
		var compressed []byte
		compressed, scratch = compress(block, scratch)
		blocks = append(blocks, compressed)
		s.kept += len(compressed)
		block = block[:0]
	}
	for _, r := range p.refs {
		if len(block) > 0 && len(block)+r.end-r.start > s.blockSize {
			seal()
		}
		block = append(block, p.data[r.start:r.end]...)
	}
	seal()
	s.runs = append(s.runs, blocks)
	p.data, p.refs = p.data[:0], p.refs[:0]
}
