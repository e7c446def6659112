package runner_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/runner"
)

// secretWorld is a world with sensitive fields, which keeps everything that leaves its runs.
type secretWorld struct {
	*world
	secrets []string
	left    *leftBehind
	ends    *watchedEnds
}

// leftBehind is all that a run stores, logs and reports.
type leftBehind struct {
	artifact.Store
	mu    sync.Mutex
	texts map[string][]byte
}

func (l *leftBehind) keep(name string, data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.texts[name] = append(l.texts[name], data...)
}

func (l *leftBehind) keepCompressed(name string, data []byte) error {
	decoder, err := zstd.NewReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	defer decoder.Close()
	plain, err := io.ReadAll(decoder)
	if err != nil {
		return fmt.Errorf("the test cannot read %s: %w", name, err)
	}
	l.keep(name, plain)
	return nil
}

func (l *leftBehind) PutChunk(ctx context.Context, scope artifact.Scope, name string, data []byte) error {
	if err := l.keepCompressed("chunk "+name, data); err != nil {
		return err
	}
	return l.Store.PutChunk(ctx, scope, name, data)
}

func (l *leftBehind) PutManifest(ctx context.Context, scope artifact.Scope, stream string, data []byte, revision string) (string, error) {
	var manifest struct {
		Content struct{ Inline []byte }
	}
	err := json.Unmarshal(data, &manifest)
	if err == nil && len(manifest.Content.Inline) > 0 { // what is small stands in the manifest itself
		err = l.keepCompressed("stream "+stream, manifest.Content.Inline)
	}
	if err != nil {
		return "", err
	}
	l.keep("manifest "+stream, data)
	return l.Store.PutManifest(ctx, scope, stream, data, revision)
}

// Write keeps a line of the log.
func (l *leftBehind) Write(line []byte) (int, error) {
	l.keep("log", line)
	return len(line), nil
}

// watchedEnds lets a test step in before an end is asked again, and answer in place of the target.
type watchedEnds struct {
	runner.Connector
	beforeLookup       func()
	beforeTargetLookup func()
	refuse             func(connector.Patch) error
}

func (e *watchedEnds) Source(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Source, error) {
	source, err := e.Connector.Source(ctx, spec)
	return &watchedSource{source, e}, err
}

func (e *watchedEnds) Target(ctx context.Context, spec *v1alpha1.SyncTaskSpec) (connector.Target, error) {
	target, err := e.Connector.Target(ctx, spec)
	return &watchedTarget{target, e}, err
}

type watchedSource struct {
	connector.Source
	ends *watchedEnds
}

func (s *watchedSource) Lookup(ctx context.Context, kind directory.Kind, ids, fields []string) ([]directory.Entry, error) {
	if s.ends.beforeLookup != nil {
		s.ends.beforeLookup()
	}
	return s.Source.Lookup(ctx, kind, ids, fields)
}

type watchedTarget struct {
	connector.Target
	ends *watchedEnds
}

func (t *watchedTarget) Lookup(ctx context.Context, kind directory.Kind, ids, fields []string) ([]directory.Entry, error) {
	if t.ends.beforeTargetLookup != nil {
		t.ends.beforeTargetLookup()
	}
	return t.Target.Lookup(ctx, kind, ids, fields)
}

func (t *watchedTarget) UpdateUser(ctx context.Context, id string, patch connector.Patch) (directory.Entry, error) {
	if t.ends.refuse != nil {
		if err := t.ends.refuse(patch); err != nil {
			return directory.Entry{}, err
		}
	}
	return t.Target.UpdateUser(ctx, id, patch)
}

// secretive is a company of four whose car licences are sensitive and who get a first password.
func secretive(t *testing.T) *secretWorld {
	t.Helper()
	w := &secretWorld{world: newWorld(t), left: &leftBehind{texts: map[string][]byte{}}}
	w.left.Store = w.store
	w.store = w.left
	w.ends = &watchedEnds{Connector: w.mounts}
	w.task.Spec.Mappings.Users = append(w.task.Spec.Mappings.Users,
		v1alpha1.Mapping{To: "carLicense", Expression: "user.all.carLicense.map(l, upper(l))", Sensitive: true},
		v1alpha1.Mapping{To: "userPassword", From: "postOfficeBox", Sensitive: true, Apply: v1alpha1.ApplyOnCreate},
	)
	w.unit("Head")
	for _, uid := range []string{"an", "bo", "chen", "dora"} {
		w.person(uid, "Head")
		w.secret(uid, "postOfficeBox", "pass+"+uid+"+4711")
		w.secret(uid, "carLicense", "plate "+uid+" 0815")
	}
	return w
}

// secret sets a sensitive value in the source.
func (w *secretWorld) secret(uid, attribute string, values ...string) {
	w.t.Helper()
	change := "replace: " + attribute + "\n"
	for _, value := range values {
		change += attribute + ": " + value + "\n"
		w.secrets = append(w.secrets, value, strings.ToUpper(value))
	}
	w.modify("uid="+uid+","+w.dn("Head"), strings.TrimSuffix(change, "\n"))
}

// start stores the definition of a run whose log is kept.
func (w *secretWorld) start() *run {
	r := w.begin()
	r.runner.Connect = w.ends
	r.runner.Log = slog.New(slog.NewTextHandler(w.left, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return r
}

// run executes a run and answers with its result and operations.
func (w *secretWorld) run() (report.Result, map[string]int) {
	w.t.Helper()
	r := w.start()
	if err := r.attempt(1, false); err != nil {
		w.t.Fatal(err)
	}
	w.keepReport(r)
	if r.ended().Records == nil {
		w.t.Fatalf("the run left no records: %s", r.ended().Outcome.Message)
	}
	return r.ended().Outcome.Result, w.operations(r.uid)
}

func (w *secretWorld) keepReport(r *run) {
	data, err := json.Marshal(r.ended())
	if err != nil {
		w.t.Fatal(err)
	}
	w.left.keep("report", data)
}

// tellsNothing looks for the secrets in everything that runs left behind, and in every export of their records.
func (w *secretWorld) tellsNothing() {
	w.t.Helper()
	for sequence := int64(1); sequence <= w.sequence; sequence++ {
		w.keepExports(fmt.Sprintf("run-%d", sequence))
	}
	// What tells nothing must be what is meant: each of these would hold the values if they were not kept out of it.
	for kind, holds := range map[string]string{
		"stream plan": `"field":"carLicense"`, "stream records": `"field":"carLicense"`, "stream state": "", "stream definition": "carLicense",
		"chunk journal": "", "log": "the run is over", "report": "", "excel xl/worksheets": "carLicense", "csv": "carLicense", "json": "carLicense",
	} {
		if !slices.ContainsFunc(slices.Sorted(maps.Keys(w.left.texts)), func(name string) bool {
			return strings.HasPrefix(name, kind) && bytes.Contains(w.left.texts[name], []byte(holds))
		}) {
			w.t.Errorf("nothing of kind %q with %q was looked at", kind, holds)
		}
	}
	for name, text := range w.left.texts {
		for _, secret := range w.secrets {
			for _, written := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))} {
				if at := bytes.Index(text, []byte(written)); at >= 0 {
					w.t.Errorf("%s tells %q: …%s…", name, secret, text[max(0, at-80):min(len(text), at+80)])
				}
			}
		}
	}
}

func (w *secretWorld) keepExports(uid string) {
	w.t.Helper()
	records := func(yield func(history.Record, error) bool) {
		for _, record := range w.records(uid) {
			if !yield(record, nil) {
				return
			}
		}
	}
	show := history.Presentation{Locale: history.English, TimeZone: time.UTC}
	var file, table, lines bytes.Buffer
	err := history.WriteExcel(&file, &history.Summary{}, records, show, "")
	if err == nil {
		err = history.WriteCSV(&table, records, show)
	}
	if err == nil {
		err = history.WriteJSONLines(&lines, records)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.left.keep("csv", table.Bytes())
	w.left.keep("json", lines.Bytes())
	archive, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, part := range archive.File {
		content, err := part.Open()
		if err != nil {
			w.t.Fatal(err)
		}
		data, err := io.ReadAll(content)
		if err != nil {
			w.t.Fatal(err)
		}
		w.left.keep("excel "+part.Name, data)
	}
}
