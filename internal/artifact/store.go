package artifact

import (
	"context"
	"errors"
)

// ErrNotFound says that there is no such chunk or manifest.
var ErrNotFound = errors.New("not found")

// ErrConflict says that a manifest was replaced by somebody else since it was read: this writer is not the only one and must stop.
var ErrConflict = errors.New("replaced by another writer")

// Scope says what a stream belongs to: one run, whose streams go with it, or an owner, whose state outlives its runs.
// Exactly one of Run and Owner is set.
type Scope struct {
	Run   string
	Owner string
}

// Store keeps chunks and manifests. Every method takes or gives whole objects of at most ChunkSize bytes.
type Store interface {
	// PutChunk creates a chunk. Writing a chunk that exists with the same bytes succeeds; with other bytes it is ErrConflict.
	PutChunk(ctx context.Context, scope Scope, name string, data []byte) error
	// GetChunk reads a chunk by its name.
	GetChunk(ctx context.Context, scope Scope, name string) ([]byte, error)
	// DeleteChunk removes a chunk. One that is gone already is no error.
	DeleteChunk(ctx context.Context, scope Scope, name string) error

	// GetManifest reads the manifest of a stream and its revision, or ErrNotFound.
	GetManifest(ctx context.Context, scope Scope, stream string) (data []byte, revision string, err error)
	// PutManifest replaces the manifest if its revision is still the given one; an empty revision means that there is none yet.
	// Otherwise ErrConflict. It answers with the new revision.
	PutManifest(ctx context.Context, scope Scope, stream string, data []byte, revision string) (string, error)
	// DeleteManifest removes the manifest of a stream. One that is gone already is no error.
	DeleteManifest(ctx context.Context, scope Scope, stream string) error

	// Usage answers how many stored bytes the task and all tasks of the store take, for the budget.
	Usage(ctx context.Context) (Usage, error)
}

// ChunkSize is the most raw bytes that one chunk holds: 1,000,000 bytes are 1,333,336 in base64, under etcd's limit of 1.5 MiB.
const ChunkSize = 1_000_000
