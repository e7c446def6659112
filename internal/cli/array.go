package cli

import (
	"bufio"
	"bytes"
	"io"
	"iter"

	"synccenter.dev/synccenter/internal/history"
)

// writeArray writes the records as one JSON document, without ever holding them all. The document ends only if every record was read,
// so one that broke off cannot be taken for the whole.
func writeArray(w io.Writer, records iter.Seq2[history.Record, error]) error {
	out := bufio.NewWriter(w)
	var element bytes.Buffer
	encoder := history.NewEncoder(&element)
	element.WriteString("[\n")
	for record, err := range records {
		if err != nil {
			return err
		}
		if err := encoder.Encode(&record); err != nil {
			return err
		}
		// The line end goes behind the comma of the next element.
		if _, err := out.Write(bytes.TrimSuffix(element.Bytes(), []byte("\n"))); err != nil {
			return err
		}
		element.Reset()
		element.WriteString(",\n")
	}
	end := "\n]\n"
	if bytes.HasPrefix(element.Bytes(), []byte("[")) {
		end = "[]\n"
	}
	if _, err := out.WriteString(end); err != nil {
		return err
	}
	return out.Flush()
}
