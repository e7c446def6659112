package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/runnerjob"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/internal/runner"
)

// inspectOptions are what the Job of an inspection says.
type inspectOptions struct {
	namespace, task, taskUID, name, uid, kind string
	budget                                    int64
}

func newInspectCommand() *cobra.Command {
	var o inspectOptions
	command := &cobra.Command{
		Use:    "inspect",
		Short:  "Look at the directories of a SyncTask without changing anything (what the Job of a check starts)",
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
	for name, value := range map[string]*string{
		"namespace": &o.namespace, "task": &o.task, "task-uid": &o.taskUID, "inspection": &o.name, "inspection-uid": &o.uid, "kind": &o.kind,
	} {
		command.Flags().StringVar(value, name, "", "as the manager says")
		if err := command.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is declared above
		}
	}
	command.Flags().Int64Var(&o.budget, "run-budget", artifact.DefaultBudget().Run, "bytes that the answer may take")
	return command
}

func (o inspectOptions) run(ctx context.Context, api client.Client, connectors runner.Connectors) error {
	task := &v1alpha1.SyncTask{ObjectMeta: metav1.ObjectMeta{Namespace: o.namespace, Name: o.task, UID: types.UID(o.taskUID)}}
	stored := cluster.OptionsOf(api, task, o.name, o.uid, inspection.Kind(o.kind))
	i := &runner.Inspector{
		Store: cluster.New(stored), Inspections: cluster.NewInspections(stored), Connect: connectors, Budget: o.budget, Now: time.Now,
		Log: slog.New(slog.NewJSONHandler(os.Stderr, nil)).With("namespace", o.namespace, "task", o.task, "inspection", o.name),
	}
	return i.Inspect(ctx)
}
