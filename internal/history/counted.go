package history

import (
	"fmt"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

// Counted says for how much one record stands.
type Counted struct {
	// Records is how many records it stands for.
	Records int64 `json:"records"`
	// Entries are those of them whose entry has no other record.
	Entries int64 `json:"entries"`
}

// IsPlain says whether a record tells nothing but that its entry was examined and needed no change: a number says the same.
func (r *Record) IsPlain() bool {
	return r.Operation == plan.NoUpdate && r.Status == plan.Succeeded && r.Counted == nil && r.Reason == "" && r.Message == "" && len(r.Changes) == 0
}

// Number is how many records the record stands for.
func (r *Record) Number() int64 {
	if r.Counted == nil {
		return 1
	}
	return r.Counted.Records
}

func (c *Counter) addCounted(r *Record) {
	c.counted[r.Subject] += r.Counted.Entries
}

// Numbers are the records that stand for all plain records that were counted: with them in their place the counts are the same.
func (c *Counter) Numbers() []Record {
	var result []Record
	for _, subject := range []directory.Kind{directory.Department, directory.User} {
		if number := c.plain(subject); number.Records > 0 {
			result = append(result, Record{
				Subject: subject, Operation: plan.NoUpdate, Status: plan.Succeeded, Time: c.plainTime, Counted: &number,
				Message: fmt.Sprintf("%s that were examined and needed no change: %d. Their records are kept as this number.", plurals[subject], number.Records),
			})
		}
	}
	return result
}

var plurals = map[directory.Kind]string{directory.Department: "Departments", directory.User: "Users"}

// plain counts the plain records of a subject.
func (c *Counter) plain(subject directory.Kind) Counted {
	result := Counted{Records: c.plains[subject]}
	for _, flags := range c.entries {
		if flags&wasPlain != 0 && flags&wasTold == 0 && (flags&isDepartment != 0) == (subject == directory.Department) {
			result.Entries++
		}
	}
	return result
}
