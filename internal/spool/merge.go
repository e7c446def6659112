package spool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// errDamaged means that a block does not hold what was put into it.
var errDamaged = errors.New("a block in memory is damaged")

// cursor reads one run. It holds one block as bytes.
type cursor struct {
	rest run
	// order is the position of the run: the earlier one was added first.
	order  int
	buffer []byte
	unread []byte
	// key and value are the current record.
	key, value []byte
}

// next moves to the next record. It reports false at the end of the run.
func (c *cursor) next() (bool, error) {
	if len(c.unread) == 0 {
		if len(c.rest) == 0 {
			return false, nil
		}
		block, err := decompress(c.rest[0], c.buffer)
		if err != nil {
			return false, fmt.Errorf("%w: %w", errDamaged, err)
		}
		c.buffer, c.unread, c.rest = block, block, c.rest[1:]
	}
	keyLength, n := binary.Uvarint(c.unread)
	valueLength, m := binary.Uvarint(c.unread[max(n, 0):])
	if n <= 0 || m <= 0 {
		return false, errDamaged
	}
	body := c.unread[n+m:]
	if keyLength > uint64(len(body)) || valueLength > uint64(len(body))-keyLength {
		return false, errDamaged
	}
	c.key, c.value, c.unread = body[:keyLength], body[keyLength:keyLength+valueLength], body[keyLength+valueLength:]
	return true, nil
}

// before reports whether the current record of c comes before that of other.
func (c *cursor) before(other *cursor) bool {
	if order := bytes.Compare(c.key, other.key); order != 0 {
		return order < 0
	}
	return c.order < other.order
}

// mergeRuns yields the records of all runs in order.
func mergeRuns(runs []run, yield func(Record, error) bool) {
	heap, err := openRuns(runs)
	for err == nil && len(heap) > 0 {
		first := heap[0]
		if !yield(Record{Key: string(first.key), Value: first.value}, nil) {
			return
		}
		var more bool
		if more, err = first.next(); !more {
			last := len(heap) - 1
			heap[0], heap = heap[last], heap[:last]
		}
		siftDown(heap, 0)
	}
	if err != nil {
		yield(Record{}, fmt.Errorf("reading sorted records back: %w", err))
	}
}

// openRuns returns a heap of cursors, each at its first record.
func openRuns(runs []run) ([]*cursor, error) {
	if len(runs) == 0 {
		return nil, nil
	}
	heap := make([]*cursor, 0, len(runs))
	for i, r := range runs {
		c := &cursor{rest: r, order: i}
		more, err := c.next()
		if err != nil {
			return nil, err
		}
		if more {
			heap = append(heap, c)
		}
	}
	for i := len(heap)/2 - 1; i >= 0; i-- {
		siftDown(heap, i)
	}
	return heap, nil
}

// siftDown restores the order of the heap below position i.
func siftDown(heap []*cursor, i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(heap); child++ {
			if heap[child].before(heap[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		heap[i], heap[least] = heap[least], heap[i]
		i = least
	}
}
