package runner_test

import (
	"context"
	"strings"
	"sync/atomic"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/runner"
)

// life is that of a process: it ends right after so many steps, and nothing that is tried after that has any effect. A step is a write to the
// store, to the report or to the target.
type life struct {
	left  atomic.Int64
	steps atomic.Int64
	// counts says which steps count.
	counts func(step string) bool
}

// die lets a process end after n steps that count.
func die(n int64, counts func(step string) bool) *life {
	l := &life{counts: counts}
	l.left.Store(n)
	return l
}

// alive says whether the process can still do anything.
func (l *life) alive() bool { return l.left.Load() > 0 }

// step does something that counts, if the process still lives.
func (l *life) step(name string, do func() error) error {
	if !l.alive() {
		return errDead
	}
	if l.counts(name) {
		l.steps.Add(1)
		// Of steps that are done at once, only as many as are left are done.
		if l.left.Add(-1) < 0 {
			return errDead
		}
	}
	err := do()
	if !l.alive() {
		return errDead // it was done, and nobody lives who could know
	}
	return err
}

// mortal makes everything that a run does end with a life.
func (r *run) mortal(l *life) {
	r.runner.Store = &mortalStore{Store: r.store, life: l}
	r.runner.Connect = &mortalEnds{Connector: r.mounts, life: l}
	r.reports.gate = func() error {
		if !l.alive() {
			return errDead
		}
		return nil
	}
}

// reborn gives a run a new process.
func (r *run) reborn() {
	r.runner.Store, r.runner.Connect, r.reports.gate = r.store, r.mounts, nil
	r.lease = newTestLease()
}

type mortalStore struct {
	artifact.Store
	life *life
}

func (s *mortalStore) PutChunk(ctx context.Context, scope artifact.Scope, name string, data []byte) error {
	step := "chunk"
	if strings.HasPrefix(name, "journal-") {
		step = "journal"
	}
	return s.life.step(step, func() error { return s.Store.PutChunk(ctx, scope, name, data) })
}

func (s *mortalStore) DeleteChunk(ctx context.Context, scope artifact.Scope, name string) error {
	return s.life.step("delete", func() error { return s.Store.DeleteChunk(ctx, scope, name) })
}

func (s *mortalStore) DeleteManifest(ctx context.Context, scope artifact.Scope, stream string) error {
	return s.life.step("delete", func() error { return s.Store.DeleteManifest(ctx, scope, stream) })
}

func (s *mortalStore) PutManifest(ctx context.Context, scope artifact.Scope, stream string, data []byte, revision string) (next string, err error) {
	err = s.life.step("manifest "+stream, func() error {
		next, err = s.Store.PutManifest(ctx, scope, stream, data, revision)
		return err
	})
	return next, err
}

type mortalEnds struct {
	runner.Connector
	life *life
}

func (e *mortalEnds) Target(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Target, error) {
	target, err := e.Connector.Target(ctx, spec)
	if err != nil {
		return nil, err
	}
	return &mortalTarget{Target: target, life: e.life}, nil
}

// mortalTarget really writes, as long as its process lives.
type mortalTarget struct {
	connector.Target
	life *life
}

func (t *mortalTarget) write(do func() (directory.Entry, error)) (entry directory.Entry, err error) {
	err = t.life.step("write", func() error {
		entry, err = do()
		return err
	})
	return entry, err
}

func (t *mortalTarget) CreateUser(ctx context.Context, user connector.NewEntry) (directory.Entry, error) {
	return t.write(func() (directory.Entry, error) { return t.Target.CreateUser(ctx, user) })
}

func (t *mortalTarget) UpdateUser(ctx context.Context, id string, patch connector.Patch) (directory.Entry, error) {
	return t.write(func() (directory.Entry, error) { return t.Target.UpdateUser(ctx, id, patch) })
}

func (t *mortalTarget) ChangeUserIdentifier(ctx context.Context, id string, values []string) (directory.Entry, error) {
	return t.write(func() (directory.Entry, error) { return t.Target.ChangeUserIdentifier(ctx, id, values) })
}

func (t *mortalTarget) ChangeUserDepartments(ctx context.Context, id string, change connector.DepartmentsChange) (directory.Entry, error) {
	return t.write(func() (directory.Entry, error) { return t.Target.ChangeUserDepartments(ctx, id, change) })
}

func (t *mortalTarget) DeleteUser(ctx context.Context, id string) error {
	return t.life.step("write", func() error { return t.Target.DeleteUser(ctx, id) })
}

func (t *mortalTarget) CreateDepartment(ctx context.Context, department connector.NewEntry) (directory.Entry, error) {
	return t.write(func() (directory.Entry, error) { return t.Target.CreateDepartment(ctx, department) })
}

func (t *mortalTarget) UpdateDepartment(ctx context.Context, id string, patch connector.Patch) (directory.Entry, error) {
	return t.write(func() (directory.Entry, error) { return t.Target.UpdateDepartment(ctx, id, patch) })
}

func (t *mortalTarget) MoveDepartment(ctx context.Context, id, parent string) (directory.Entry, error) {
	return t.write(func() (directory.Entry, error) { return t.Target.MoveDepartment(ctx, id, parent) })
}

func (t *mortalTarget) DeleteDepartment(ctx context.Context, id string) error {
	return t.life.step("write", func() error { return t.Target.DeleteDepartment(ctx, id) })
}
