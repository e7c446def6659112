package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/directory"
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
	err = e.listUnmanaged(ctx, uid)
	if closeErr := e.closeEnds(); err == nil {
		err = closeErr
	}
	return err
}

func (e *execution) listUnmanaged(ctx context.Context, uid string) error {
	r, err := e.prepareReading(ctx)
	if err != nil {
		return err
	}
	// The pod of an earlier attempt may have left an answer that nobody was told of.
	_, revision, err := artifact.Stat(ctx, e.Store, artifact.Scope{Run: uid}, inspection.AnswerStream)
	if err != nil && !errors.Is(err, artifact.ErrNotFound) {
		return err
	}
	writer, err := artifact.NewWriter(ctx, e.Store, artifact.Scope{Run: uid}, inspection.AnswerStream, revision)
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
	if err := list.line(inspection.Unmanaged{End: true, Left: list.left}); err != nil {
		return err
	}
	_, _, err = writer.Commit(ctx)
	return err
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
	if entry.Err == nil {
		var err error
		if line.Protected, err = r.protected.holds(entry); err != nil {
			line.Unreadable = err.Error()
		}
	} else {
		line.Unreadable = entry.Err.Error()
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
