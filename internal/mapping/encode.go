package mapping

import (
	"encoding/binary"
	"errors"

	"synccenter.dev/synccenter/internal/directory"
)

// errNotForm is what DecodeForm says of bytes that AppendForm did not make.
var errNotForm = errors.New("decoding a form: the bytes are damaged or were written by another version")

// The flags of an encoded form.
const (
	flagMark = 1 << iota
	flagDisabled
)

// AppendForm appends a form in a compact encoding: how many texts and attributes there are, then every text behind its length.
func AppendForm(data []byte, f *Form) []byte {
	texts := len(f.Unreadable) + len(f.Departments) + len(f.Leaders) + len(f.Keys)
	attributes := 0
	for _, list := range []directory.Attributes{f.Fields, f.OnCreate, f.References} {
		attributes += len(list)
		for _, a := range list {
			texts += len(a.Values)
		}
	}
	data = binary.AppendUvarint(data, uint64(texts))
	data = binary.AppendUvarint(data, uint64(attributes))
	var flags byte
	if f.Mark != nil {
		flags |= flagMark
	}
	if f.Disabled {
		flags |= flagDisabled
	}
	data = append(data, flags)
	data = appendString(data, string(f.Kind))
	data = appendString(data, f.ID)
	data = appendString(data, f.Name)
	data = appendString(data, f.Parent)
	if f.Mark != nil {
		data = appendString(data, f.Mark.Owner)
		data = appendString(data, f.Mark.SourceID)
	}
	data = appendAttributes(data, f.Fields)
	data = appendAttributes(data, f.OnCreate)
	data = appendAttributes(data, f.References)
	data = appendStrings(data, f.Unreadable)
	data = appendStrings(data, f.Departments)
	data = appendStrings(data, f.Leaders)
	return appendStrings(data, f.Keys)
}

func appendAttributes(data []byte, attributes directory.Attributes) []byte {
	data = binary.AppendUvarint(data, uint64(len(attributes)))
	for _, a := range attributes {
		data = appendString(data, a.Name)
		data = appendStrings(data, a.Values)
	}
	return data
}

func appendStrings(data []byte, texts []string) []byte {
	data = binary.AppendUvarint(data, uint64(len(texts)))
	for _, text := range texts {
		data = appendString(data, text)
	}
	return data
}

func appendString(data []byte, text string) []byte {
	data = binary.AppendUvarint(data, uint64(len(text)))
	return append(data, text...)
}
