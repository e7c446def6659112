package runner

import (
	"context"
	"errors"
	"fmt"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
)

// Connector opens the two ends of a task.
type Connector interface {
	Source(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Source, error)
	Target(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Target, error)
}

// Connectors opens ends by their type, with what is mounted from the Secrets and ConfigMaps that the task names.
type Connectors struct {
	// Secrets and ConfigMaps are folders that hold a folder for each object, with a file for each key.
	Secrets, ConfigMaps string
}

// The connectors that there are. A new one adds a line to each table, if it can do both.
var (
	sources = map[v1alpha1.ConnectorType]func(context.Context, Connectors, *v1alpha1.Source, *v1alpha1.Execution) (connector.Source, error){
		v1alpha1.ConnectorLDAP: openLDAPSource,
	}
	targets = map[v1alpha1.ConnectorType]func(context.Context, Connectors, *v1alpha1.Target, *v1alpha1.Execution) (connector.Target, error){
		v1alpha1.ConnectorLDAP: openLDAPTarget,
	}
)

// Source opens the source of a task.
func (c Connectors) Source(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Source, error) {
	source := &spec.Sources[0]
	open, ok := sources[source.Type]
	if !ok {
		return nil, &failure{v1alpha1.ReasonInvalidConnection, fmt.Sprintf("sources[0].type: this version has no connector %q", source.Type)}
	}
	opened, err := open(ctx, c, source, &spec.Execution)
	return opened, ofEnd(sourceEnd, err)
}

// Target opens the target of a task.
func (c Connectors) Target(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Target, error) {
	open, ok := targets[spec.Target.Type]
	if !ok {
		return nil, &failure{v1alpha1.ReasonInvalidConnection, fmt.Sprintf("target.type: this version has no connector %q", spec.Target.Type)}
	}
	opened, err := open(ctx, c, &spec.Target, &spec.Execution)
	return opened, ofEnd(targetEnd, err)
}

// ofEnd names the end in a failure that was found before any server was asked.
func ofEnd(which end, err error) error {
	var failed *failure
	if !errors.As(err, &failed) {
		return err
	}
	return &failure{failed.reason, fmt.Sprintf("%s: %s", which, failed.message)}
}
