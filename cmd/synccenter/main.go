// Command synccenter is the one program of Sync Center: the manager that
// watches tasks and runs, and the runner that a run's Job starts.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	ctrl "sigs.k8s.io/controller-runtime"
)

func main() {
	if err := newRootCommand().ExecuteContext(ctrl.SetupSignalHandler()); err != nil {
		fmt.Fprintln(os.Stderr, "synccenter:", err)
		os.Exit(exitCode(err))
	}
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "synccenter",
		Short:         "Keep the people and departments of one directory in step with another",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newManagerCommand(), newRunCommand(), newInspectCommand(), newVersionCommand())
	return root
}
