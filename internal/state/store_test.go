package state_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/folder"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/state"
)

var errAway = errors.New("the store is away")

// recorder notes the stream that is asked for first, and fails one read.
type recorder struct {
	artifact.Store
	stream string
	// failAt is the number of the read that fails, from 1; 0 is none.
	failAt, reads int
}

func (r *recorder) GetManifest(ctx context.Context, scope artifact.Scope, stream string) ([]byte, string, error) {
	if r.stream == "" {
		r.stream = stream
	}
	if r.reads++; r.reads == r.failAt {
		return nil, "", errAway
	}
	return r.Store.GetManifest(ctx, scope, stream)
}

func (r *recorder) GetChunk(ctx context.Context, scope artifact.Scope, name string) ([]byte, error) {
	if r.reads++; r.reads == r.failAt {
		return nil, errAway
	}
	return r.Store.GetChunk(ctx, scope, name)
}

// uuid is a random UUID, the same for the same number.
func uuid(number int) string {
	var b [16]byte
	_, _ = rand.NewChaCha8([32]byte{byte(number), byte(number >> 8), byte(number >> 16), byte(number >> 24)}).Read(b[:])
	text := hex.EncodeToString(b[:])
	return fmt.Sprintf("%s-%s-%s-%s-%s", text[:8], text[8:12], text[12:16], text[16:20], text[20:])
}

const many = 100_000

// memory is what the heap holds now.
func memory() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// TestLinksAreSmall is not parallel: it measures the heap.
func TestLinksAreSmall(t *testing.T) {
	before := memory()
	s := state.New(owner, ends)
	fill(t, s, many)
	used := memory() - before
	if got := s.Links.Count(directory.User); got != many {
		t.Fatalf("got %d links, want %d", got, many)
	}
	t.Logf("%d links take %.1f bytes each", many, float64(used)/many)
	if limit := int64(20 << 20); used > limit {
		t.Errorf("%d links take %d bytes, want at most %d", many, used, limit)
	}
}

func BenchmarkSave(b *testing.B) {
	store := folder.New(b.TempDir())
	s := state.New(owner, ends)
	fill(b, s, many)
	revision := ""
	for b.Loop() {
		var err error
		if revision, err = s.Save(b.Context(), store, revision); err != nil {
			b.Fatal(err)
		}
	}
	report(b, store)
}

func BenchmarkLoad(b *testing.B) {
	store := folder.New(b.TempDir())
	s := state.New(owner, ends)
	fill(b, s, many)
	if _, err := s.Save(b.Context(), store, ""); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, _, err := state.Load(b.Context(), store, owner, ends); err != nil {
			b.Fatal(err)
		}
	}
	report(b, store)
}

func report(b *testing.B, store artifact.Store) {
	b.Helper()
	usage, err := store.Usage(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(usage.All)/many, "stored-B/link")
}
