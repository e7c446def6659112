package history

import (
	"fmt"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// column is a column of a sheet.
type column struct {
	heading string
	width   float64
}

// styles are the looks of cells. Text has the number format "text", so that it stays text when a person edits the cell.
type styles struct{ heading, text, time int }

func newStyles(file *excelize.File) (styles, error) {
	var s styles
	var err error
	if s.heading, err = file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDEBF7"}}}); err != nil {
		return s, err
	}
	const asText = 49
	if s.text, err = file.NewStyle(&excelize.Style{NumFmt: asText}); err != nil {
		return s, err
	}
	format := "yyyy-mm-dd hh:mm:ss"
	s.time, err = file.NewStyle(&excelize.Style{CustomNumFmt: &format})
	return s, err
}

// sheet is a table that goes on in a further sheet of the file when one is full.
type sheet struct {
	file    *excelize.File
	styles  styles
	title   string
	columns []column
	// rows is how many rows one sheet holds, the heading included.
	rows int

	stream *excelize.StreamWriter
	name   string
	part   int
	row    int
}

// open begins the next sheet of the table with its heading.
func (s *sheet) open() error {
	s.part++
	s.name, s.row = s.title, 0
	if s.part > 1 {
		s.name = fmt.Sprintf("%s (%d)", s.title, s.part)
	}
	if _, err := s.file.NewSheet(s.name); err != nil {
		return err
	}
	stream, err := s.file.NewStreamWriter(s.name)
	if err != nil {
		return err
	}
	s.stream = stream
	heading := make([]any, len(s.columns))
	for i, c := range s.columns {
		if err := stream.SetColWidth(i+1, i+1, c.width); err != nil {
			return err
		}
		heading[i] = excelize.Cell{StyleID: s.styles.heading, Value: c.heading}
	}
	if err := stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	return s.write(heading)
}

// add writes one row.
func (s *sheet) add(cells []any) error {
	if s.row == s.rows {
		if err := s.close(); err != nil {
			return err
		}
		if err := s.open(); err != nil {
			return err
		}
	}
	return s.write(cells)
}

func (s *sheet) write(cells []any) error {
	s.row++
	return s.stream.SetRow(fmt.Sprintf("A%d", s.row), cells)
}

// close ends the present sheet with a filter over all its rows.
func (s *sheet) close() error {
	last, err := excelize.CoordinatesToCellName(len(s.columns), s.row)
	if err != nil {
		return err
	}
	if err := s.file.AutoFilter(s.name, "A1:"+last, nil); err != nil {
		return err
	}
	return s.stream.Flush()
}

// text makes a cell that is text whatever it holds: it is never a formula, and never a number or a date.
func (s *sheet) text(value string) excelize.Cell {
	return excelize.Cell{StyleID: s.styles.text, Value: cellText(value)}
}

// cellText gives text that a cell can hold: what is too long is cut with a mark.
func cellText(text string) string {
	text = withoutControls(text)
	if len(text) <= excelize.TotalCellChars || utf16Length(text) <= excelize.TotalCellChars {
		return text
	}
	mark := fmt.Sprintf("… (cut, %d characters in all)", utf8.RuneCountInString(text))
	room := excelize.TotalCellChars - len(mark)
	for i, r := range text {
		if room -= utf16Size(r); room < 0 {
			return text[:i] + mark
		}
	}
	return text
}

func utf16Length(text string) int {
	length := 0
	for _, r := range text {
		length += utf16Size(r)
	}
	return length
}

// utf16Size is how much of a cell's limit a character takes.
func utf16Size(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}
