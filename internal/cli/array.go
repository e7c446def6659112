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
	var record bytes.Buffer
	encoder := history.NewEncoder(&record)
	separator := "[\n"
	for r, err := range records {
		if err != nil {
			return err
		}
		record.Reset()
		if err := encoder.Encode(&r); err != nil {
			return err
		}
		out.WriteString(separator)
		out.Write(bytes.TrimSuffix(record.Bytes(), []byte("\n")))
		separator = ",\n"
	}
	if separator == "[\n" {
		out.WriteString("[")
	}
	out.WriteString("\n]\n")
	// A bufio.Writer keeps its first error for Flush.
	return out.Flush()
}
