package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/runnerjob"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/lease"
	"synccenter.dev/synccenter/internal/runner"
)

// runOptions are what the Job of a run says.
type runOptions struct {
	namespace string
	attempt   runner.Attempt
	budget    artifact.Budget
}

func newRunCommand() *cobra.Command {
	var o runOptions
	command := &cobra.Command{
		Use:    "run",
		Short:  "Execute one attempt of a SyncRun (what a run's Job starts)",
		Args:   cobra.NoArgs,
		Hidden: true,
		RunE: func(command *cobra.Command, _ []string) error {
			api, err := newDirectClient()
			if err != nil {
				return err
			}
			return o.run(command.Context(), api, runner.Connectors{Secrets: runnerjob.SecretsFolder, ConfigMaps: runnerjob.ConfigMapsFolder})
		},
	}
	standard := artifact.DefaultBudget()
	flags := command.Flags()
	flags.StringVar(&o.namespace, "namespace", "", "namespace of the SyncRun")
	flags.StringVar(&o.attempt.Run, "run", "", "name of the SyncRun")
	flags.StringVar(&o.attempt.UID, "run-uid", "", "uid of the SyncRun")
	flags.IntVar(&o.attempt.Number, "attempt", 1, "number of the run's Job, from 1")
	flags.BoolVar(&o.attempt.SettleOnly, "settle-only", false, "write nothing to the target: settle what is in doubt and complete the records")
	flags.Int64Var(&o.budget.Run, "run-budget", standard.Run, "bytes that one run may store")
	flags.Int64Var(&o.budget.Task, "task-budget", standard.Task, "bytes that one task may store")
	flags.Int64Var(&o.budget.All, "total-budget", standard.All, "bytes that all tasks of the namespace may store")
	for _, name := range []string{"namespace", "run", "run-uid"} {
		if err := command.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is declared above
		}
	}
	return command
}

func (o runOptions) run(ctx context.Context, api client.Client, connectors runner.Connectors) error {
	task, err := o.taskOf(ctx, api)
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil)).With("namespace", o.namespace, "task", task, "run", o.attempt.Run, "attempt", o.attempt.Number)
	stored := cluster.Options{
		Client: api, Namespace: o.namespace, Task: task,
		Writer: v1alpha1.ArtifactWriter{Run: o.attempt.Run, UID: types.UID(o.attempt.UID), Attempt: int32(o.attempt.Number)},
	}
	r := &runner.Runner{
		Store:   cluster.New(stored),
		Reports: cluster.NewReports(stored),
		Acquire: o.acquirer(api, task, logger),
		Connect: connectors,
		Exports: &exportConfigMaps{client: api, namespace: o.namespace, task: task, run: o.attempt.Run, uid: types.UID(o.attempt.UID)},
		Budget:  o.budget,
		Now:     time.Now,
		Log:     logger,
	}
	err = r.Execute(ctx, o.attempt)
	if errors.Is(err, runner.ErrUseless) {
		return &exitError{code: runnerjob.ExitUseless, err: err}
	}
	return err
}

// newDirectClient is a client without a cache: a runner reads by name, and keeps no chunk in memory.
func newDirectClient() (client.Client, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, fmt.Errorf("registering the types of the API: %w", err)
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster that this pod belongs to: %w", err)
	}
	// The proxy of a task stands in the environment and is for its directories.
	config.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	api, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("making a client for the API server: %w", err)
	}
	return api, nil
}

// taskOf is the name of the task, for labels. It reads nothing else of the definition, whose version the runner judges.
func (o runOptions) taskOf(ctx context.Context, api client.Client) (string, error) {
	store := cluster.New(cluster.Options{Client: api, Namespace: o.namespace})
	data, err := artifact.ReadAll(ctx, store, artifact.Scope{Run: o.attempt.UID}, definition.Stream)
	if err != nil {
		return "", fmt.Errorf("reading the definition of run %s: %w", o.attempt.Run, err)
	}
	var stored struct {
		Task definition.Task `json:"task"`
	}
	if err := json.Unmarshal(data, &stored); err != nil {
		return "", fmt.Errorf("reading the definition of run %s: %w", o.attempt.Run, err)
	}
	return stored.Task.Name, nil
}

// acquirer gets the Lease of an owner. Somebody who asks a waiting runner to stop ends the waiting.
func (o runOptions) acquirer(api client.Client, task string, logger *slog.Logger) func(context.Context, string) (runner.Lease, error) {
	return func(ctx context.Context, owner string) (runner.Lease, error) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		options := lease.Options{
			Client: api, Namespace: o.namespace, Owner: owner, Task: task, Run: types.UID(o.attempt.UID), Pod: podName(), Clock: clock.RealClock{},
		}
		held, err := options.Acquire(ctx, func(holder, stopReason string) {
			logger.Info("waiting for the lease", "owner", owner, "holder", holder)
			if stopReason != "" {
				cancel(&runner.StopRequest{Why: stopReason})
			}
		})
		if err != nil {
			return nil, err
		}
		return held, nil
	}
}

// podName is by whom the Lease is held. Outside of a pod it is the host's name.
func podName() string {
	if name := os.Getenv("POD_NAME"); name != "" {
		return name
	}
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}
