// Package artifacttest is the suite that every artifact store passes. A store joins with one function.
package artifacttest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"synccenter.dev/synccenter/internal/artifact"
)

// Place opens a store over one place, on behalf of a run. Every store of a place sees what the others stored.
type Place func(run string) artifact.Store

// Run checks a kind of store. It asks for a new, empty place for each case.
func Run(t *testing.T, place func(t *testing.T) Place) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Place)
	}{
		{"a chunk is written once", chunks},
		{"a manifest is replaced by compare and swap", manifests},
		{"scopes do not meet", scopes},
		{"unsafe names are refused", names},
		{"usage follows what is stored", usage},
		{"a cancelled context stops", cancelled},
		{"streams come back as they were written", roundTrips},
		{"a stream that was cut or changed is an error", damage},
		{"a newer schema is refused", newer},
		{"of two writers one wins and nothing is left of the other", twoWriters},
		{"what a dead writer left is removed", deadWriter},
		{"a deleted stream leaves nothing", deleted},
		{"a journal comes back in order over attempts and pods", journals},
		{"a journal keeps its lines until they are stored", journalRetry},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, place(t)) })
	}
}

const (
	runUID   = "0a8b3c52-6a3e-4a1c-9f33-6d4e3a5f7b10"
	otherUID = "0a8b3c52-6a3e-4a1c-9f33-6d4e3a5f7b11"
)

var run = artifact.Scope{Run: runUID}

func chunks(t *testing.T, place Place) {
	ctx, store := t.Context(), place(runUID)
	if _, err := store.GetChunk(ctx, run, "plan-a-0"); !errors.Is(err, artifact.ErrNotFound) {
		t.Errorf("a chunk that is not there: got error %v, want ErrNotFound", err)
	}
	must(t, store.PutChunk(ctx, run, "plan-a-0", []byte("one")))
	if err := store.PutChunk(ctx, run, "plan-a-0", []byte("one")); err != nil {
		t.Errorf("the same bytes again: %v", err)
	}
	if err := store.PutChunk(ctx, run, "plan-a-0", []byte("two")); !errors.Is(err, artifact.ErrConflict) {
		t.Errorf("other bytes: got error %v, want ErrConflict", err)
	}
	largest := bytes.Repeat([]byte{0xff}, artifact.ChunkSize)
	must(t, store.PutChunk(ctx, run, "plan-a-1", largest))
	for name, want := range map[string][]byte{"plan-a-0": []byte("one"), "plan-a-1": largest} {
		if got, err := store.GetChunk(ctx, run, name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("chunk %s: got %d bytes and error %v, want %d bytes", name, len(got), err, len(want))
		}
	}
	must(t, store.DeleteChunk(ctx, run, "plan-a-0"))
	if err := store.DeleteChunk(ctx, run, "plan-a-0"); err != nil {
		t.Errorf("deleting a chunk that is gone: %v", err)
	}
	if _, err := store.GetChunk(ctx, run, "plan-a-0"); !errors.Is(err, artifact.ErrNotFound) {
		t.Errorf("a deleted chunk: got error %v, want ErrNotFound", err)
	}
}

func manifests(t *testing.T, place Place) {
	ctx, store := t.Context(), place(runUID)
	put := func(data, revision string) (string, error) {
		return store.PutManifest(ctx, run, "plan", []byte(data), revision)
	}
	if _, _, err := store.GetManifest(ctx, run, "plan"); !errors.Is(err, artifact.ErrNotFound) {
		t.Errorf("a manifest that is not there: got error %v, want ErrNotFound", err)
	}
	first, err := put("one", "")
	must(t, err)
	if again, err := put("one", ""); err != nil || again != first {
		t.Errorf("the same bytes again: got revision %q and error %v, want %q", again, err, first)
	}
	if _, err := put("two", ""); !errors.Is(err, artifact.ErrConflict) {
		t.Errorf("a second first manifest: got error %v, want ErrConflict", err)
	}
	second, err := put("two", first)
	must(t, err)
	if _, err := put("three", first); !errors.Is(err, artifact.ErrConflict) {
		t.Errorf("a write from an old revision: got error %v, want ErrConflict", err)
	}
	data, revision, err := store.GetManifest(ctx, run, "plan")
	if err != nil || string(data) != "two" || revision != second || revision == first {
		t.Errorf("got %q at revision %q and error %v, want %q at %q", data, revision, err, "two", second)
	}
	must(t, store.DeleteManifest(ctx, run, "plan"))
	must(t, store.DeleteManifest(ctx, run, "plan"))
	if _, err := put("three", second); !errors.Is(err, artifact.ErrConflict) {
		t.Errorf("a write over a deleted manifest: got error %v, want ErrConflict", err)
	}
	third, err := put("three", "")
	must(t, err)
	if third == first || third == second {
		t.Errorf("a manifest that was made again has the old revision %q", third)
	}
}

func scopes(t *testing.T, place Place) {
	ctx := t.Context()
	all := []artifact.Scope{run, {Run: otherUID}, {Owner: runUID}, {Owner: "default/hr"}, {Owner: "default-hr"}}
	for _, scope := range all {
		store := place(scope.Run)
		must(t, store.PutChunk(ctx, scope, "state-a-0", []byte(scope.Run+scope.Owner)))
		_, err := store.PutManifest(ctx, scope, "state", []byte(scope.Run+scope.Owner), "")
		must(t, err)
	}
	for _, scope := range all {
		chunk, err := place(scope.Run).GetChunk(ctx, scope, "state-a-0")
		must(t, err)
		manifest, _, err := place(scope.Run).GetManifest(ctx, scope, "state")
		must(t, err)
		if want := scope.Run + scope.Owner; string(chunk) != want || string(manifest) != want {
			t.Errorf("scope %v: got chunk %q and manifest %q, want %q", scope, chunk, manifest, want)
		}
	}
}

func names(t *testing.T, place Place) {
	ctx, store := t.Context(), place(runUID)
	for _, name := range []string{"", "../plan", "plan/0", "Plan", "plan.0", "-plan", "plan-", "计划", "a\x00b", string(bytes.Repeat([]byte("a"), 121))} {
		if err := store.PutChunk(ctx, run, name, nil); err == nil {
			t.Errorf("chunk %q was written", name)
		}
		if _, err := store.PutManifest(ctx, run, name, nil, ""); err == nil {
			t.Errorf("manifest %q was written", name)
		}
	}
	for _, scope := range []artifact.Scope{{}, {Run: runUID, Owner: "default/hr"}} {
		if err := store.PutChunk(ctx, scope, "plan-a-0", nil); err == nil {
			t.Errorf("a chunk was written to scope %v", scope)
		}
	}
}

func usage(t *testing.T, place Place) {
	ctx, store := t.Context(), place(runUID)
	if before := used(t, store); before != 0 {
		t.Errorf("an empty store uses %d bytes", before)
	}
	must(t, store.PutChunk(ctx, run, "plan-a-0", make([]byte, 70_000)))
	must(t, store.PutChunk(ctx, run, "plan-a-1", make([]byte, 5)))
	if after := used(t, store); after != 70_005 {
		t.Errorf("got %d stored bytes, want 70005", after)
	}
}

func cancelled(t *testing.T, place Place) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := place(runUID).PutChunk(ctx, run, "plan-a-0", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
	if _, err := place(runUID).GetChunk(t.Context(), run, "plan-a-0"); !errors.Is(err, artifact.ErrNotFound) {
		t.Errorf("a chunk that nobody may have written: got error %v, want ErrNotFound", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// used is what a store says of its use. Every case has one task, so both figures are the same.
func used(t *testing.T, store artifact.Store) int64 {
	t.Helper()
	got, err := store.Usage(t.Context())
	must(t, err)
	if got.Task != got.All {
		t.Errorf("the only task uses %d of %d bytes", got.Task, got.All)
	}
	return got.All
}
