package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// historyCommand lists the runs of a task.
type historyCommand struct {
	*Options
	output *objectOutput
	task   string
	watch  bool
}

func newHistoryCommand(o *Options) *cobra.Command {
	h := &historyCommand{Options: o}
	command := &cobra.Command{
		Use:               "history TASK",
		Short:             "List the runs of a task, the newest first",
		Example:           "  kubectl synccenter history hr\n  kubectl synccenter history hr --watch\n  kubectl synccenter history hr -o json",
		Args:              needs("name the task"),
		ValidArgsFunction: o.completeTask,
		RunE:              runStep(h),
	}
	h.output = newObjectOutput(command)
	command.Flags().BoolVarP(&h.watch, "watch", "w", false, "After the list, show each run again when it changes.")
	return command
}

// Complete takes the task's name and prepares the output.
func (h *historyCommand) Complete(arguments []string) error {
	h.task = arguments[0]
	return h.output.complete()
}

// Validate has nothing to refuse: cobra has checked the arguments.
func (h *historyCommand) Validate() error { return nil }

// Run lists. Runs outlive their task, so a task that is gone is an error only when it left none.
func (h *historyCommand) Run(ctx context.Context) error {
	cluster, err := h.connect()
	if err != nil {
		return err
	}
	runs, err := cluster.runsOf(ctx, h.task)
	if err != nil {
		return err
	}
	slices.SortFunc(runs.Items, newestFirst)
	if len(runs.Items) == 0 {
		if _, err := cluster.task(ctx, h.task); err != nil {
			return err
		}
	}
	if h.watch {
		return h.follow(ctx, cluster)
	}
	if h.output.printer != nil {
		return h.output.print(h.Out, runs, v1alpha1.KindSyncRun)
	}
	if len(runs.Items) == 0 {
		fmt.Fprintln(h.ErrOut, noneFound(cluster.namespace))
		return nil
	}
	return h.printTable(runs.Items)
}

// newestFirst orders runs by their creation, not by sequence: a run that was refused or cancelled before its start never gets one.
func newestFirst(a, b v1alpha1.SyncRun) int {
	return cmp.Or(
		b.CreationTimestamp.Compare(a.CreationTimestamp.Time),
		cmp.Compare(b.Status.Sequence, a.Status.Sequence),
		cmp.Compare(a.Name, b.Name),
	)
}

func (h *historyCommand) printTable(runs []v1alpha1.SyncRun) error {
	table := h.newTable()
	for i := range runs {
		table.row(h.cellsIn(&runs[i], shownPhase(&runs[i]))...)
	}
	return table.flush()
}

func (h *historyCommand) newTable() *table {
	headings := []string{"SEQ", "RUN", "TYPE", "MODE", "PHASE", "ORGS", "ORG-UPDATES", "USERS", "USER-UPDATES", "SYNCED"}
	if h.output.wide {
		headings = append(headings, "REQUESTED-BY", "MESSAGE")
	}
	return newTable(h.Out, headings...)
}

// cellsIn are the columns of a run in a phase.
func (h *historyCommand) cellsIn(run *v1alpha1.SyncRun, phase v1alpha1.Phase) []string {
	sequence := ""
	if run.Status.Sequence > 0 {
		sequence = strconv.FormatInt(run.Status.Sequence, 10)
	}
	organizations, organizationUpdates := summaries(run.Status.Organizations)
	users, userUpdates := summaries(run.Status.Users)
	cells := []string{
		sequence, run.Name, string(run.Spec.Type), string(run.Status.Mode), string(phase),
		organizations, organizationUpdates, users, userUpdates, h.moment(syncTime(run)),
	}
	if h.output.wide {
		cells = append(cells, run.Spec.RequestedBy, run.Status.Message)
	}
	return cells
}
