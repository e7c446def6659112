package plan

import (
	"iter"

	"synccenter.dev/synccenter/internal/spool"
	"synccenter.dev/synccenter/internal/state"
)

// joined is all that is known under one source ID. Any of the three may be missing.
type joined struct {
	id string
	// source and target are rows that are not parsed yet: most of what is asked is only whether they are there.
	source, target []byte
	link           *state.Link
	// twice: the source gave this ID more than once.
	twice bool
}

// join merges three sequences that are in the order of the source ID: source users, target users and links.
// An error of either spool is the last element. The rows are valid until the next element is asked for.
func join(source, target iter.Seq2[spool.Record, error], links iter.Seq[state.Link]) iter.Seq2[joined, error] {
	return func(yield func(joined, error) bool) {
		nextSource, stopSource := iter.Pull2(source)
		defer stopSource()
		nextTarget, stopTarget := iter.Pull2(target)
		defer stopTarget()
		nextLink, stopLinks := iter.Pull(links)
		defer stopLinks()

		s, t := cursor{next: nextSource}, cursor{next: nextTarget}
		link, linked := nextLink()
		s.advance()
		t.advance()
		for s.err == nil && t.err == nil && (s.ok || t.ok || linked) {
			out := joined{id: smallest(s, t, link, linked)}
			if s.at(out.id) {
				out.source = s.take()
				for ; s.at(out.id); s.advance() {
					out.twice = true
				}
			}
			if t.at(out.id) {
				out.target = t.take()
				for t.at(out.id) { // the target gave its entry more than once
					t.advance()
				}
			}
			if linked && link.SourceID == out.id {
				current := link
				out.link = &current
				link, linked = nextLink()
			}
			if s.err == nil && t.err == nil && !yield(out, nil) {
				return
			}
		}
		if err := firstError(s.err, t.err); err != nil {
			yield(joined{}, err)
		}
	}
}

// cursor walks a spool.
type cursor struct {
	next   func() (spool.Record, error, bool)
	record spool.Record
	ok     bool
	err    error
	// taken holds the row that was taken last: a record is gone once the next one is asked for.
	taken []byte
}

// take keeps the current record and goes on to the next.
func (c *cursor) take() []byte {
	c.taken = append(c.taken[:0], c.record.Value...)
	c.advance()
	return c.taken
}

func (c *cursor) advance() {
	if c.err != nil {
		c.ok = false
		return
	}
	c.record, c.err, c.ok = c.next()
	if c.err != nil {
		c.ok = false
	}
}

func (c *cursor) at(key string) bool { return c.ok && c.record.Key == key }

func smallest(s, t cursor, link state.Link, linked bool) string {
	id, found := "", false
	consider := func(key string, ok bool) {
		if ok && (!found || key < id) {
			id, found = key, true
		}
	}
	consider(s.record.Key, s.ok)
	consider(t.record.Key, t.ok)
	consider(link.SourceID, linked)
	return id
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// merge merges two sequences of records that are in the order of their keys.
func merge(a, b iter.Seq2[spool.Record, error]) iter.Seq2[spool.Record, error] {
	return func(yield func(spool.Record, error) bool) {
		nextA, stopA := iter.Pull2(a)
		defer stopA()
		nextB, stopB := iter.Pull2(b)
		defer stopB()
		x, y := cursor{next: nextA}, cursor{next: nextB}
		x.advance()
		y.advance()
		for x.err == nil && y.err == nil && (x.ok || y.ok) {
			least := &x
			if !x.ok || y.ok && y.record.Key < x.record.Key {
				least = &y
			}
			if !yield(least.record, nil) {
				return
			}
			least.advance()
		}
		if err := firstError(x.err, y.err); err != nil {
			yield(spool.Record{}, err)
		}
	}
}
