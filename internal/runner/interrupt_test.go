package runner_test

import (
	"context"
	"sync/atomic"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/runner"
)

// notifyingTarget calls a function within its n-th create of a user, and really makes them all.
type notifyingTarget struct {
	connector.Target
	left   atomic.Int64
	notify func()
}

func (t *notifyingTarget) CreateUser(ctx context.Context, user connector.NewEntry) (directory.Entry, error) {
	if t.left.Add(-1) == 0 {
		t.notify()
	}
	return t.Target.CreateUser(ctx, user)
}

// notifyingEnds calls a function while the run applies.
type notifyingEnds struct {
	runner.Connector
	after  int64
	notify func()
}

func (e *notifyingEnds) Target(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Target, error) {
	target, err := e.Connector.Target(ctx, spec)
	if err != nil {
		return nil, err
	}
	n := &notifyingTarget{Target: target, notify: e.notify}
	n.left.Store(e.after)
	return n, nil
}
