package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"synccenter.dev/synccenter/internal/apply"
	"synccenter.dev/synccenter/internal/directory"
)

// sentinels is how many entries that were there at the read are looked up along with those that are to be removed.
const sentinels = 3

// question is what the source is asked once more before something is taken away, and what its answer means.
type question struct {
	// prepare makes ready what judging needs, when this attempt goes on with a plan and has read nothing yet.
	prepare func(context.Context) error
	fields  func() []string
	judge   func(*directory.Entry) apply.Verdict
	// before looks at what judging the answer needs beside it; nil when that is nothing.
	before func(ctx context.Context, answer []directory.Entry) error
}

// absent looks entries up in the source just before they are removed, together with some that were found by the read. When none of those
// is found, in scope, by the same call, the answer says nothing: the account may have lost the right to see people or what the filters ask for.
func (e *execution) absent(present presentSample) apply.Absent {
	return e.lookUp(present, question{prepare: e.needScope, fields: e.scopeFields, judge: e.entryVerdict})
}

// withoutDepartment does the same for the departments of users.
func (e *execution) withoutDepartment(present presentSample) apply.Absent {
	return func(ctx context.Context, kind directory.Kind, ids []string) (map[string]apply.Verdict, error) {
		gone := map[string]bool{}
		return e.lookUp(present, question{
			prepare: e.needScope, fields: e.scopeFields,
			judge: func(entry *directory.Entry) apply.Verdict { return e.departmentVerdict(entry, gone) },
			before: func(ctx context.Context, answer []directory.Entry) error {
				return e.findGone(ctx, present[directory.Department], answer, gone)
			},
		})(ctx, kind, ids)
	}
}

// turnedOff does the same for users whose account the source turns off.
func (e *execution) turnedOff(present presentSample) apply.Absent {
	prepare := func(ctx context.Context) error {
		if err := e.needScope(ctx); err != nil {
			return err
		}
		return e.needMapper(ctx)
	}
	fields := func() []string { return union(e.scopeFields(), e.mapper.SourceFields(directory.User)) }
	return e.lookUp(present, question{prepare: prepare, fields: fields, judge: e.accountVerdict})
}

func (e *execution) scopeFields() []string { return e.chosen.Fields() }

func (e *execution) lookUp(present presentSample, asked question) apply.Absent {
	return func(ctx context.Context, kind directory.Kind, ids []string) (map[string]apply.Verdict, error) {
		known := chooseSentinels(present[kind], ids)
		if len(known) == 0 {
			return nil, errNoSentinel
		}
		if err := asked.prepare(ctx); err != nil {
			return nil, err
		}
		entries, err := e.source.Lookup(ctx, kind, append(slices.Clone(ids), known...), asked.fields())
		if err != nil {
			return nil, err
		}
		found := make(map[string]*directory.Entry, len(entries))
		for i := range entries {
			found[entries[i].ID] = &entries[i]
		}
		if !slices.ContainsFunc(known, func(id string) bool { return found[id] != nil && e.entryVerdict(found[id]) == apply.StillThere }) {
			return nil, fmt.Errorf("entries that the read had found in scope (%q) were not found so by the look-up either, so its answer cannot be trusted; "+
				"check the rights of the source's account and run again", known)
		}
		if asked.before != nil {
			if err := asked.before(ctx, entries); err != nil {
				return nil, err
			}
		}
		return verdicts(ids, found, asked.judge), nil
	}
}

var errNoSentinel = errors.New("no other entry is known to be in the source, so that an answer of \"absent\" could not be trusted; remove it in the target by hand, or run again when there is one")

// findGone notes which departments that users name are gone: the read did not have them, and nor has the source now. One that is newer than the read
// is not among them. Nothing is gone when the same call does not find a department that must be there.
func (e *execution) findGone(ctx context.Context, sample []string, users []directory.Entry, gone map[string]bool) error {
	var missing []string
	for i := range users {
		if slices.ContainsFunc(users[i].Departments, e.chosen.Department) {
			continue
		}
		for _, id := range users[i].Departments {
			if !e.chosen.Knows(id) && !slices.Contains(missing, id) {
				missing = append(missing, id)
			}
		}
	}
	known := chooseSentinels(sample, missing)
	if len(missing) > 0 && len(known) == 0 {
		return fmt.Errorf("looking up the departments that they name: %w", errNoSentinel)
	}
	for ids := range slices.Chunk(missing, departmentBatch) {
		entries, err := e.source.Lookup(ctx, directory.Department, slices.Concat(ids, known), nil)
		if err != nil {
			return fmt.Errorf("looking up the departments that they name: %w", err)
		}
		there := map[string]bool{}
		for i := range entries {
			there[entries[i].ID] = true
		}
		if !slices.ContainsFunc(known, func(id string) bool { return there[id] }) {
			continue
		}
		for _, id := range ids {
			gone[id] = !there[id]
		}
	}
	return nil
}

// departmentBatch is how many departments are looked up at once: with the sentinels no more than a connector asks for in one request.
const departmentBatch = 90

// needScope prepares the scope when this attempt goes on with a plan and has read nothing yet.
func (e *execution) needScope(ctx context.Context) error {
	e.preparing.Lock()
	defer e.preparing.Unlock()
	if e.chosen != nil {
		return nil
	}
	schema, err := e.source.Schema(ctx)
	if err != nil {
		return err
	}
	departments, err := all(e.source.Departments(ctx, nil))
	if err != nil {
		return err
	}
	e.chosen, err = compileScope(&e.definition, treeOf(departments), schema)
	return err
}

// chooseSentinels takes some known IDs from both ends of the sample, leaving out those that are asked about.
func chooseSentinels(sample, asked []string) []string {
	left := slices.DeleteFunc(slices.Clone(sample), func(id string) bool { return slices.Contains(asked, id) })
	if len(left) <= sentinels {
		return left
	}
	return append([]string{left[0]}, left[len(left)-sentinels+1:]...)
}

// verdicts judges each entry. One of which nothing can be told has no verdict, and nothing is taken away then.
func verdicts(ids []string, found map[string]*directory.Entry, judge func(*directory.Entry) apply.Verdict) map[string]apply.Verdict {
	verdicts := make(map[string]apply.Verdict, len(ids))
	for _, id := range ids {
		if found[id] == nil {
			verdicts[id] = apply.Gone
			continue
		}
		if verdict := judge(found[id]); verdict != "" {
			verdicts[id] = verdict
		}
	}
	return verdicts
}

// entryVerdict says whether the task is still about an entry of the source. The scope knows the departments of the read: one that is newer
// is back, and of who is in one nothing is told.
func (e *execution) entryVerdict(entry *directory.Entry) apply.Verdict {
	in, err := e.includes(entry)
	switch {
	case err != nil:
		return ""
	case in:
		return apply.StillThere
	case entry.Filtered:
		return apply.OutOfScope
	case entry.Kind == directory.Department && !e.chosen.Knows(entry.ID):
		return apply.StillThere
	case slices.ContainsFunc(entry.Departments, func(id string) bool { return !e.chosen.Knows(id) }):
		return ""
	}
	return apply.OutOfScope
}

// departmentVerdict says whether a user of the source has a department that the task is about. One that is newer than the read tells nothing, and
// one that is gone is none.
func (e *execution) departmentVerdict(entry *directory.Entry, gone map[string]bool) apply.Verdict {
	verdict := e.entryVerdict(entry)
	if verdict != apply.StillThere {
		return verdict
	}
	for _, id := range entry.Departments {
		switch {
		case e.chosen.Department(id):
			return apply.StillThere
		case !e.chosen.Knows(id) && !gone[id]:
			verdict = ""
		}
	}
	if verdict == "" || len(entry.Unplaced) > 0 {
		return ""
	}
	return apply.OutOfScope
}

// accountVerdict says whether the source, mapped as the task says, turns a user's account off.
func (e *execution) accountVerdict(entry *directory.Entry) apply.Verdict {
	verdict := e.entryVerdict(entry)
	if verdict != apply.StillThere {
		return verdict
	}
	form, err := e.mapper.Map(*entry)
	if err != nil {
		return ""
	}
	if off, said := e.mapper.SaysOff(&form); said && off {
		return apply.TurnedOff
	}
	return apply.StillThere
}
