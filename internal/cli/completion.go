package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// completionTimeout bounds how long a person waits for an answer to the Tab key.
const completionTimeout = 3 * time.Second

// completeTask suggests the names of tasks for a command's one argument.
func (o *Options) completeTask(command *cobra.Command, arguments []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return o.completeName(command, arguments, func(ctx context.Context, c *cluster) ([]cobra.Completion, error) {
		var tasks v1alpha1.SyncTaskList
		err := c.List(ctx, &tasks, client.InNamespace(c.namespace))
		names := make([]cobra.Completion, len(tasks.Items))
		for i := range tasks.Items {
			names[i] = tasks.Items[i].Name
		}
		return names, err
	})
}

// completeRun suggests the names of runs, each with its task and phase.
func (o *Options) completeRun(command *cobra.Command, arguments []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return o.completeName(command, arguments, func(ctx context.Context, c *cluster) ([]cobra.Completion, error) {
		var runs v1alpha1.SyncRunList
		err := c.List(ctx, &runs, client.InNamespace(c.namespace))
		names := make([]cobra.Completion, len(runs.Items))
		for i := range runs.Items {
			run := &runs.Items[i]
			names[i] = cobra.CompletionWithDesc(run.Name, run.Spec.TaskRef.Name+" "+string(shownPhase(run)))
		}
		return names, err
	})
}

func (o *Options) completeName(command *cobra.Command, arguments []string, list func(context.Context, *cluster) ([]cobra.Completion, error)) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(arguments) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(command.Context(), completionTimeout)
	defer cancel()
	cluster, err := o.connect()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names, err := list(ctx, cluster)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeWords suggests the values of a flag.
func completeWords(words []string) cobra.CompletionFunc {
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
}
