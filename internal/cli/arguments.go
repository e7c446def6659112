package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// needs takes exactly one argument for each word that stands in the command's use before its flags. The sentence says what to name when some are missing.
func needs(sentence string) cobra.PositionalArgs {
	return func(command *cobra.Command, arguments []string) error {
		wanted := 0
		for _, word := range strings.Fields(command.Use)[1:] {
			if strings.HasPrefix(word, "-") {
				break
			}
			wanted++
		}
		switch {
		case len(arguments) < wanted:
			return fmt.Errorf("%s: %s", sentence, usage(command))
		case len(arguments) > wanted:
			return fmt.Errorf("%q is a word too many: %s", arguments[wanted], usage(command))
		}
		return nil
	}
}

// needsKnownCommand refuses a command that does not exist, and names those that are written much like it.
func needsKnownCommand(root *cobra.Command, arguments []string) error {
	if len(arguments) == 0 {
		return nil
	}
	hint := fmt.Sprintf("%q lists the commands", root.DisplayName()+" --help")
	if like := root.SuggestionsFor(arguments[0]); len(like) > 0 {
		hint = "did you mean " + strings.Join(like, " or ") + "? " + hint
	}
	return fmt.Errorf("there is no command %q: %s", arguments[0], hint)
}

// wrongFlag says of an error about flags where the right ones are listed.
func wrongFlag(command *cobra.Command, err error) error {
	return fmt.Errorf("%w: %q lists the flags", err, command.CommandPath()+" --help")
}

// usage is how to write a command.
func usage(command *cobra.Command) string {
	return command.Root().DisplayName() + " " + command.Use
}

// showHelp is what the root command does by itself.
func showHelp(command *cobra.Command, _ []string) error { return command.Help() }
