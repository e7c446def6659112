package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/spf13/cobra"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/plan"
)

// detailsFormat is a way of printing records.
type detailsFormat string

const (
	formatTable detailsFormat = "table"
	formatWide  detailsFormat = "wide"
	formatJSON  detailsFormat = "json"
	formatJSONL detailsFormat = "jsonl"
	formatCSV   detailsFormat = "csv"
)

var detailsFormats = []detailsFormat{formatTable, formatWide, formatJSON, formatJSONL, formatCSV}

// detailsCommand shows the records of a run.
type detailsCommand struct {
	*Options
	run    string
	flags  filterFlags
	output string
	expand bool

	filter history.Filter
	format detailsFormat
}

func newDetailsCommand(o *Options) *cobra.Command {
	d := &detailsCommand{Options: o}
	command := &cobra.Command{
		Use:   "details RUN",
		Short: "Show what a run did to each person and department",
		Long: "Show what a run did to each person and department, a record for each operation.\n\n" +
			"People of one name are told apart by the beginning of their IDs, which --search finds; -o wide and --expand show the IDs in full, and\n" +
			"\"kubectl synccenter explain TASK user ID\" shows who it is.",
		Example: "  kubectl synccenter details hr-first --status failed\n" +
			"  kubectl synccenter details hr-first --subject user --operation UpdateUser --expand\n" +
			"  kubectl synccenter details hr-first --search li@example.com -o json",
		Args:              needs("name the run"),
		ValidArgsFunction: o.completeRun,
		RunE:              runStep(d),
	}
	d.flags.addTo(command)
	command.Flags().BoolVar(&d.expand, "expand", false, "Show each changed field before and after, and messages in full (the other formats always have both).")
	command.Flags().StringVarP(&d.output, "output", "o", string(formatTable), "Output format. One of: ("+listed(detailsFormats)+").")
	_ = command.RegisterFlagCompletionFunc("output", completeWords(texts(detailsFormats)))
	return command
}

// Complete takes the run's name.
func (d *detailsCommand) Complete(arguments []string) error {
	d.run = arguments[0]
	return nil
}

// Validate checks the format and the filters.
func (d *detailsCommand) Validate() error {
	var ok bool
	if d.format, ok = find(d.output, detailsFormats); !ok {
		return fmt.Errorf("--output %q is not known: use one of %s", d.output, listed(detailsFormats))
	}
	var err error
	d.filter, err = d.flags.filter()
	return err
}

// Run prints the records. While there are none it prints what the status has.
func (d *detailsCommand) Run(ctx context.Context) error {
	cluster, err := d.connect()
	if err != nil {
		return err
	}
	run, err := cluster.run(ctx, d.run)
	if err != nil {
		return err
	}
	records, err := cluster.records(ctx, run)
	if errors.Is(err, errNoRecords) && d.isTable() {
		return d.printStatus(run, err)
	}
	if err != nil {
		return err
	}
	return d.print(records)
}

// isTable reports that the output is for people.
func (d *detailsCommand) isTable() bool { return d.format == formatTable || d.format == formatWide }

func (d *detailsCommand) printStatus(run *v1alpha1.SyncRun, why error) error {
	fmt.Fprintln(d.ErrOut, plain(why.Error())+".")
	return d.printOutcome(run)
}

func (d *detailsCommand) print(records iter.Seq2[history.Record, error]) error {
	chosen := d.filter.Of(records)
	switch d.format {
	case formatJSON:
		return writeArray(d.Out, chosen)
	case formatJSONL:
		return history.WriteJSONLines(d.Out, chosen)
	case formatCSV:
		return history.WriteCSV(d.Out, chosen, history.Presentation{Locale: history.English, TimeZone: d.TimeZone})
	case formatTable, formatWide:
	}
	return d.printTable(records)
}

func (d *detailsCommand) printTable(records iter.Seq2[history.Record, error]) error {
	ids := []string{"ID"}
	if d.format == formatWide {
		ids = []string{"SOURCE", "TARGET"}
	}
	table := newTable(d.Out, slices.Concat([]string{"TIME", "SUBJECT", "OPERATION", "STATUS", "NAME"}, ids, []string{"CHANGED", "MESSAGE"})...)
	var shown, total int64
	for record, err := range records {
		if err != nil {
			return errors.Join(table.flush(), err)
		}
		total += record.Number()
		if !d.filter.Matches(&record) {
			continue
		}
		shown += record.Number()
		d.addRow(table, &record)
	}
	if shown == 0 {
		fmt.Fprintf(d.ErrOut, "Nothing found in %s.\n", recordCount(total))
		return nil
	}
	if err := table.flush(); err != nil {
		return err
	}
	fmt.Fprintf(d.ErrOut, "%d of %s\n", shown, recordCount(total))
	return nil
}

func (d *detailsCommand) addRow(table *table, r *history.Record) {
	name := r.Name
	if name == "" {
		name = entryID(r)
	}
	message := plain(reasonAndMessage(r))
	if !d.expand {
		message = shortened(message, messageWidth)
	}
	ids := []string{shortened(entryID(r), idWidth)}
	if d.format == formatWide {
		ids = []string{r.SourceID, r.TargetID}
	}
	cells := []string{d.moment(r.Time), string(r.Subject), string(r.Operation), string(r.Status), name}
	table.row(slices.Concat(cells, ids, []string{changedFields(r.Changes), message})...)
	if !d.expand {
		return
	}
	table.text(fmt.Sprintf("    source %s, target %s", orNone(r.SourceID), orNone(r.TargetID)))
	for i := range r.Changes {
		c := &r.Changes[i]
		table.text(fmt.Sprintf("    %s: %s → %s", c.Field, orNone(history.BeforeText(c, history.English)), orNone(history.AfterText(c, history.English))))
	}
}

func entryID(r *history.Record) string {
	if r.SourceID != "" {
		return r.SourceID
	}
	return r.TargetID
}

// idWidth is how many columns of a terminal an ID takes: eight characters of a UUID and the mark that there are more tell people of one name apart.
const idWidth = 9

// messageWidth is how many columns of a terminal a message may take: one text that many records share would fill screens.
const messageWidth = 80

// recordCount counts records in words.
func recordCount(count int64) string {
	if count == 1 {
		return "1 record"
	}
	return fmt.Sprintf("%d records", count)
}

// shownFields is how many changed fields a row names; the others are counted.
const shownFields = 3

func changedFields(changes []plan.Change) string {
	var b bytes.Buffer
	for i := range changes {
		if i == shownFields {
			fmt.Fprintf(&b, " +%d", len(changes)-shownFields)
			break
		}
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString(changes[i].Field)
	}
	return b.String()
}

func reasonAndMessage(r *history.Record) string {
	switch {
	case r.Reason == "":
		return r.Message
	case r.Message == "":
		return r.Reason
	}
	return r.Reason + ": " + r.Message
}

func orNone(text string) string {
	if text == "" {
		return "(none)"
	}
	return text
}
