package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/state"
)

// reach makes sure that the servers in use have all that those of earlier runs had: what a copy lacks that lags behind must not be taken for gone. It
// answers with how far they are, for the state. A run whose limit on a shrinking source is overridden takes what there is.
func (e *execution) reach(ctx context.Context, known state.Positions) (state.Positions, error) {
	override := e.definition.RunSpec.GuardOverride
	if override != nil && override.Shrink != nil {
		known = state.Positions{}
	}
	source, errSource := e.reachEnd(ctx, sourceEnd, e.source, known.Source)
	target, errTarget := e.reachEnd(ctx, targetEnd, e.target, known.Target)
	return state.Positions{Source: source, Target: target}, errors.Join(errSource, errTarget)
}

func (e *execution) reachEnd(ctx context.Context, which end, from connector.Source, known string) (string, error) {
	replicated, ok := from.(connector.Replicated)
	if !ok {
		return "", nil
	}
	identity, err := from.Identity(ctx)
	if err != nil {
		return "", e.noted(which, err)
	}
	if err := replicated.Reach(ctx, known); err != nil {
		if connector.ClassOf(err) == connector.Incomplete {
			err = fmt.Errorf("%w; if that is as it should be, after a restored backup for example, run once with guardOverride.shrink (kubectl synccenter run %s --override-shrink 100 --reason \"...\")", err, e.definition.Task.Name)
		}
		return "", e.noted(which, err)
	}
	now, err := from.Identity(ctx)
	if err == nil && now != identity {
		err = &connector.Error{Class: connector.Invalid, Err: fmt.Errorf(
			"%s holds another directory than the servers before it in urls (its base entries have other IDs): name copies of one directory only", replicated.Server())}
	}
	if err != nil {
		return "", e.noted(which, err)
	}
	e.tellRemarks(which, replicated)
	position, err := replicated.Position(ctx)
	return position, e.noted(which, err)
}

// tellRemarks tells what people should know of an end although it answered.
func (e *execution) tellRemarks(which end, from connector.Replicated) {
	remarks := from.Remarks()
	if len(remarks) == 0 {
		return
	}
	e.Log.Info("a directory answered, with remarks", "end", string(which), "server", from.Server(), "remarks", remarks)
	e.reporter.endpoint(which, report.Endpoint{
		Reason: string(v1alpha1.ReasonConnected), Message: fmt.Sprintf("the %s answered. %s", which, strings.Join(remarks, " ")),
	})
}

// tellAllRemarks does so for both ends, when both are read.
func (e *execution) tellAllRemarks() {
	if source, ok := e.source.(connector.Replicated); ok {
		e.tellRemarks(sourceEnd, source)
	}
	if target, ok := e.target.(connector.Replicated); ok {
		e.tellRemarks(targetEnd, target)
	}
}

// targetServer is the server that is written to; empty where that does not matter.
func (e *execution) targetServer() string {
	if replicated, ok := e.target.(connector.Replicated); ok {
		return replicated.Server()
	}
	return ""
}

// reachedTarget is how far the target is now that the run has written to it. One that does not say any more was as far as before.
func (e *execution) reachedTarget(ctx context.Context, before string) string {
	replicated, ok := e.target.(connector.Replicated)
	if !ok {
		return before
	}
	position, err := replicated.Position(ctx)
	if err != nil {
		e.Log.Warn("it is not known how far the target's data are after this run", "error", err.Error())
		return before
	}
	return position
}

// keepToServer lets an attempt that goes on with a plan write to the server on which it was begun: another one may lack what was done.
func keepToServer(spec *v1alpha1.SyncTaskSpec, server string) {
	if ldap := spec.Target.LDAP; ldap != nil && slices.Contains(ldap.URLs, server) {
		only := *ldap
		only.URLs = []string{server}
		spec.Target.LDAP = &only
	}
}
