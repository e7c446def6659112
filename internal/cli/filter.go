package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/history"
)

// filterFlags are the flags that choose records.
type filterFlags struct {
	subjects, operations, statuses []string
	search                         string
}

var subjects = []directory.Kind{directory.User, directory.Department}

func (f *filterFlags) addTo(command *cobra.Command) {
	flags := command.Flags()
	flags.StringSliceVar(&f.subjects, "subject", nil, "Only records of these: "+listed(subjects)+".")
	flags.StringSliceVar(&f.operations, "operation", nil, "Only records of these operations: "+listed(history.Operations())+".")
	flags.StringSliceVar(&f.statuses, "status", nil, "Only records with these statuses: "+listed(history.Statuses())+".")
	flags.StringVar(&f.search, "search", "", "Only records with this text, in any case, in a name, an ID, a message or a changed value.")
	for name, words := range map[string][]string{
		"subject": texts(subjects), "operation": texts(history.Operations()), "status": texts(history.Statuses()),
	} {
		// It fails only for a flag that does not exist.
		_ = command.RegisterFlagCompletionFunc(name, completeWords(words))
	}
	_ = command.RegisterFlagCompletionFunc("search", cobra.NoFileCompletions)
}

// filter checks the flags.
func (f *filterFlags) filter() (history.Filter, error) {
	chosen := history.Filter{Search: f.search}
	var err error
	if chosen.Subjects, err = choose("subject", f.subjects, subjects); err != nil {
		return chosen, err
	}
	if chosen.Operations, err = choose("operation", f.operations, history.Operations()); err != nil {
		return chosen, err
	}
	chosen.Statuses, err = choose("status", f.statuses, history.Statuses())
	return chosen, err
}

// choose reads the values of a flag, in any case.
func choose[T ~string](flag string, values []string, known []T) ([]T, error) {
	var chosen []T
	for _, value := range values {
		word, ok := find(value, known)
		if !ok {
			return nil, fmt.Errorf("--%s %q is not known: use one or more of %s", flag, value, listed(known))
		}
		chosen = append(chosen, word)
	}
	return chosen, nil
}

func find[T ~string](value string, known []T) (T, bool) {
	for _, word := range known {
		if strings.EqualFold(value, string(word)) {
			return word, true
		}
	}
	return "", false
}

func texts[T ~string](words []T) []string {
	all := make([]string, len(words))
	for i, word := range words {
		all[i] = string(word)
	}
	return all
}

func listed[T ~string](words []T) string { return strings.Join(texts(words), ", ") }
