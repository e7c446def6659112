package runner_test

import (
	"context"
	"strings"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/runner"
)

// normalisingEnds have a target that stores values with single blanks, whatever it is given.
type normalisingEnds struct{ runner.Connector }

func (e *normalisingEnds) Target(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Target, error) {
	target, err := e.Connector.Target(ctx, spec)
	return &normalisingTarget{target}, err
}

type normalisingTarget struct{ connector.Target }

func (t *normalisingTarget) CreateUser(ctx context.Context, user connector.NewEntry) (directory.Entry, error) {
	attributes := make(directory.Attributes, len(user.Attributes))
	for i, attribute := range user.Attributes {
		attributes[i] = directory.Attribute{Name: attribute.Name, Values: singleBlanks(attribute.Values)}
	}
	user.Attributes = attributes
	return t.Target.CreateUser(ctx, user)
}

func (t *normalisingTarget) UpdateUser(ctx context.Context, id string, patch connector.Patch) (directory.Entry, error) {
	changes := make([]connector.Change, len(patch.Changes))
	for i, change := range patch.Changes {
		change.Values = singleBlanks(change.Values)
		changes[i] = change
	}
	patch.Changes = changes
	return t.Target.UpdateUser(ctx, id, patch)
}

func singleBlanks(values []string) []string {
	var out []string
	for _, value := range values {
		out = append(out, strings.Join(strings.Fields(value), " "))
	}
	return out
}
