package cli

import (
	"bufio"
	"io"
	"strings"
)

// tableLookahead is how many rows decide how wide the columns are, unless the table says otherwise. Longer tables are written as they come.
const tableLookahead = 500

// columnGap stands between columns, as in kubectl.
const columnGap = 3

// table writes rows in aligned columns. Every cell is made safe for a terminal.
type table struct {
	out    *bufio.Writer
	widths []int
	// lookahead is how many rows decide how wide the columns are.
	lookahead int
	// waiting are lines whose widths are still looked at; nil when the widths are decided.
	waiting []line
	// paint gives a cell that stands in a column its colour; nil without colours.
	paint func(column int, cell string) string
	err   error
}

// line is a row of cells, or text across all columns.
type line struct {
	cells []string
	text  string
}

func newTable(out io.Writer, headings ...string) *table {
	t := &table{out: bufio.NewWriter(out), widths: make([]int, len(headings)), lookahead: tableLookahead, waiting: make([]line, 0, 16)}
	t.row(headings...)
	return t
}

// row adds a row. It has a cell for each heading.
func (t *table) row(cells ...string) {
	safe := make([]string, len(cells))
	for i, cell := range cells {
		safe[i] = plain(cell)
	}
	t.add(line{cells: safe})
}

// text adds a line across all columns.
func (t *table) text(text string) {
	t.add(line{text: plain(text)})
}

func (t *table) add(l line) {
	if t.waiting == nil {
		t.write(l)
		return
	}
	for i, cell := range l.cells {
		t.widths[i] = max(t.widths[i], displayWidth(cell))
	}
	t.waiting = append(t.waiting, l)
	if len(t.waiting) > t.lookahead {
		t.decide()
	}
}

func (t *table) decide() {
	for _, l := range t.waiting {
		t.write(l)
	}
	t.waiting = nil
}

func (t *table) write(l line) {
	if t.err != nil {
		return
	}
	text := l.text
	if l.cells != nil {
		text = t.align(l.cells)
	}
	_, t.err = t.out.WriteString(text + "\n")
}

func (t *table) align(cells []string) string {
	var b strings.Builder
	for i, cell := range cells {
		if t.paint == nil {
			b.WriteString(cell)
		} else {
			b.WriteString(t.paint(i, cell))
		}
		if i < len(cells)-1 {
			b.WriteString(strings.Repeat(" ", max(t.widths[i]-displayWidth(cell), 0)+columnGap))
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// flush writes what is there and answers with the first error of writing. Rows may follow; they keep to the columns as they are.
func (t *table) flush() error {
	t.decide()
	if t.err != nil {
		return t.err
	}
	return t.out.Flush()
}
