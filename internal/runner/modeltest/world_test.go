package modeltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/artifacttest"
	"synccenter.dev/synccenter/internal/artifact/folder"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/runner"
	"synccenter.dev/synccenter/internal/state"
)

// owner is whose marks the task writes.
const owner = "test/hr"

// tester is what the world needs of a *testing.T or a *rapid.T.
type tester interface {
	Helper()
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// world is a task with its two directories and all that its runs leave behind.
type world struct {
	tester
	source, target *memory.Directory
	folder         string
	store          *store
	task           *v1alpha1.SyncTask
	sequence       int64
	// taken are the removals so far.
	taken []taken
}

// shape is what kind of directories the two are.
type shape struct {
	source, target memory.Config
}

func newWorld(t tester, s shape) *world {
	t.Helper()
	dir, err := os.MkdirTemp(inMemory(), "model")
	if err != nil {
		t.Fatalf("%v", err)
	}
	w := &world{tester: t, source: memory.New(s.source), target: memory.New(s.target), folder: dir}
	w.store = &store{Store: folder.New(dir)}
	w.task = &v1alpha1.SyncTask{
		ObjectMeta: metav1.ObjectMeta{Namespace: "test", Name: "hr", UID: "task", Generation: 1},
		Spec: v1alpha1.SyncTaskSpec{
			Sources:   []v1alpha1.Source{{Name: "hr", Type: v1alpha1.ConnectorLDAP}},
			Target:    v1alpha1.Target{Type: v1alpha1.ConnectorLDAP},
			Mappings:  mappings(),
			Execution: v1alpha1.Execution{Concurrency: 1, RateLimit: v1alpha1.RateLimit{QPS: 100000, Burst: 100000}, Retries: new(int32)},
		},
	}
	return w
}

// inMemory is a folder in memory, where there is one: the store waits for the disk at each write, which takes most of a life. Empty: the usual place.
func inMemory() string {
	const folder = "/dev/shm"
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return ""
	}
	return folder
}

func (w *world) close() { os.RemoveAll(w.folder) }

// Source and Target make a world the Connector of its runs.
func (w *world) Source(context.Context, *v1alpha1.SyncTaskSpec) (connector.Source, error) {
	return w.source.Open(), nil
}

func (w *world) Target(context.Context, *v1alpha1.SyncTaskSpec) (connector.Target, error) {
	return w.target.Open(), nil
}

// run is one run with what it found and what it left.
type run struct {
	*world
	uid string
	// spec is the task with its defaults.
	spec     v1alpha1.SyncTaskSpec
	override *v1alpha1.GuardOverride
	reports  *reports
	lease    *lease
	attempts int
	// clean: nothing went wrong on the way.
	clean bool

	// before and after are the target, links those before the run, linksAfter those after it, and people is the source.
	before, after, people map[memory.Key]*memory.Entry
	links, linksAfter     *state.State
	records               []history.Record
	writes                int
}

// begin stores the definition of a new run, as the manager does.
func (w *world) begin(override *v1alpha1.GuardOverride) *run {
	w.Helper()
	w.sequence++
	r := &run{world: w, uid: fmt.Sprintf("run-%d", w.sequence), spec: definition.Resolve(&w.task.Spec), override: override, reports: &reports{}}
	object := &v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Namespace: "test", Name: "hr-" + r.uid, UID: types.UID(r.uid)},
		Spec:       v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: "hr"}, GuardOverride: override},
	}
	data, err := definition.New(w.task, object, w.sequence).Encode()
	if err != nil {
		w.Fatalf("%v", err)
	}
	if _, err := artifacttest.WriteAll(context.Background(), w.store, artifact.Scope{Run: r.uid}, definition.Stream, data); err != nil {
		w.Fatalf("%v", err)
	}
	w.store.planned = nil
	r.before, r.people, r.links, r.writes = w.target.Snapshot(), w.source.Snapshot(), w.state(), w.target.Writes()
	return r
}

// attempt executes one attempt in a process of its own.
func (r *run) attempt(ctx context.Context, settleOnly bool) error {
	r.attempts++
	r.lease = newLease()
	execute := &runner.Runner{
		Store: r.store, Reports: r.reports, Connect: r.world, Budget: artifact.DefaultBudget(), Now: time.Now,
		Acquire: func(context.Context, string) (runner.Lease, error) { return r.lease, nil },
		Log:     slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	return execute.Execute(ctx, runner.Attempt{Run: "hr-" + r.uid, UID: r.uid, Number: r.attempts, SettleOnly: settleOnly})
}

// end looks at what a run that is over has left.
func (r *run) end() *run {
	r.Helper()
	if r.reports.last == nil || r.reports.last.Outcome == nil {
		r.Fatalf("the run has no outcome: %+v", r.reports.last)
	}
	r.after, r.linksAfter, r.records = r.target.Snapshot(), r.state(), r.stored()
	r.writes = r.target.Writes() - r.writes
	return r
}

// sync executes a whole run without trouble.
func (w *world) sync() *run {
	w.Helper()
	r := w.begin(nil)
	if err := r.attempt(context.Background(), false); err != nil {
		w.Fatalf("the run did not end: %v", err)
	}
	return r.end()
}

func (r *run) outcome() *report.Outcome { return r.reports.last.Outcome }

// state is what the task remembers now.
func (w *world) state() *state.State {
	w.Helper()
	s, _, _, err := state.Load(context.Background(), w.store, owner, state.Identity{Source: w.source.Config().Name, Target: w.target.Config().Name})
	if err != nil {
		w.Fatalf("%v", err)
	}
	return s
}

// stored are the records of a run; none when it has none.
func (r *run) stored() []history.Record {
	r.Helper()
	reader, err := artifact.Open(context.Background(), r.store, artifact.Scope{Run: r.uid}, "records")
	if errors.Is(err, artifact.ErrNotFound) {
		return nil
	}
	if err != nil {
		r.Fatalf("%v", err)
	}
	var list []history.Record
	for record, err := range history.Decode(reader) {
		if err != nil {
			r.Fatalf("%v", err)
		}
		list = append(list, record)
	}
	return list
}

// describe tells what a run did.
func (r *run) describe() string {
	var b strings.Builder
	if last := r.reports.last; last != nil && last.Outcome != nil {
		fmt.Fprintf(&b, "%s: %s (%s) %s\n", r.uid, last.Outcome.Result, last.Outcome.Reason, last.Outcome.Message)
	}
	for _, record := range r.records {
		if record.Operation != "NoUpdate" || record.Message != "" {
			fmt.Fprintln(&b, " ", describe(&record))
		}
	}
	return b.String()
}

func describe(r *history.Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s>%s", r.Status, r.Operation, r.SourceID, r.TargetID)
	for _, change := range r.Changes {
		fmt.Fprintf(&b, " %s:%q>%q", change.Field, change.Before, change.After)
	}
	fmt.Fprintf(&b, " %s %s", r.Reason, r.Message)
	return b.String()
}

// store is the artifact store of a world: it notes what plans say, and ends with the life of a process.
type store struct {
	artifact.Store
	life *life
	// planned are the lines of the plan that was stored last.
	planned []planned
}

// planned is what a line of a plan says, as far as a record must say the same.
type planned struct {
	Kind    string         `json:"kind"`
	Subject directory.Kind `json:"subject"`
	Source  string         `json:"source"`
}

// PutChunk stores a chunk.
func (s *store) PutChunk(ctx context.Context, scope artifact.Scope, name string, data []byte) error {
	return s.life.step("chunk", func() error { return s.Store.PutChunk(ctx, scope, name, data) })
}

// DeleteChunk removes a chunk.
func (s *store) DeleteChunk(ctx context.Context, scope artifact.Scope, name string) error {
	return s.life.step("delete", func() error { return s.Store.DeleteChunk(ctx, scope, name) })
}

// DeleteManifest removes a manifest.
func (s *store) DeleteManifest(ctx context.Context, scope artifact.Scope, stream string) error {
	return s.life.step("delete", func() error { return s.Store.DeleteManifest(ctx, scope, stream) })
}

// PutManifest stores a manifest, and reads the plan that it makes whole.
func (s *store) PutManifest(ctx context.Context, scope artifact.Scope, stream string, data []byte, revision string) (next string, err error) {
	err = s.life.step("manifest", func() error {
		next, err = s.Store.PutManifest(ctx, scope, stream, data, revision)
		if err == nil && stream == "plan" {
			s.planned, err = readPlan(ctx, s.Store, scope)
		}
		return err
	})
	return next, err
}

// readPlan reads a stored plan by other means than the runner's.
func readPlan(ctx context.Context, from artifact.Store, scope artifact.Scope) ([]planned, error) {
	reader, err := artifact.Open(ctx, from, scope, "plan")
	if err != nil {
		return nil, err
	}
	var list []planned
	for data, err := range artifact.Lines(reader) {
		if err != nil {
			return nil, err
		}
		var line struct {
			Operation *planned
			Record    *struct {
				planned
				Operation string
			}
		}
		if err := json.Unmarshal(data, &line); err != nil {
			return nil, err
		}
		switch {
		case line.Operation != nil:
			list = append(list, *line.Operation)
		case line.Record != nil:
			line.Record.Kind = line.Record.Operation
			list = append(list, line.Record.planned)
		}
	}
	return list, nil
}
