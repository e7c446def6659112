package artifacttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"synccenter.dev/synccenter/internal/artifact"
)

func lines(texts ...string) [][]byte {
	var all [][]byte
	for _, text := range texts {
		all = append(all, []byte(text))
	}
	return all
}

func readJournal(t *testing.T, store artifact.Store, attempts int) ([]string, error) {
	t.Helper()
	var all []string
	for line, err := range artifact.ReadJournal(t.Context(), store, run, attempts) {
		if err != nil {
			return all, err
		}
		all = append(all, string(line))
	}
	return all, nil
}

func journals(t *testing.T, place Place) {
	ctx, store := t.Context(), place(runUID)
	open := func(attempt int) *artifact.Journal {
		j, err := artifact.NewJournal(ctx, store, run, attempt)
		must(t, err)
		return j
	}
	if got, err := readJournal(t, store, 3); err != nil || len(got) != 0 {
		t.Errorf("no journal: got lines %q and error %v", got, err)
	}
	first := open(1)
	must(t, first.Append(ctx, lines("a", "b")))
	must(t, first.Append(ctx, nil))
	must(t, first.Append(ctx, lines("c")))
	must(t, open(1).Append(ctx, lines("d")))
	must(t, open(3).Append(ctx, lines("e", "")))
	if got, err := readJournal(t, store, 3); err != nil || !slices.Equal(got, []string{"a", "b", "c", "d", "e", ""}) {
		t.Errorf("got lines %q and error %v", got, err)
	}
	if err := first.Append(ctx, lines("f")); !errors.Is(err, artifact.ErrConflict) {
		t.Errorf("a pod whose successor has written: got error %v, want ErrConflict", err)
	}
	var large [][]byte
	for i := range 30 {
		large = append(large, bytes.ReplaceAll(noise(100_000+i), []byte("\n"), nil))
	}
	must(t, open(4).Append(ctx, large))
	got, err := readJournal(t, store, 4)
	if err != nil || len(got) != 6+len(large) {
		t.Fatalf("got %d lines and error %v, want %d", len(got), err, 6+len(large))
	}
	for i := range large {
		if got[6+i] != string(large[i]) {
			t.Errorf("line %d of several segments is not what was written", i)
		}
	}
	must(t, replaceChunk(t, store, "journal-1-1", func(data []byte) []byte { data[len(data)-6] ^= 1; return data }))
	if got, err := readJournal(t, store, 4); !errors.Is(err, artifact.ErrCorrupt) {
		t.Errorf("a damaged segment: got %d lines and error %v, want ErrCorrupt", len(got), err)
	}
	must(t, artifact.DeleteJournal(ctx, store, run, 4))
	if left := used(t, store); left != 0 {
		t.Errorf("a deleted journal left %d bytes", left)
	}
}

// failing loses the answers of some writes: the chunk is stored and the caller gets an error.
type failing struct {
	artifact.Store
	lost int
}

var errLost = errors.New("the answer was lost")

func (f *failing) PutChunk(ctx context.Context, scope artifact.Scope, name string, data []byte) error {
	err := f.Store.PutChunk(ctx, scope, name, data)
	if err == nil && f.lost > 0 {
		f.lost--
		return errLost
	}
	return err
}

func journalRetry(t *testing.T, place Place) {
	ctx, store := t.Context(), &failing{Store: place(runUID), lost: 2}
	j, err := artifact.NewJournal(ctx, store, run, 1)
	must(t, err)
	var want []string
	for i := range 4 {
		line := fmt.Sprintf("line %d", i)
		want = append(want, line)
		err := j.Append(ctx, lines(line))
		if wantErr := i < 2; errors.Is(err, errLost) != wantErr {
			t.Errorf("line %d: got error %v", i, err)
		}
	}
	if got, err := readJournal(t, store, 1); err != nil || !slices.Equal(got, want) {
		t.Errorf("got lines %q and error %v, want %q", got, err, want)
	}
}
