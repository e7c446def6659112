package state_test

import (
	"context"
	"testing"

	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/folder"
	"synccenter.dev/synccenter/internal/directory"
)

// cut is a store whose process dies after some writes: from then on nothing is stored and every write is an error.
type cut struct {
	artifact.Store
	left int
}

func (c *cut) alive() error {
	c.left--
	if c.left < 0 {
		return errAway
	}
	return nil
}

func (c *cut) PutChunk(ctx context.Context, scope artifact.Scope, name string, data []byte) error {
	if err := c.alive(); err != nil {
		return err
	}
	return c.Store.PutChunk(ctx, scope, name, data)
}

func (c *cut) DeleteChunk(ctx context.Context, scope artifact.Scope, name string) error {
	if err := c.alive(); err != nil {
		return err
	}
	return c.Store.DeleteChunk(ctx, scope, name)
}

func (c *cut) PutManifest(ctx context.Context, scope artifact.Scope, stream string, data []byte, revision string) (string, error) {
	if err := c.alive(); err != nil {
		return "", err
	}
	return c.Store.PutManifest(ctx, scope, stream, data, revision)
}

// TestASaveThatDiesAnywhere cuts a save after each of its writes. What is loaded then is the state before or the one after, whole; and the
// next save leaves nothing of either.
func TestASaveThatDiesAnywhere(t *testing.T) {
	t.Parallel()
	const old, grown = 20_000, 30_000
	before, after := 0, 0
	for writes := 0; ; writes++ {
		store := folder.New(t.TempDir())
		s, revision, _ := load(t, store, ends)
		fill(t, s, old)
		save(t, store, s, revision)
		s, revision, _ = load(t, store, ends)
		fill(t, s, grown)
		dying := &cut{Store: store, left: writes}
		_, err := s.Save(t.Context(), dying, revision)

		next, revision, result := load(t, store, ends)
		switch users := next.Links.Count(directory.User); {
		case result.FirstRun || result.Rebuilt:
			t.Fatalf("cut after %d writes: the state is lost: %+v", writes, result)
		case users == old:
			before++
		case users == grown:
			after++
		default:
			t.Fatalf("cut after %d writes: the state has %d users, want %d or %d", writes, users, old, grown)
		}
		save(t, store, next, revision)
		content, _, statErr := artifact.Stat(t.Context(), store, scope, stream(t, store, ends))
		if statErr != nil {
			t.Fatal(statErr)
		}
		usage, usageErr := store.Usage(t.Context())
		if usageErr != nil {
			t.Fatal(usageErr)
		}
		if manifests := usage.All - content.StoredBytes; manifests > 5000 {
			t.Errorf("cut after %d writes: %d bytes are stored beside the state's %d", writes, manifests, content.StoredBytes)
		}
		if err == nil && dying.left >= 0 {
			break
		}
	}
	// Announcement, two chunks, the swap, and the removal of what was replaced.
	if before < 4 || after < 1 {
		t.Errorf("%d cuts came before the swap and %d after it, so not every place was cut", before, after)
	}
}
