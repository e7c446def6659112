package runner_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/artifacttest"
	"synccenter.dev/synccenter/internal/artifact/folder"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/runner"
)

// server is both the source and the target of all tests, each with a tree of its own.
var server *slapdtest.Server

func TestMain(m *testing.M) {
	var err error
	if server, err = slapdtest.New(slapdtest.Options{Database: readerRights, Global: typedSchema}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	server.Close()
	os.Exit(code)
}

// world is a task with its two directories and all that its runs leave behind.
type world struct {
	t              *testing.T
	source, target slapdtest.Tree
	store          artifact.Store
	task           *v1alpha1.SyncTask
	sequence       int64
	mounts         runner.Connectors
	// now is the clock of the runs; override is their guardOverride.
	now      func() time.Time
	override *v1alpha1.GuardOverride
	// only says whom the runs are about; nil: everybody.
	only *v1alpha1.OnlyEntries
}

// run is one run of a world.
type run struct {
	*world
	uid     string
	runner  *runner.Runner
	reports *reports
	lease   *testLease
}

// newWorld makes two empty trees with the same layout, users below the organizational unit of their department, and a task between them.
func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOn(t, server, server)
}

func newWorldOn(t *testing.T, source, target *slapdtest.Server) *world {
	t.Helper()
	w := &world{t: t, source: source.Tree(t), target: target.Tree(t), store: folder.New(t.TempDir()), now: time.Now}
	w.mounts = runner.Connectors{Secrets: t.TempDir(), ConfigMaps: t.TempDir()}
	w.writeSecret("ldap", map[string]string{"username": slapdtest.AdminDN, "password": slapdtest.AdminPassword})
	w.task = &v1alpha1.SyncTask{
		ObjectMeta: metav1.ObjectMeta{Namespace: "test", Name: "hr", UID: "task", Generation: 1},
		Spec: v1alpha1.SyncTaskSpec{
			Sources: []v1alpha1.Source{{Name: "hr", Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPSource{
				LDAPConnection: connection(source),
				Users:          v1alpha1.LDAPUsers{BaseDN: w.source.Org, Layout: v1alpha1.LayoutByDepartment},
				Departments:    &v1alpha1.LDAPDepartments{BaseDN: w.source.Org},
			}}},
			Target: v1alpha1.Target{Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPTarget{
				LDAPConnection: connection(target),
				Users: v1alpha1.LDAPTargetUsers{
					LDAPUsers: v1alpha1.LDAPUsers{BaseDN: w.target.Org, Layout: v1alpha1.LayoutByDepartment},
					Mark:      "employeeNumber",
					Disable:   &v1alpha1.LDAPDisable{Attribute: "employeeType", Disabled: "disabled"},
				},
				Departments: &v1alpha1.LDAPTargetDepartments{LDAPDepartments: v1alpha1.LDAPDepartments{BaseDN: w.target.Org}, Mark: "businessCategory"},
			}},
			Mappings: v1alpha1.Mappings{
				Users:       copies("uid", "cn", "sn", "mail", "description"),
				Departments: copies("ou", "description"),
			},
			Execution: v1alpha1.Execution{Concurrency: 4, RateLimit: v1alpha1.RateLimit{QPS: 10000, Burst: 10000}},
		},
	}
	return w
}

func connection(server *slapdtest.Server) v1alpha1.LDAPConnection {
	return v1alpha1.LDAPConnection{URLs: []string{server.URL}, CredentialsSecretRef: &v1alpha1.SecretReference{Name: "ldap"}}
}

func copies(fields ...v1alpha1.FieldName) []v1alpha1.Mapping {
	var rows []v1alpha1.Mapping
	for _, field := range fields {
		rows = append(rows, v1alpha1.Mapping{To: field, From: field})
	}
	return rows
}

func (w *world) writeSecret(name string, keys map[string]string) {
	w.t.Helper()
	dir := filepath.Join(w.mounts.Secrets, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	for key, value := range keys {
		if err := os.WriteFile(filepath.Join(dir, key), []byte(value), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
}

// unit makes a department in the source. Its path is from below to the top: "East", "Sales".
func (w *world) unit(path ...string) { w.source.Server.Apply(w.t, slapdtest.Unit(w.dn(path...))) }

// dn is the DN of a department of the source.
func (w *world) dn(path ...string) string { return dnBelow(w.source.Org, path...) }

// targetDN is the DN of a department of the target.
func (w *world) targetDN(path ...string) string { return dnBelow(w.target.Org, path...) }

func dnBelow(base string, path ...string) string {
	dn := base
	for i := len(path) - 1; i >= 0; i-- {
		dn = "ou=" + path[i] + "," + dn
	}
	return dn
}

// person makes a user in the source, below a department.
func (w *world) person(uid string, department ...string) {
	w.source.Server.Apply(w.t, personLDIF(uid, w.dn(department...)))
}

func personLDIF(uid, parent string) string {
	return fmt.Sprintf("dn: uid=%[1]s,%[2]s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: The %[1]s\nsn: %[1]s\nmail: %[1]x@example.com\n\n", uid, parent)
}

// company fills the source with five departments and ten people.
func (w *world) company() {
	w.unit("Head")
	w.unit("Sales", "Head")
	w.unit("East", "Sales", "Head")
	w.unit("West", "Sales", "Head")
	w.unit("Research", "Head")
	for _, uid := range []string{"an", "bo", "chen"} {
		w.person(uid, "East", "Sales", "Head")
	}
	for _, uid := range []string{"dora", "emil"} {
		w.person(uid, "West", "Sales", "Head")
	}
	for _, uid := range []string{"fang", "gerd", "hua", "ines"} {
		w.person(uid, "Research", "Head")
	}
	w.person("boss", "Head")
}

// begin stores the definition of a new run, as the manager does.
func (w *world) begin() *run {
	w.t.Helper()
	w.sequence++
	uid := fmt.Sprintf("run-%d", w.sequence)
	object := &v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Namespace: "test", Name: "hr-" + uid, UID: types.UID(uid)},
		Spec:       v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: "hr"}, GuardOverride: w.override, Only: w.only},
	}
	data, err := definition.New(w.task, object, w.sequence).Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := artifacttest.WriteAll(w.t.Context(), w.store, artifact.Scope{Run: uid}, definition.Stream, data); err != nil {
		w.t.Fatal(err)
	}
	r := &run{world: w, uid: uid, reports: &reports{}, lease: newTestLease()}
	r.runner = &runner.Runner{
		Store: w.store, Reports: r.reports, Connect: w.mounts, Budget: artifact.DefaultBudget(), Now: w.now,
		Acquire: func(context.Context, string) (runner.Lease, error) { return r.lease, nil },
		Log:     slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	return r
}

// attempt executes one attempt.
func (r *run) attempt(number int, settleOnly bool) error {
	return r.runner.Execute(r.t.Context(), runner.Attempt{Run: "hr-" + r.uid, UID: r.uid, Number: number, SettleOnly: settleOnly})
}

// sync executes a whole run and answers with its last report.
func (w *world) sync() *report.Report {
	w.t.Helper()
	r := w.begin()
	if err := r.attempt(1, false); err != nil {
		w.t.Fatalf("the run did not end: %v", err)
	}
	return r.ended()
}

// ended is the last report of a run that is over.
func (r *run) ended() *report.Report {
	r.t.Helper()
	if r.reports.last == nil || r.reports.last.Outcome == nil {
		r.t.Fatalf("the run has no outcome: %+v", r.reports.last)
	}
	return r.reports.last
}

// synced executes a run that must succeed.
func (w *world) synced() *report.Report {
	w.t.Helper()
	last := w.sync()
	if last.Outcome.Result != report.Succeeded {
		w.t.Fatalf("result %s (%s): %s\n%s", last.Outcome.Result, last.Outcome.Reason, last.Outcome.Message, w.describe(w.lastUID()))
	}
	return last
}

func (w *world) lastUID() string { return fmt.Sprintf("run-%d", w.sequence) }

// records are those that a run stored.
func (w *world) records(uid string) []history.Record {
	w.t.Helper()
	reader, err := artifact.Open(w.t.Context(), w.store, artifact.Scope{Run: uid}, "records")
	if err != nil {
		w.t.Fatal(err)
	}
	var list []history.Record
	for record, err := range history.Decode(reader) {
		if err != nil {
			w.t.Fatal(err)
		}
		list = append(list, record)
	}
	return list
}

func (w *world) describe(uid string) string {
	var b strings.Builder
	for _, r := range w.records(uid) {
		if r.Operation != "NoUpdate" {
			fmt.Fprintf(&b, "%s %s %q: %s %s %s %+v\n", r.Status, r.Operation, r.Name, r.Reason, r.Message, r.SourceID, r.Changes)
		}
	}
	return b.String()
}

// operations counts the records of a run as "Operation Status".
func (w *world) operations(uid string) map[string]int {
	counts := map[string]int{}
	for _, r := range w.records(uid) {
		counts[fmt.Sprintf("%s %s", r.Operation, r.Status)]++
	}
	return counts
}

// reports keeps a report in memory.
type reports struct {
	mu   sync.Mutex
	last *report.Report
	// gate is asked before each write, when it is set.
	gate func() error
}

func (r *reports) Last(context.Context) (*report.Report, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last, nil
}

func (r *reports) Put(_ context.Context, next *report.Report) error {
	if r.gate != nil {
		if err := r.gate(); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	stored := *next
	r.last = &stored
	return nil
}

// testLease is a lease that nobody else wants.
type testLease struct {
	stopped, lost chan struct{}
	reason        string
	stop          sync.Once
}

func newTestLease() *testLease {
	return &testLease{stopped: make(chan struct{}), lost: make(chan struct{})}
}

func (l *testLease) Deadline() time.Time           { return time.Now().Add(40 * time.Second) }
func (l *testLease) Stopped() <-chan struct{}      { return l.stopped }
func (l *testLease) StopReason() string            { return l.reason }
func (l *testLease) Lost() <-chan struct{}         { return l.lost }
func (l *testLease) Release(context.Context) error { return nil }

// ask asks the run to stop.
func (l *testLease) ask(reason string) {
	l.stop.Do(func() {
		l.reason = reason
		close(l.stopped)
	})
}

var errDead = errors.New("this process was killed")

// skipped counts the records of operations that were not done.
func (w *world) skipped(uid string) int {
	count := 0
	for _, r := range w.records(uid) {
		if r.Status == "Skipped" {
			count++
		}
	}
	return count
}

// recordOf is a record of a run.
type recordOf = history.Record
