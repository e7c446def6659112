package artifact_test

import (
	"errors"
	"math/rand"
	"testing"

	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/folder"
)

func TestAWriterKeepsItsLimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		size  int
		limit int64
		fits  bool
	}{
		"a stream that stands in its manifest":  {1000, 2000, true},
		"one that is too large for the limit":   {1000, 500, false},
		"a stream of several chunks":            {3 * artifact.ChunkSize, 4 * artifact.ChunkSize, true},
		"one whose second chunk does not fit":   {3 * artifact.ChunkSize, 3 * artifact.ChunkSize / 2, false},
		"one whose last part does not fit":      {5 * artifact.ChunkSize / 2, 9 * artifact.ChunkSize / 4, false},
		"one whose last part is small, and not": {artifact.ChunkSize + 1000, artifact.ChunkSize, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, scope := folder.New(t.TempDir()), artifact.Scope{Run: "a"}
			writer, err := artifact.NewWriter(t.Context(), store, scope, "answer", "")
			if err != nil {
				t.Fatal(err)
			}
			writer.Limit(c.limit)
			data := make([]byte, c.size)
			rand.New(rand.NewSource(1)).Read(data) // nothing compresses it
			if _, err = writer.Write(data); err == nil {
				_, _, err = writer.Commit(t.Context())
			}
			if c.fits {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, artifact.ErrTooLarge) {
				t.Errorf("got error %v, want ErrTooLarge", err)
			}
			if err := artifact.Delete(t.Context(), store, scope, "answer"); err != nil {
				t.Fatal(err)
			}
			if usage, err := store.Usage(t.Context()); err != nil || usage.All != 0 {
				t.Errorf("%d bytes are left, and error %v", usage.All, err)
			}
		})
	}
}
