package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/history"
)

// exportFormat is a kind of file.
type exportFormat string

const (
	exportExcel exportFormat = "xlsx"
	exportCSV   exportFormat = "csv"
	exportJSONL exportFormat = "jsonl"
)

var exportFormats = []exportFormat{exportExcel, exportCSV, exportJSONL}

// exportCommand writes the records of a run into a file.
type exportCommand struct {
	*Options
	run          string
	file, format string
	flags        presentationFlags

	kind exportFormat
}

func newExportCommand(o *Options) *cobra.Command {
	e := &exportCommand{Options: o}
	command := &cobra.Command{
		Use:   "export RUN -o FILE",
		Short: "Write the records of a run into an Excel, CSV or JSON lines file",
		Long: "Write the records of a run into a file. The file is built from the records, whether or not the task stores exports.\n\n" +
			"Names and values are always text: no cell is run as a formula. In CSV such a cell begins with an apostrophe.\n" +
			"The file is readable by you alone, and it replaces an older one only when it is whole.",
		Example:           "  kubectl synccenter export hr-first -o hr.xlsx\n  kubectl synccenter export hr-first -o hr.csv --locale en --time-zone UTC",
		Args:              needs("name the run"),
		ValidArgsFunction: o.completeRun,
		RunE:              runStep(e),
	}
	flags := command.Flags()
	flags.StringVarP(&e.file, "output", "o", "", "The file to write.")
	flags.StringVar(&e.format, "format", "", "Format of the file: "+listed(exportFormats)+" (default: what the name of the file ends in).")
	flags.StringVar(&e.flags.locale, "locale", "", "Language of headings and operations: zh-CN or en (default: the task's spec.export.locale, else "+string(defaultExport.Locale)+").")
	flags.StringVar(&e.flags.timeZone, "time-zone", "", "Zone of the times, for example UTC, or Local for that of this machine (default: the task's spec.export.timeZone, else "+defaultExport.TimeZone+").")
	// These fail only for a flag that does not exist.
	_ = command.RegisterFlagCompletionFunc("format", completeWords(texts(exportFormats)))
	_ = command.RegisterFlagCompletionFunc("locale", completeWords([]string{string(history.Chinese), string(history.English)}))
	_ = command.RegisterFlagCompletionFunc("time-zone", cobra.NoFileCompletions)
	return command
}

// Complete takes the run's name, and the format from the file's name.
func (e *exportCommand) Complete(arguments []string) error {
	e.run = arguments[0]
	if e.format == "" {
		e.format = strings.TrimPrefix(filepath.Ext(e.file), ".")
	}
	return nil
}

// Validate checks the format, the language and the zone.
func (e *exportCommand) Validate() error {
	if e.file == "" {
		return fmt.Errorf("name the file to write: kubectl synccenter export %s -o %s.xlsx", e.run, e.run)
	}
	var ok bool
	if e.kind, ok = find(e.format, exportFormats); !ok {
		return fmt.Errorf("the format of %q is not known: end its name in .xlsx, .csv or .jsonl, or add --format with one of %s", e.file, listed(exportFormats))
	}
	return e.flags.check()
}

// Run writes the file.
func (e *exportCommand) Run(ctx context.Context) error {
	ctx, stop := untilInterrupted(ctx)
	defer stop()
	cluster, err := e.connect()
	if err != nil {
		return err
	}
	run, err := cluster.run(ctx, e.run)
	if err != nil {
		return err
	}
	records, err := cluster.records(ctx, run)
	if err != nil {
		return err
	}
	task, err := cluster.taskUnlessGone(ctx, run.Spec.TaskRef.Name)
	if err != nil {
		return err
	}
	summary := summaryOf(run, task)
	look, err := e.presentation(e.flags, task, summary.SyncTime)
	if err != nil {
		return fmt.Errorf("exporting run %q: %w", e.run, err)
	}
	var written int64
	if err := replaceFile(e.file, func(w io.Writer) error { return e.write(w, summary, counted(records, &written), look) }); err != nil {
		return fmt.Errorf("exporting run %q: %w", e.run, err)
	}
	fmt.Fprintf(e.ErrOut, "%s: %s of run %s\n", e.file, recordCount(written), e.run)
	return nil
}

// byteOrderMark tells spreadsheets that a CSV file is in UTF-8; without it they show Chinese as something else.
const byteOrderMark = "\ufeff"

func (e *exportCommand) write(w io.Writer, summary *history.Summary, records iter.Seq2[history.Record, error], look history.Presentation) error {
	switch e.kind {
	case exportCSV:
		if _, err := io.WriteString(w, byteOrderMark); err != nil {
			return err
		}
		return history.WriteCSV(w, records, look)
	case exportJSONL:
		return history.WriteJSONLines(w, records)
	case exportExcel:
	}
	return history.WriteExcel(w, summary, records, look, "")
}

func counted(records iter.Seq2[history.Record, error], count *int64) iter.Seq2[history.Record, error] {
	return func(yield func(history.Record, error) bool) {
		for record, err := range records {
			if err == nil {
				*count += record.Number()
			}
			if !yield(record, err) {
				return
			}
		}
	}
}

// replaceFile writes a file beside the wanted one and puts it in its place when it is whole. Nobody else may read it: it holds names.
func replaceFile(path string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return notWritten(path, err)
	}
	err = errors.Join(write(file), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(notWritten(path, err), os.Remove(file.Name()))
	}
	return nil
}

// notWritten says of an error about files that the one that a person asked for could not be written: nobody knows of the one beside it.
func notWritten(path string, err error) error {
	if onPath, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("writing %s: %w", path, onPath.Err)
	}
	if onTwo, ok := errors.AsType[*os.LinkError](err); ok {
		return fmt.Errorf("writing %s: %w", path, onTwo.Err)
	}
	return err
}

// summaryOf takes what an export says of the run from its status, and the title from its task, which is nil when it is gone.
func summaryOf(run *v1alpha1.SyncRun, task *v1alpha1.SyncTask) *history.Summary {
	summary := &history.Summary{
		Namespace: run.Namespace, Task: run.Spec.TaskRef.Name, Run: run.Name, Sequence: run.Status.Sequence,
		Type: string(run.Spec.Type), Mode: string(run.Status.Mode), Phase: string(shownPhase(run)),
		SyncTime: syncTime(run), Message: run.Status.Message,
		Counts: history.Counts{Organizations: tally(run.Status.Organizations), Users: tally(run.Status.Users)},
	}
	if task != nil {
		summary.TaskTitle = task.Spec.DisplayName
	}
	if run.Status.StartTime != nil {
		summary.StartTime = run.Status.StartTime.Time
	}
	for _, o := range run.Status.Operations {
		summary.Counts.Operations = append(summary.Counts.Operations, history.OperationCount{
			Operation: string(o.Operation), Planned: o.Planned, Succeeded: o.Succeeded, Failed: o.Failed, Skipped: o.Skipped, Held: o.Held,
		})
	}
	return summary
}

func tally(counts *v1alpha1.SubjectCounts) history.Tally {
	if counts == nil {
		return history.Tally{}
	}
	return history.Tally{
		Total: counts.Total, Succeeded: counts.Succeeded, UpdatesTotal: counts.Updates.Total, UpdatesSucceeded: counts.Updates.Succeeded,
	}
}
