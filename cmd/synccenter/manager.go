package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	ctrl "sigs.k8s.io/controller-runtime"

	"synccenter.dev/synccenter/controllers/manager"
	"synccenter.dev/synccenter/internal/artifact"
)

func newManagerCommand() *cobra.Command {
	options := manager.Options{Budget: artifact.DefaultBudget()}
	requests := map[string]string{"cpu": "100m", "memory": "128Mi"}
	limits := map[string]string{"memory": "512Mi"}
	verbose := false
	command := &cobra.Command{
		Use:   "manager",
		Short: "Watch SyncTasks and SyncRuns and execute the runs in Jobs",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			ctrl.SetLogger(newLogger(verbose))
			var err error
			if options.Resources.Requests, err = quantities("runner-requests", requests); err != nil {
				return err
			}
			if options.Resources.Limits, err = quantities("runner-limits", limits); err != nil {
				return err
			}
			config, err := ctrl.GetConfig()
			if err != nil {
				return fmt.Errorf("looking for the API server: %w", err)
			}
			return manager.Run(command.Context(), config, options)
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.Image, "image", "", "image of the Jobs, by digest; usually the manager's own")
	flags.StringSliceVar(&options.WatchNamespaces, "watch-namespaces", nil, "namespaces to look after; default all")
	flags.IntVar(&options.MaxConcurrentRuns, "max-concurrent-runs", 0, "how many runs are executed at once; 0 is any number")
	flags.IntVar(&options.MaxConcurrentChecks, "max-concurrent-checks", 20, "how many checks of connections go on at once, beside those that people ask for; 0 makes none by itself")
	flags.StringVar(&options.MetricsAddress, "metrics-bind-address", ":8443", "address of the metrics, over HTTPS and for authorized readers only; 0 turns them off")
	flags.StringVar(&options.ProbeAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz")
	flags.StringVar(&options.PprofAddress, "pprof-bind-address", "", "address of profiles of the manager, for whoever looks into its memory, readable by everyone who reaches it; default none")
	flags.BoolVar(&options.LeaderElect, "leader-elect", false, "let one of several managers work at a time")
	flags.Int64Var(&options.Budget.Run, "run-budget", options.Budget.Run, "bytes that one run may store, and one answer to explain or links --unmanaged")
	flags.Int64Var(&options.Budget.Task, "task-budget", options.Budget.Task, "bytes that all runs and the state of one task may store")
	flags.Int64Var(&options.Budget.All, "total-budget", options.Budget.All, "bytes that all tasks of a namespace may store")
	flags.StringToStringVar(&requests, "runner-requests", requests, "resources that a Job requests unless its task says otherwise")
	flags.StringToStringVar(&limits, "runner-limits", limits, "resources that a Job is limited to unless its task says otherwise")
	flags.BoolVar(&verbose, "verbose", false, "log more than what a person would ask about")
	return command
}

// newLogger writes a JSON object a line.
func newLogger(verbose bool) logr.Logger {
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	return logr.FromSlogHandler(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

// quantities reads the amounts of a flag.
func quantities(flag string, values map[string]string) (corev1.ResourceList, error) {
	result := corev1.ResourceList{}
	for name, value := range values {
		amount, err := resource.ParseQuantity(value)
		if err != nil {
			return nil, fmt.Errorf("--%s: %s=%s is no amount; write one such as 100m or 128Mi: %w", flag, name, value, err)
		}
		result[corev1.ResourceName(name)] = amount
	}
	return result, nil
}
