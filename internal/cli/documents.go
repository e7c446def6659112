package cli

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"sigs.k8s.io/yaml"

	"synccenter.dev/synccenter/internal/history"
)

// writeDocuments writes a list as one document, JSON or YAML, without ever holding it whole. A JSON document ends only if every element was
// read, so one that broke off cannot be taken for the whole.
func writeDocuments[T any](w io.Writer, format listFormat, elements iter.Seq2[T, error]) error {
	out := bufio.NewWriter(w)
	open, between, end, empty := "[\n", ",\n", "\n]\n", "[]\n"
	if format == listYAML {
		open, between, end = "", "", ""
	}
	count := 0
	for element, err := range elements {
		if err != nil {
			return err
		}
		data, err := json.Marshal(element)
		if err == nil && format == listYAML {
			data, err = yamlElement(data)
		}
		if err != nil {
			return fmt.Errorf("writing an element: %w", err)
		}
		before := between
		if count == 0 {
			before = open
		}
		count++
		if _, err := out.WriteString(before + string(data)); err != nil {
			return err
		}
	}
	if count == 0 {
		end = empty
	}
	if _, err := out.WriteString(end); err != nil {
		return err
	}
	return out.Flush()
}

// yamlElement is one element of a YAML list.
func yamlElement(data []byte) ([]byte, error) {
	block, err := yaml.JSONToYAML(data)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for i, line := range bytes.SplitAfter(bytes.TrimSuffix(block, []byte("\n")), []byte("\n")) {
		if i == 0 {
			b.WriteString("- ")
		} else {
			b.WriteString("  ")
		}
		b.Write(line)
	}
	b.WriteString("\n")
	return b.Bytes(), nil
}

// writeCSV writes a row for each element. No cell is run by a spreadsheet.
func writeCSV[T any](w io.Writer, headings []string, elements iter.Seq2[T, error], cells func(*T) []string) error {
	table := csv.NewWriter(w)
	if err := table.Write(headings); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	for element, err := range elements {
		if err != nil {
			return err
		}
		row := cells(&element)
		for i := range row {
			row[i] = history.Harmless(row[i])
		}
		if err := table.Write(row); err != nil {
			return fmt.Errorf("writing CSV: %w", err)
		}
	}
	table.Flush()
	return table.Error()
}
