package history

import (
	"crypto/sha256"
	"iter"
	"time"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

// MaxFailures is how many failed records the counts of a run carry.
const MaxFailures = 10

// Count is the one way from records to counts.
func Count(records iter.Seq2[Record, error]) (Counts, error) {
	var counter Counter
	for record, err := range records {
		if err != nil {
			return Counts{}, err
		}
		counter.Add(&record)
	}
	return counter.Counts(), nil
}

// Counter counts records one by one. Tallies are of entries, and the records of one entry may stand far apart: a Counter remembers
// a digest and one byte for each entry and nothing else. The zero value is ready for use.
type Counter struct {
	entries map[entryKey]entryFlags
	// counted are the entries of records that stand for many.
	counted map[directory.Kind]int64
	// plains are the records that a number can stand for.
	plains map[directory.Kind]int64
	// plainTime is that of the last of them.
	plainTime  time.Time
	operations map[plan.OperationKind]*OperationCount
	failures   []Record
	records    int64
}

// entryKey is a digest, so that long identifiers cost no more memory than short ones.
type entryKey [16]byte

// entryFlags says what was seen of one entry.
type entryFlags uint8

const (
	isDepartment entryFlags = 1 << iota
	// notSucceeded: at least one record is Failed, Skipped, Held or Planned.
	notSucceeded
	// neededChange: at least one record is of another operation than NoUpdate.
	neededChange
	// wasPlain: it has a record that a number can stand for, and wasTold: it has another one.
	wasPlain
	wasTold
)

// Add counts one record.
func (c *Counter) Add(r *Record) {
	if c.entries == nil {
		c.entries = make(map[entryKey]entryFlags)
		c.operations = make(map[plan.OperationKind]*OperationCount)
		c.counted = make(map[directory.Kind]int64)
		c.plains = make(map[directory.Kind]int64)
	}
	c.records += r.Number()
	if r.Counted != nil {
		c.addCounted(r)
	} else {
		c.addEntry(r)
	}
	c.addOperation(r)
	if r.Status == plan.Failed && len(c.failures) < MaxFailures {
		c.failures = append(c.failures, failure(r))
	}
}

func (c *Counter) addEntry(r *Record) {
	key := keyOf(r)
	flags := c.entries[key]
	if r.Subject == directory.Department {
		flags |= isDepartment
	}
	if r.Status != plan.Succeeded {
		flags |= notSucceeded
	}
	if r.Operation != plan.NoUpdate {
		flags |= neededChange
	}
	if r.IsPlain() {
		flags |= wasPlain
		c.plains[r.Subject]++
		if r.Time.After(c.plainTime) {
			c.plainTime = r.Time
		}
	} else {
		flags |= wasTold
	}
	c.entries[key] = flags
}

func (c *Counter) addOperation(r *Record) {
	count := c.operations[r.Operation]
	if count == nil {
		count = &OperationCount{Operation: string(r.Operation)}
		c.operations[r.Operation] = count
	}
	number := r.Number()
	count.Planned += number
	switch r.Status {
	case plan.Planned:
	case plan.Succeeded:
		count.Succeeded += number
	case plan.Failed:
		count.Failed += number
	case plan.Skipped:
		count.Skipped += number
	case plan.Held:
		count.Held += number
	}
}

// Counts answers with what was counted so far.
func (c *Counter) Counts() Counts {
	counts := Counts{Records: c.records, Failures: c.failures}
	for _, flags := range c.entries {
		if flags&isDepartment != 0 {
			counts.Organizations.add(flags)
		} else {
			counts.Users.add(flags)
		}
	}
	counts.Organizations.addUnchanged(c.counted[directory.Department])
	counts.Users.addUnchanged(c.counted[directory.User])
	for _, kind := range Operations() {
		if count := c.operations[kind]; count != nil {
			counts.Operations = append(counts.Operations, *count)
		}
	}
	return counts
}

func (t *Tally) add(flags entryFlags) {
	succeeded := int64(1)
	if flags&notSucceeded != 0 {
		succeeded = 0
	}
	t.Total++
	t.Succeeded += succeeded
	if flags&neededChange != 0 {
		t.UpdatesTotal++
		t.UpdatesSucceeded += succeeded
	}
}

// addUnchanged adds entries that needed no change.
func (t *Tally) addUnchanged(entries int64) {
	t.Total += entries
	t.Succeeded += entries
}

// keyOf names the entry of a record. Its source ID is the same in all of its records; only what has none goes by its target ID.
func keyOf(r *Record) entryKey {
	side, id := "source", r.SourceID
	if id == "" {
		side, id = "target", r.TargetID
	}
	sum := sha256.Sum256([]byte(string(r.Subject) + "\x00" + side + "\x00" + id))
	return entryKey(sum[:16])
}

// failure is what the counts keep of a failed record: they travel in a small report, so the changes and long texts stay behind.
func failure(r *Record) Record {
	short := *r
	short.Changes = nil
	short.Name = cut(r.Name, 256)
	short.Message = cut(r.Message, 1024)
	return short
}
