package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// tasksCommand lists tasks.
type tasksCommand struct {
	*Options
	output        *objectOutput
	allNamespaces bool
}

func newTasksCommand(o *Options) *cobra.Command {
	t := &tasksCommand{Options: o}
	command := &cobra.Command{
		Use:               "tasks",
		Short:             "List the sync tasks and how their last run ended",
		Example:           "  kubectl synccenter tasks\n  kubectl synccenter tasks -o json",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              runStep(t),
	}
	t.output = newObjectOutput(command)
	command.Flags().BoolVarP(&t.allNamespaces, "all-namespaces", "A", false, "List the tasks of all namespaces.")
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
	namespace := cluster.namespace
	if t.allNamespaces {
		namespace = ""
	}
	var tasks v1alpha1.SyncTaskList
	if err := cluster.List(ctx, &tasks, client.InNamespace(namespace)); err != nil {
		return explain("listing tasks", err)
	}
	if t.output.printer != nil {
		return t.output.print(t.Out, &tasks, v1alpha1.KindSyncTask)
	}
	if len(tasks.Items) == 0 {
		fmt.Fprintln(t.ErrOut, noneFound(namespace))
		return nil
	}
	return t.printTable(tasks.Items)
}

func noneFound(namespace string) string {
	if namespace == "" {
		return "No resources found"
	}
	return fmt.Sprintf("No resources found in %s namespace.", namespace)
}

func (t *tasksCommand) printTable(tasks []v1alpha1.SyncTask) error {
	headings := []string{"NAME", "SOURCE", "TARGET", "MODE", "READY", "LAST", "LAST-SYNC", "PENDING-DELETIONS", "TITLE"}
	if t.allNamespaces {
		headings = append([]string{"NAMESPACE"}, headings...)
	}
	table := newTable(t.Out, headings...)
	for i := range tasks {
		cells := t.cells(&tasks[i])
		if t.allNamespaces {
			cells = append([]string{tasks[i].Namespace}, cells...)
		}
		table.row(cells...)
	}
	return table.flush()
}

func (t *tasksCommand) cells(task *v1alpha1.SyncTask) []string {
	ready := "Unknown"
	if condition := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady); condition != nil {
		ready = string(condition.Status)
	}
	var last, lastSync, pending string
	if task.Status.LastRun != nil {
		last = string(task.Status.LastRun.Phase)
	}
	if recent := task.Status.RecentExecutions; len(recent) > 0 {
		lastSync = t.age(&recent[0].Time)
	}
	if task.Status.PendingDeletions != nil {
		pending = strconv.FormatInt(task.Status.PendingDeletions.Count, 10)
	}
	return []string{
		task.Name, task.Status.Source, task.Status.Target, string(task.Spec.Trigger.Mode), ready, last, lastSync, pending, task.Spec.DisplayName,
	}
}
