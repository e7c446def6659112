package history

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"
)

// WriteCSV writes a table of the records with a heading, a row for each. A cell that a spreadsheet would run as a formula begins
// with an apostrophe, which makes it text; control characters are left out.
func WriteCSV(w io.Writer, records iter.Seq2[Record, error], look Presentation) error {
	table := csv.NewWriter(w)
	if err := table.Write(csvHeading(look)); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	number := 0
	for record, err := range records {
		if err != nil {
			return err
		}
		number++
		if err := table.Write(csvRow(number, &record, look)); err != nil {
			return fmt.Errorf("writing CSV: %w", err)
		}
	}
	table.Flush()
	if err := table.Error(); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	return nil
}

func csvHeading(look Presentation) []string {
	headings := []phrase{
		numberHeading, timeHeading, subjectHeading, operationHeading, statusHeading, nameHeading,
		sourceHeading, targetHeading, changesHeading, reasonHeading, messageHeading,
	}
	row := make([]string, len(headings))
	for i, h := range headings {
		row[i] = h.in(look.Locale)
	}
	return row
}

func csvRow(number int, r *Record, look Presentation) []string {
	return []string{
		strconv.Itoa(number),
		r.Time.In(look.TimeZone).Format(time.RFC3339),
		SubjectWord(r.Subject, look.Locale),
		OperationWord(r.Operation, look.Locale),
		StatusWord(r.Status, look.Locale),
		Harmless(r.Name),
		Harmless(r.SourceID),
		Harmless(r.TargetID),
		Harmless(changesText(r.Changes, look.Locale)),
		Harmless(r.Reason),
		Harmless(r.Message),
	}
}

// formulaStarts are the characters with which a formula begins, also those of full width that East Asian spreadsheets take for them.
const formulaStarts = "=+-@＝＋－＠"

// Harmless gives text that no spreadsheet runs. Spaces in front do not hide a formula from every spreadsheet.
func Harmless(text string) string {
	text = withoutControls(text)
	visible := strings.TrimLeft(text, " \t\n\u00a0\u3000\ufeff")
	if visible != text && strings.ContainsAny(text[:1], "\t\n") || visible != "" && strings.ContainsRune(formulaStarts, firstRune(visible)) {
		return "'" + text
	}
	return text
}

func firstRune(text string) rune {
	for _, r := range text {
		return r
	}
	return 0
}

// WriteJSONLines writes the records as they are stored: an object a line.
func WriteJSONLines(w io.Writer, records iter.Seq2[Record, error]) error {
	encoder := NewEncoder(w)
	for record, err := range records {
		if err != nil {
			return err
		}
		if err := encoder.Encode(&record); err != nil {
			return err
		}
	}
	return nil
}
