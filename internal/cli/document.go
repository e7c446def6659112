package cli

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// documentFormat is a way of printing one answer.
type documentFormat string

const (
	documentText documentFormat = "text"
	documentJSON documentFormat = "json"
	documentYAML documentFormat = "yaml"
)

var documentFormats = []documentFormat{documentText, documentJSON, documentYAML}

// documentOutput is the -o flag of commands that print one answer.
type documentOutput struct {
	text   string
	format documentFormat
}

func (d *documentOutput) addTo(command *cobra.Command) {
	command.Flags().StringVarP(&d.text, "output", "o", string(documentText), "Output format. One of: ("+listed(documentFormats)+").")
	_ = command.RegisterFlagCompletionFunc("output", completeWords(texts(documentFormats)))
}

func (d *documentOutput) validate() error {
	var ok bool
	if d.format, ok = find(d.text, documentFormats); !ok {
		return fmt.Errorf("--output %q is not known: use one of %s", d.text, listed(documentFormats))
	}
	return nil
}

// write writes the answer as JSON or YAML. It reports false when it is to be shown as text.
func (d *documentOutput) write(out io.Writer, answer any) (bool, error) {
	if d.format == documentText {
		return false, nil
	}
	data, err := json.MarshalIndent(answer, "", "  ")
	if err == nil && d.format == documentYAML {
		data, err = yaml.JSONToYAML(data)
	} else {
		data = append(data, '\n')
	}
	if err == nil {
		_, err = out.Write(data)
	}
	if err != nil {
		return true, fmt.Errorf("writing the answer: %w", err)
	}
	return true, nil
}
