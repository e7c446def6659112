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

// stoppingEnds asks the run to stop while it applies.
type stoppingEnds struct {
	runner.Connector
	lease *testLease
	after int64
}

func (e *stoppingEnds) Target(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Target, error) {
	target, err := e.Connector.Target(ctx, spec)
	if err != nil {
		return nil, err
	}
	n := &notifyingTarget{Target: target, notify: func() { e.lease.ask("cancelled by a test") }}
	n.left.Store(e.after)
	return n, nil
}

// leavingEnds asks the process to leave while it applies.
type leavingEnds struct {
	runner.Connector
	after int64
	leave context.CancelFunc
}

func (e *leavingEnds) Target(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Target, error) {
	target, err := e.Connector.Target(ctx, spec)
	if err != nil {
		return nil, err
	}
	n := &notifyingTarget{Target: target, notify: e.leave}
	n.left.Store(e.after)
	return n, nil
}

// execute is a process that gets a signal.
func (e *leavingEnds) execute(r *run) error {
	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	e.leave = cancel
	return r.runner.Execute(ctx, runner.Attempt{Run: "hr-" + r.uid, UID: r.uid, Number: 1})
}
