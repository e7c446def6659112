package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// tasksCommand lists tasks, each with its state at a glance.
type tasksCommand struct {
	*Options
	output        *objectOutput
	allNamespaces bool
	watch         bool
}

func newTasksCommand(o *Options) *cobra.Command {
	t := &tasksCommand{Options: o}
	command := &cobra.Command{
		Use:   "tasks",
		Short: "List the sync tasks: how each is, when it synced last and syncs next",
		Long: `List the sync tasks: how each is, when it synced last and syncs next.

The state of a task is the first of these that holds:
  Running           a run is being executed
  NotReady          the definition cannot be executed; -o wide says why
  Held              somebody stopped it by the annotation synccenter.dev/hold
  Suspended         spec.suspend is true
  SourceNotReady    the source could not be used by the last check or run; -o wide says why, and "check TASK" looks again
  TargetNotReady    the same of the target
  Failed            the last run failed
  PartlyFailed      some operations of the last run failed
  DeletionsWaiting  removals wait for a person; else all is well
  OK                the last run succeeded
  Cancelled         the last run was cancelled, or deleted before it ended
  NeverRun          it has never been executed

The last run is that about all entries: one with --only-user or --only-department says nothing about the others.
LAST-SYNC, ORGS and USERS are of the last one that came to its end, Succeeded or PartiallyFailed.`,
		Example:           "  kubectl synccenter tasks\n  kubectl synccenter tasks -A -o wide\n  kubectl synccenter tasks --watch",
		Args:              needs(""),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              runStep(t),
	}
	t.output = newObjectOutput(command)
	command.Flags().BoolVarP(&t.allNamespaces, "all-namespaces", "A", false, "List the tasks of all namespaces.")
	command.Flags().BoolVarP(&t.watch, "watch", "w", false, "After the list, show each task again when it changes.")
	return command
}

// Complete prepares the output.
func (t *tasksCommand) Complete([]string) error { return t.output.complete() }

// Validate has nothing to refuse: cobra has checked the arguments.
func (t *tasksCommand) Validate() error { return nil }

// Run lists.
func (t *tasksCommand) Run(ctx context.Context) error {
	cluster, err := t.connect()
	if err != nil {
		return err
	}
	if t.allNamespaces {
		cluster.namespace = ""
	}
	if t.watch {
		return t.follow(ctx, cluster)
	}
	if t.output.printer != nil {
		return t.printObjects(ctx, cluster)
	}
	table, count := t.newTable(), 0
	_, err = cluster.eachTask(ctx, func(task *v1alpha1.SyncTask) error {
		count++
		table.row(t.cells(task)...)
		return nil
	})
	if err != nil {
		return err
	}
	if count == 0 {
		fmt.Fprintln(t.ErrOut, noneFound(cluster.namespace))
		return nil
	}
	return table.flush()
}

// printObjects prints the tasks in one of kubectl's formats: one document, so all are read before.
func (t *tasksCommand) printObjects(ctx context.Context, cluster *cluster) error {
	var tasks v1alpha1.SyncTaskList
	version, err := cluster.eachTask(ctx, func(task *v1alpha1.SyncTask) error {
		tasks.Items = append(tasks.Items, *task)
		return nil
	})
	if err != nil {
		return err
	}
	tasks.ResourceVersion = version
	return t.output.print(t.Out, &tasks, v1alpha1.KindSyncTask)
}

func noneFound(namespace string) string {
	if namespace == "" {
		return "No resources found"
	}
	return fmt.Sprintf("No resources found in %s namespace.", namespace)
}

// taskLookahead is how many tasks decide how wide the columns are: all that anybody has.
const taskLookahead = 20_000

// stateHeading is the heading of the column with colours.
const stateHeading = "STATE"

func (t *tasksCommand) newTable() *table {
	headings := []string{"NAME", stateHeading, "LAST-SYNC", "ORGS", "USERS", "NEXT", "MODE", "SOURCE", "TARGET", "TITLE"}
	if t.allNamespaces {
		headings = slices.Insert(headings, 0, "NAMESPACE")
	}
	if t.output.wide {
		headings = append(headings, "PENDING-DELETIONS", "WHY")
	}
	table := newTable(t.Out, headings...)
	table.lookahead = taskLookahead
	if t.Colours {
		table.paint = paintState(slices.Index(headings, stateHeading))
	}
	return table
}

// cells are the columns of a task.
func (t *tasksCommand) cells(task *v1alpha1.SyncTask) []string {
	state, why := stateOf(task)
	return t.cellsIn(task, state, why)
}

// cellsIn are the columns of a task in a state.
func (t *tasksCommand) cellsIn(task *v1alpha1.SyncTask, state taskState, why string) []string {
	var lastSync, organizations, users string
	if last := task.Status.LastSync; last != nil {
		lastSync = t.age(&last.Time)
		organizations, _ = summaries(last.Organizations)
		users, _ = summaries(last.Users)
	}
	next := ""
	if task.Status.NextScheduleTime != nil {
		next = t.in(task.Status.NextScheduleTime)
	}
	cells := []string{
		task.Name, string(state), lastSync, organizations, users, next,
		string(task.Spec.Trigger.Mode), task.Status.Source, task.Status.Target, task.Spec.DisplayName,
	}
	if t.allNamespaces {
		cells = slices.Insert(cells, 0, task.Namespace)
	}
	if t.output.wide {
		pending := ""
		if task.Status.PendingDeletions != nil {
			pending = strconv.FormatInt(task.Status.PendingDeletions.Count, 10)
		}
		cells = append(cells, pending, why)
	}
	return cells
}
