package mapping

import (
	"encoding/binary"

	"synccenter.dev/synccenter/internal/directory"
)

// DecodeForm reads what AppendForm made. The form does not share memory with data, and all its texts are parts of one.
func DecodeForm(data []byte) (Form, error) {
	d := decoder{data: data, text: string(data)}
	texts, attributes := d.count(), d.count()
	if d.failed {
		return Form{}, errNotForm
	}
	d.texts = make([]string, 0, texts)
	d.attributes = make(directory.Attributes, 0, attributes)
	flags := d.flags()
	f := Form{Kind: directory.Kind(d.string()), ID: d.string(), Name: d.string(), Parent: d.string(), Disabled: flags&flagDisabled != 0}
	if flags&flagMark != 0 {
		f.Mark = &directory.Mark{Owner: d.string(), SourceID: d.string()}
	}
	f.Fields, f.OnCreate, f.References = d.attributeList(), d.attributeList(), d.attributeList()
	f.Unreadable, f.Departments, f.Leaders, f.Keys = d.strings(), d.strings(), d.strings(), d.strings()
	if d.failed || len(d.data) != d.at {
		return Form{}, errNotForm
	}
	return f, nil
}

// decoder reads an encoded form. After a failure everything it returns is empty.
type decoder struct {
	data []byte
	// text is data as a string, so that the texts of the form are parts of it.
	text string
	at   int
	// texts and attributes have room for all of them: the lists of the form are parts of these.
	texts      []string
	attributes directory.Attributes
	failed     bool
}

// count reads a number of things of at least one byte each, so that no more is allocated than there can be.
func (d *decoder) count() int {
	number, size := binary.Uvarint(d.data[d.at:])
	if size <= 0 || number > uint64(len(d.data)-d.at-size) {
		d.failed = true
		d.at = len(d.data)
		return 0
	}
	d.at += size
	return int(number)
}

func (d *decoder) flags() byte {
	if d.at >= len(d.data) {
		d.failed = true
		return 0
	}
	d.at++
	return d.data[d.at-1]
}

func (d *decoder) string() string {
	length := d.count()
	d.at += length
	return d.text[d.at-length : d.at]
}

func (d *decoder) strings() []string {
	count := d.count()
	first := len(d.texts)
	if count > cap(d.texts)-first {
		d.failed = true
	}
	if d.failed || count == 0 {
		return nil
	}
	for range count {
		d.texts = append(d.texts, d.string())
	}
	return d.texts[first:len(d.texts):len(d.texts)]
}

func (d *decoder) attributeList() directory.Attributes {
	count := d.count()
	first := len(d.attributes)
	if count > cap(d.attributes)-first {
		d.failed = true
	}
	if d.failed || count == 0 {
		return nil
	}
	for range count {
		d.attributes = append(d.attributes, directory.Attribute{Name: d.string(), Values: d.strings()})
	}
	return d.attributes[first:len(d.attributes):len(d.attributes)]
}
