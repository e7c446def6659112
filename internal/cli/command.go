package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// Options are what the commands need from outside.
type Options struct {
	genericiooptions.IOStreams
	// Config holds kubectl's own flags: context, namespace, impersonation and so on.
	Config *genericclioptions.ConfigFlags
	// Now is the clock for ages.
	Now func() time.Time
	// TimeZone is the zone of the times that are shown.
	TimeZone *time.Location
	// InputIsTerminal says that a person can answer a question, OutputIsTerminal that a line can be overwritten.
	InputIsTerminal, OutputIsTerminal bool
	// Colours says that tables may have colours: the output is a terminal, and nobody asked for none.
	Colours bool
}

// Run executes the command line, reports an error on the error stream, unless the output has it, and answers with the exit code.
func Run(ctx context.Context, arguments []string, o *Options) int {
	command := NewCommand(o)
	command.SetArgs(arguments)
	command.SetIn(o.In)
	command.SetOut(o.Out)
	command.SetErr(o.ErrOut)
	err := command.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, errShown) {
		fmt.Fprintln(o.ErrOut, "error: "+plain(err.Error()))
	}
	return exitCode(err)
}

// NewCommand makes the root command with all others below it.
func NewCommand(o *Options) *cobra.Command {
	root := &cobra.Command{
		Use:                        "kubectl-synccenter",
		Short:                      "Execute sync tasks and read what they did",
		Annotations:                map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl synccenter"},
		Args:                       needsKnownCommand,
		RunE:                       showHelp,
		SilenceUsage:               true,
		SilenceErrors:              true,
		SuggestionsMinimumDistance: 2,
	}
	root.DisableFlagsInUseLine = true
	root.SetFlagErrorFunc(wrongFlag)
	o.Config.AddFlags(root.PersistentFlags())
	root.AddCommand(
		newTasksCommand(o), newRunCommand(o), newHistoryCommand(o), newDetailsCommand(o), newExportCommand(o), newCancelCommand(o),
		newCheckCommand(o), newExplainCommand(o), newLinksCommand(o),
	)
	return root
}

// step is a command after its flags were read.
type step interface {
	Complete(arguments []string) error
	Validate() error
	Run(ctx context.Context) error
}

// runStep is the RunE of every command.
func runStep(s step) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, arguments []string) error {
		if err := s.Complete(arguments); err != nil {
			return err
		}
		if err := s.Validate(); err != nil {
			return err
		}
		return s.Run(command.Context())
	}
}
