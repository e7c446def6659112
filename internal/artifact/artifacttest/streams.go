package artifacttest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"synccenter.dev/synccenter/internal/artifact"
)

// noise gives bytes that do not compress, with a line end now and then, the same for the same size.
func noise(size int) []byte {
	data := make([]byte, size)
	source := rand.NewChaCha8([32]byte{byte(size)})
	_, _ = source.Read(data)
	return data
}

func write(t *testing.T, store artifact.Store, stream, revision string, data []byte) (artifact.Content, string) {
	t.Helper()
	w, err := artifact.NewWriter(t.Context(), store, run, stream, revision)
	must(t, err)
	_, err = w.Write(data)
	must(t, err)
	content, next, err := w.Commit(t.Context())
	must(t, err)
	return content, next
}

func readAll(t *testing.T, store artifact.Store, stream string) ([]byte, error) {
	t.Helper()
	r, err := artifact.Open(t.Context(), store, run, stream)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func roundTrips(t *testing.T, place Place) {
	store := place(runUID)
	revision := ""
	for _, c := range []struct {
		name   string
		data   []byte
		chunks int
	}{
		{"an empty stream", nil, 0},
		{"one that fits the manifest", noise(1000), 0},
		{"one chunk", noise(500_000), 1},
		{"several chunks", noise(3_500_000), 4},
		{"much that compresses well", bytes.Repeat([]byte("李雷 uid=li\n"), 200_000), 0},
		{"a small one again", noise(10), 0},
	} {
		var content artifact.Content
		content, revision = write(t, store, "plan", revision, c.data)
		if len(content.Chunks) != c.chunks || content.RawBytes != int64(len(c.data)) || content.Lines != int64(bytes.Count(c.data, []byte("\n"))) {
			t.Errorf("%s: got %d chunks, %d raw bytes and %d lines of %d bytes", c.name, len(content.Chunks), content.RawBytes, content.Lines, len(c.data))
		}
		got, err := readAll(t, store, "plan")
		if err != nil || !bytes.Equal(got, c.data) {
			t.Errorf("%s: got %d bytes and error %v, want %d bytes", c.name, len(got), err, len(c.data))
		}
		stat, at, err := artifact.Stat(t.Context(), store, run, "plan")
		if err != nil || at != revision || stat.SHA256 != content.SHA256 {
			t.Errorf("%s: Stat answers with revision %q and error %v, want %q", c.name, at, err, revision)
		}
	}
	if _, err := WriteAll(t.Context(), store, run, "definition", []byte(`{"a":1}`)); err != nil {
		t.Error(err)
	}
	if _, err := WriteAll(t.Context(), store, run, "definition", []byte(`{"a":2}`)); err != nil {
		t.Error(err)
	}
	if got, err := artifact.ReadAll(t.Context(), store, run, "definition"); err != nil || string(got) != `{"a":2}` {
		t.Errorf("a definition: got %s and error %v", got, err)
	}
}

func damage(t *testing.T, place Place) {
	store := place(runUID)
	for i, c := range []struct {
		name   string
		damage func(stream string, content artifact.Content) error
	}{
		{"a chunk is missing", func(_ string, content artifact.Content) error {
			return store.DeleteChunk(t.Context(), run, content.Chunks[1].Name)
		}},
		{"a chunk is cut", func(_ string, content artifact.Content) error {
			return replaceChunk(t, store, content.Chunks[2].Name, func(data []byte) []byte { return data[:len(data)-1] })
		}},
		{"one bit of a chunk is another", func(_ string, content artifact.Content) error {
			return replaceChunk(t, store, content.Chunks[0].Name, func(data []byte) []byte { data[500] ^= 1; return data })
		}},
		{"two chunks are swapped in the manifest", func(stream string, content artifact.Content) error {
			return editManifest(t, store, stream, content.Chunks[0].SHA256, content.Chunks[1].SHA256)
		}},
		{"the digest of the whole is another", func(stream string, content artifact.Content) error {
			return editManifest(t, store, stream, content.SHA256, strings.Repeat("0", 64))
		}},
		{"the manifest is no JSON", func(stream string, _ artifact.Content) error {
			return editManifest(t, store, stream, `{"schemaVersion"`, `{{`)
		}},
	} {
		stream := fmt.Sprintf("plan%d", i)
		content, _ := write(t, store, stream, "", noise(2_500_000))
		must(t, c.damage(stream, content))
		if got, err := readAll(t, store, stream); !errors.Is(err, artifact.ErrCorrupt) {
			t.Errorf("%s: got %d bytes and error %v, want ErrCorrupt", c.name, len(got), err)
		}
	}
}

func replaceChunk(t *testing.T, store artifact.Store, name string, edit func([]byte) []byte) error {
	data, err := store.GetChunk(t.Context(), run, name)
	if err != nil {
		return err
	}
	return errors.Join(store.DeleteChunk(t.Context(), run, name), store.PutChunk(t.Context(), run, name, edit(data)))
}

func editManifest(t *testing.T, store artifact.Store, stream, old, text string) error {
	data, revision, err := store.GetManifest(t.Context(), run, stream)
	if err != nil {
		return err
	}
	if !bytes.Contains(data, []byte(old)) {
		return fmt.Errorf("the manifest of %s does not hold %s", stream, old)
	}
	_, err = store.PutManifest(t.Context(), run, stream, bytes.Replace(data, []byte(old), []byte(text), 1), revision)
	return err
}

func newer(t *testing.T, place Place) {
	store := place(runUID)
	_, revision := write(t, store, "plan", "", []byte("one"))
	must(t, editManifest(t, store, "plan", `"schemaVersion":1`, `"schemaVersion":2`))
	if _, err := readAll(t, store, "plan"); !errors.Is(err, artifact.ErrNewer) {
		t.Errorf("reading: got error %v, want ErrNewer", err)
	}
	if _, err := WriteAll(t.Context(), store, run, "plan", []byte("two")); !errors.Is(err, artifact.ErrNewer) {
		t.Errorf("writing over it: got error %v, want ErrNewer", err)
	}
	if err := artifact.Delete(t.Context(), store, run, "plan"); !errors.Is(err, artifact.ErrNewer) {
		t.Errorf("deleting it: got error %v, want ErrNewer", err)
	}
	if _, now, err := store.GetManifest(t.Context(), run, "plan"); err != nil || now == revision {
		t.Errorf("the newer manifest is at revision %q with error %v", now, err)
	}
}

func twoWriters(t *testing.T, place Place) {
	ctx, store := t.Context(), place(runUID)
	_, revision := write(t, store, "plan", "", noise(10))
	first, err := artifact.NewWriter(ctx, store, run, "plan", revision)
	must(t, err)
	_, err = first.Write(noise(2_500_000))
	must(t, err)
	_, announced, err := artifact.Stat(ctx, store, run, "plan")
	must(t, err)
	want := noise(2_500_001)
	write(t, store, "plan", announced, want)
	before := used(t, store)
	if _, _, err := first.Commit(ctx); !errors.Is(err, artifact.ErrConflict) {
		t.Errorf("the first writer, which came late: got error %v, want ErrConflict", err)
	}
	if got, err := readAll(t, store, "plan"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes and error %v, want those of the second writer", len(got), err)
	}
	if after := used(t, store); after != before {
		t.Errorf("the loser left %d bytes", after-before)
	}
	late, err := artifact.NewWriter(ctx, store, run, "plan", revision)
	must(t, err)
	_, err = late.Write(noise(2_500_000))
	if !errors.Is(err, artifact.ErrConflict) {
		t.Errorf("a writer from an old revision: got error %v at its first chunk, want ErrConflict", err)
	}
}

func deadWriter(t *testing.T, place Place) {
	ctx, store := t.Context(), place(runUID)
	dead, err := artifact.NewWriter(ctx, store, run, "plan", "")
	must(t, err)
	_, err = dead.Write(noise(3_500_000))
	must(t, err)
	if _, err := readAll(t, store, "plan"); !errors.Is(err, artifact.ErrNotFound) {
		t.Errorf("a stream that was never whole: got error %v, want ErrNotFound", err)
	}
	if left := used(t, store); left < 2_000_000 {
		t.Fatalf("the dead writer left %d bytes, so there is nothing to remove", left)
	}
	_, revision, err := artifact.Stat(ctx, store, run, "plan")
	if !errors.Is(err, artifact.ErrNotFound) || revision == "" {
		t.Fatalf("Stat: got revision %q and error %v, want a revision and ErrNotFound", revision, err)
	}
	_, revision = write(t, store, "plan", revision, noise(1_500_000))
	if now := used(t, store); now > 1_510_000 {
		t.Errorf("got %d stored bytes, want those of the new stream alone", now)
	}
	write(t, store, "plan", revision, noise(100))
	if now := used(t, store); now > 10_000 {
		t.Errorf("got %d stored bytes after the stream was replaced by a small one", now)
	}
}

func deleted(t *testing.T, place Place) {
	ctx, store := t.Context(), place(runUID)
	write(t, store, "plan", "", noise(2_500_000))
	for range 2 {
		must(t, artifact.Delete(ctx, store, run, "plan"))
		if _, err := readAll(t, store, "plan"); !errors.Is(err, artifact.ErrNotFound) {
			t.Errorf("got error %v, want ErrNotFound", err)
		}
		if left := used(t, store); left != 0 {
			t.Errorf("%d bytes are left", left)
		}
	}
}
