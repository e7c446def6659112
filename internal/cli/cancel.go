package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// cancelCommand asks a run to stop.
type cancelCommand struct {
	*Options
	run string
}

func newCancelCommand(o *Options) *cobra.Command {
	c := &cancelCommand{Options: o}
	return &cobra.Command{
		Use:   "cancel RUN",
		Short: "Stop a run at a safe point",
		Long: "Stop a run at a safe point, within seconds.\n\n" +
			"What has been done stays done and stands in the records of the run, and so does what was not reached. It cannot be taken back.",
		Args:              needs("name the run"),
		ValidArgsFunction: o.completeRun,
		RunE:              runStep(c),
	}
}

// Complete takes the run's name.
func (c *cancelCommand) Complete(arguments []string) error {
	c.run = arguments[0]
	return nil
}

// Validate has nothing to refuse: cobra has checked the arguments.
func (c *cancelCommand) Validate() error { return nil }

// Run cancels. A run that is over is left as it is.
func (c *cancelCommand) Run(ctx context.Context) error {
	cluster, err := c.connect()
	if err != nil {
		return err
	}
	run, err := cluster.run(ctx, c.run)
	if err != nil {
		return err
	}
	if isComplete(run) {
		return fmt.Errorf("run %q is over already (%s): there is nothing to cancel", c.run, shownPhase(run))
	}
	if !run.Spec.Cancel {
		if err := requestCancel(ctx, cluster, run); err != nil {
			return explain(fmt.Sprintf("cancelling run %q", c.run), err)
		}
	}
	_, err = fmt.Fprintf(c.Out, "Run %s is asked to stop. \"kubectl synccenter details %s\" shows what had been done, once it has stopped.\n", c.run, c.run)
	return err
}

func requestCancel(ctx context.Context, cluster *cluster, run *v1alpha1.SyncRun) error {
	before := run.DeepCopy()
	run.Spec.Cancel = true
	return cluster.Patch(ctx, run, client.MergeFrom(before), fieldManager)
}
