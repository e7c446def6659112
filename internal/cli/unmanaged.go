package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/inspection"
)

// listUnmanaged lists the entries of the target that have no link.
func (l *linksCommand) listUnmanaged(ctx context.Context, cluster *cluster) error {
	ctx, stop := untilInterrupted(ctx)
	defer stop()
	asked, err := l.ask(ctx, cluster, l.task, inspection.Request{Unmanaged: true})
	if err != nil {
		return err
	}
	reader, err := asked.stream(ctx)
	if err != nil {
		return err
	}
	return l.printUnmanaged(l.unmanagedIn(reader))
}

// unmanagedIn gives the entries of the answer while it is read. An answer that is cut short ends with an error.
func (l *linksCommand) unmanagedIn(reader *artifact.Reader) iter.Seq2[inspection.Unmanaged, error] {
	return func(yield func(inspection.Unmanaged, error) bool) {
		for data, err := range artifact.Lines(reader) {
			var line inspection.Unmanaged
			if err == nil {
				err = json.Unmarshal(data, &line)
			}
			if err != nil {
				yield(line, fmt.Errorf("reading the answer: %w", err))
				return
			}
			if line.Left > 0 {
				fmt.Fprintf(l.ErrOut, "%d more are not listed.\n", line.Left)
			}
			if !line.End && slices.Contains(l.kinds, directory.Kind(line.Subject)) && !yield(line, nil) {
				return
			}
		}
	}
}

func (l *linksCommand) printUnmanaged(entries iter.Seq2[inspection.Unmanaged, error]) error {
	switch l.format {
	case listJSON, listYAML:
		return writeDocuments(l.Out, l.format, entries)
	case listCSV:
		return writeCSV(l.Out, []string{"subject", "name", "target", "place", "mark of", "remark"}, entries, unmanagedCells)
	case listTable, listWide:
	}
	table := newTable(l.Out, "SUBJECT", "NAME", "TARGET", "PLACE", "MARK-OF", "REMARK")
	count := 0
	for entry, err := range entries {
		if err != nil {
			return errors.Join(table.flush(), err)
		}
		count++
		table.row(unmanagedCells(&entry)...)
	}
	if count == 0 {
		fmt.Fprintf(l.ErrOut, "Every entry of the target is linked to task %s.\n", l.task)
		return nil
	}
	return table.flush()
}

func unmanagedCells(u *inspection.Unmanaged) []string {
	remark := u.Unreadable
	switch {
	case remark != "":
	case u.Protected:
		remark = "protected"
	case u.Disabled:
		remark = "turned off"
	}
	return []string{u.Subject, u.Name, u.ID, u.Place, u.Owner, remark}
}
