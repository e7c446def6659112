package plan

import (
	"encoding/binary"
	"errors"
	"fmt"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
)

// row is a user as it waits in a spool: a head that most comparisons get by with, and behind it what else the form has.
type row struct {
	hash        mapping.Hash
	id, name    string
	mark        *directory.Mark
	disabled    bool
	departments []string
	// unplaced: see mapping.Form.
	unplaced []string
	// plain: there are no references and no unreadable fields, so an equal hash says that the fields are equal.
	plain bool
	body  []byte
}

const (
	rowDisabled = 1 << iota
	rowPlain
	rowMarked
)

// appendRow appends the row of a form.
func appendRow(buf []byte, mapper *mapping.Mapper, form *mapping.Form) []byte {
	hash := mapper.Hash(form)
	buf = append(buf, hash[:]...)
	var flags byte
	if form.Disabled {
		flags |= rowDisabled
	}
	if len(form.References) == 0 && len(form.Unreadable) == 0 {
		flags |= rowPlain
	}
	if form.Mark != nil {
		flags |= rowMarked
	}
	buf = append(buf, flags)
	buf = appendText(appendText(buf, form.ID), form.Name)
	if form.Mark != nil {
		buf = appendText(appendText(buf, form.Mark.Owner), form.Mark.SourceID)
	}
	buf = appendTexts(appendTexts(buf, form.Departments), form.Unplaced)
	body := *form
	body.ID, body.Name, body.Mark, body.Disabled, body.Departments, body.Unplaced = "", "", nil, false, nil, nil
	return mapping.AppendForm(buf, &body)
}

func appendText(buf []byte, text string) []byte {
	return append(binary.AppendUvarint(buf, uint64(len(text))), text...)
}

func appendTexts(buf []byte, texts []string) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(texts)))
	for _, text := range texts {
		buf = appendText(buf, text)
	}
	return buf
}

var errRow = errors.New("a spooled user is cut short")

// parseRow reads the head of a row. The row refers to data and must not outlive it.
func parseRow(data []byte) (*row, error) {
	r := &row{}
	if len(data) < len(r.hash)+1 {
		return nil, errRow
	}
	copy(r.hash[:], data)
	flags := data[len(r.hash)]
	scan := scanner{data: data[len(r.hash)+1:]}
	r.disabled, r.plain = flags&rowDisabled != 0, flags&rowPlain != 0
	r.id, r.name = scan.text(), scan.text()
	if flags&rowMarked != 0 {
		r.mark = &directory.Mark{Owner: scan.text(), SourceID: scan.text()}
	}
	r.departments, r.unplaced = scan.texts(), scan.texts()
	if scan.bad {
		return nil, errRow
	}
	r.body = scan.data
	return r, nil
}

// form is the whole form.
func (r *row) form() (*mapping.Form, error) {
	form, err := mapping.DecodeForm(r.body)
	if err != nil {
		return nil, fmt.Errorf("decoding the form of user %q: %w", r.id, err)
	}
	form.ID, form.Name, form.Mark, form.Disabled, form.Departments = r.id, r.name, r.mark, r.disabled, r.departments
	form.Unplaced = r.unplaced
	return &form, nil
}

// scanner reads what appendText wrote.
type scanner struct {
	data []byte
	bad  bool
}

func (s *scanner) number() uint64 {
	n, width := binary.Uvarint(s.data)
	if width <= 0 {
		s.bad = true
		return 0
	}
	s.data = s.data[width:]
	return n
}

func (s *scanner) text() string {
	n := s.number()
	if n > uint64(len(s.data)) {
		s.bad = true
		return ""
	}
	text := string(s.data[:n])
	s.data = s.data[n:]
	return text
}

// texts reads what appendTexts wrote.
func (s *scanner) texts() []string {
	n := s.number()
	if n == 0 || n > uint64(len(s.data)) {
		s.bad = s.bad || n > 0
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = s.text()
	}
	return list
}
