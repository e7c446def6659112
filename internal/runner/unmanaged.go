package runner

import (
	"context"
	"encoding/json"
	"fmt"

	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/hidden"
	"synccenter.dev/synccenter/internal/inspection"
)

// unmanagedLimit is how many entries a list names: some 10 MiB of names before they are compressed.
const unmanagedLimit = 50_000

// listUnmanaged stores the entries of the target that have no link of the task, departments first.
func (i *Inspector) listUnmanaged(ctx context.Context, taken definition.Definition, uid string) error {
	e, err := i.execution(ctx, taken)
	if err != nil {
		return err
	}
	const narrower = "narrow the base DN or the filter of the target to those whom the task is to manage, or "
	err = i.writeAnswer(ctx, uid, narrower, func(writer *artifact.Writer) error { return e.listUnmanaged(ctx, writer) })
	if closeErr := e.closeEnds(); err == nil {
		err = closeErr
	}
	return err
}

func (e *execution) listUnmanaged(ctx context.Context, writer *artifact.Writer) error {
	r, err := e.prepareReading(ctx)
	if err != nil {
		return err
	}
	list := &unmanagedList{writer: writer}
	for _, kind := range []directory.Kind{directory.Department, directory.User} {
		for entry, err := range entriesOf(ctx, e.target, kind, r.protected.fields(kind)) {
			if err != nil {
				return e.noted(targetEnd, fmt.Errorf("reading the entries of kind %s: %w", kind, err))
			}
			if err := list.add(r, &entry); err != nil {
				return err
			}
		}
	}
	return list.line(inspection.Unmanaged{End: true, Left: list.left})
}

type unmanagedList struct {
	writer      *artifact.Writer
	count, left int64
}

// add names an entry, unless it is linked.
func (l *unmanagedList) add(r *reading, entry *directory.Entry) error {
	if _, linked := r.state.Links.SourceOf(entry.Kind, entry.ID); linked {
		return nil
	}
	if l.count == unmanagedLimit {
		l.left++
		return nil
	}
	l.count++
	line := inspection.Unmanaged{Subject: string(entry.Kind), ID: entry.ID, Name: entry.Name, Place: entry.Place, Disabled: entry.Disabled}
	if entry.Mark != nil {
		line.Owner = entry.Mark.Owner
	}
	err := entry.Err
	if err == nil {
		line.Protected, err = r.protected.holds(entry)
	}
	if err != nil {
		line.Unreadable = hidden.Error(err, r.mapper.SecretsOfTarget(entry)).Error()
	}
	return l.line(line)
}

func (l *unmanagedList) line(line inspection.Unmanaged) error {
	data, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("writing the list: %w", err)
	}
	return l.writer.WriteLine(data)
}
