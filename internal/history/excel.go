package history

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/xuri/excelize/v2"
)

// sheetRows is how many rows a sheet of a spreadsheet can have.
const sheetRows = excelize.TotalRows

// WriteExcel writes a workbook with the sheets Summary, Records and Changes. It streams: what does not fit into a small part of
// memory waits in temporary files below tempDir ("" is the system's), which are gone when it returns.
func WriteExcel(w io.Writer, run *Summary, records iter.Seq2[Record, error], look Presentation, tempDir string) error {
	return writeExcel(w, run, records, look, tempDir, sheetRows)
}

func writeExcel(w io.Writer, run *Summary, records iter.Seq2[Record, error], look Presentation, tempDir string, rows int) (err error) {
	dir, err := os.MkdirTemp(tempDir, "synccenter-export-")
	if err != nil {
		return fmt.Errorf("building the Excel file: it needs a folder for temporary files: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := excelize.NewFile(excelize.Options{TmpDir: dir})
	defer func() { err = errors.Join(err, file.Close()) }()

	book, err := newWorkbook(file, look, rows)
	if err != nil {
		return fmt.Errorf("building the Excel file: %w", err)
	}
	for record, err := range records {
		if err != nil {
			return err
		}
		if err := book.add(&record); err != nil {
			return fmt.Errorf("building the Excel file: %w", err)
		}
	}
	if err := book.finish(run); err != nil {
		return fmt.Errorf("building the Excel file: %w", err)
	}
	if err := file.Write(w); err != nil {
		return fmt.Errorf("writing the Excel file: %w", err)
	}
	return nil
}

// workbook fills the sheets of one file.
type workbook struct {
	file    *excelize.File
	look    Presentation
	styles  styles
	summary string
	records sheet
	changes sheet
	number  int64
}

func newWorkbook(file *excelize.File, look Presentation, rows int) (*workbook, error) {
	styles, err := newStyles(file)
	if err != nil {
		return nil, err
	}
	book := &workbook{file: file, look: look, styles: styles, summary: summarySheet.in(look.Locale)}
	// A new file has one sheet; it becomes the first.
	if err := file.SetSheetName(file.GetSheetName(0), book.summary); err != nil {
		return nil, err
	}
	book.records = sheet{file: file, styles: styles, rows: rows, title: recordsSheet.in(look.Locale), columns: recordColumns(look)}
	book.changes = sheet{file: file, styles: styles, rows: rows, title: changesSheet.in(look.Locale), columns: changeColumns(look)}
	return book, errors.Join(book.records.open(), book.changes.open())
}

var (
	summarySheet = phrase{"Summary", "概要"}
	recordsSheet = phrase{"Records", "记录"}
	changesSheet = phrase{"Changes", "变更"}
)

func recordColumns(look Presentation) []column {
	return []column{
		{numberHeading.in(look.Locale), 9},
		{timeColumn(look), 30},
		{subjectHeading.in(look.Locale), 12},
		{operationHeading.in(look.Locale), 26},
		{statusHeading.in(look.Locale), 12},
		{nameHeading.in(look.Locale), 24},
		{sourceHeading.in(look.Locale), 38},
		{targetHeading.in(look.Locale), 38},
		{fieldsHeading.in(look.Locale), 32},
		{reasonHeading.in(look.Locale), 22},
		{messageHeading.in(look.Locale), 60},
	}
}

func changeColumns(look Presentation) []column {
	return []column{
		{numberHeading.in(look.Locale), 9},
		{subjectHeading.in(look.Locale), 12},
		{operationHeading.in(look.Locale), 26},
		{statusHeading.in(look.Locale), 12},
		{nameHeading.in(look.Locale), 24},
		{sourceHeading.in(look.Locale), 38},
		{fieldHeading.in(look.Locale), 22},
		{beforeHeading.in(look.Locale), 50},
		{afterHeading.in(look.Locale), 50},
	}
}

func timeColumn(look Presentation) string {
	return timeHeading.in(look.Locale) + " (" + look.TimeZone.String() + ")"
}

// add writes one record and its changes. The number ties the two sheets together.
func (b *workbook) add(r *Record) error {
	b.number++
	s, locale := &b.records, b.look.Locale
	subject, operation, status := SubjectWord(r.Subject, locale), OperationWord(r.Operation, locale), StatusWord(r.Status, locale)
	err := s.add([]any{
		b.number, b.time(r.Time), subject, operation, status, s.text(r.Name), s.text(r.SourceID), s.text(r.TargetID),
		s.text(changedFields(r.Changes, locale)), s.text(r.Reason), s.text(r.Message),
	})
	if err != nil {
		return err
	}
	s = &b.changes
	for i := range r.Changes {
		c := &r.Changes[i]
		err := s.add([]any{
			b.number, subject, operation, status, s.text(r.Name), s.text(r.SourceID),
			s.text(fieldWord(c.Field, locale)), s.text(BeforeText(c, locale)), s.text(AfterText(c, locale)),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// time makes a cell that a spreadsheet can sort by, in the export's zone; what has not happened is an empty cell.
func (b *workbook) time(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return excelize.Cell{StyleID: b.styles.time, Value: t.In(b.look.TimeZone)}
}

func (b *workbook) finish(run *Summary) error {
	if err := b.records.close(); err != nil {
		return err
	}
	if err := b.changes.close(); err != nil {
		return err
	}
	return b.writeSummary(run)
}
