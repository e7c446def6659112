package artifact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
)

// ErrNotFound says that there is no such chunk, manifest or stream.
var ErrNotFound = errors.New("not found")

// ErrConflict says that a manifest was replaced by somebody else since it was read: this writer is not the only one and must stop.
var ErrConflict = errors.New("replaced by another writer")

// ErrCorrupt says that what is stored cannot be read as it was written. It is never the answer to a store that cannot be reached.
var ErrCorrupt = errors.New("stored data is damaged")

// ErrNewer says that what is stored was written by a newer version of this program. Whoever meets it changes nothing.
var ErrNewer = errors.New("written by a newer version of Sync Center")

// ErrTooLarge says that a stream would take more bytes than its writer may store.
var ErrTooLarge = errors.New("larger than is allowed")

// ChunkSize is the most raw bytes that one chunk holds: 1,000,000 bytes are 1,333,336 in base64, under etcd's limit of 1.5 MiB.
const ChunkSize = 1_000_000

// Scope says what a stream belongs to: one run, whose streams go with it, or an owner, whose state outlives its runs.
// Exactly one of Run and Owner is set.
type Scope struct {
	// Run is the UID of the run, not its name: a run that is made again under the same name must not meet the streams of the first.
	Run   string
	Owner string
}

// Key is the scope as a part of a name: lower case letters, digits and dashes. It is a hash of 128 bits, for an owner may be any text.
func (s Scope) Key() (string, error) {
	switch {
	case s.Run != "" && s.Owner == "":
		return "run-" + shortHash(s.Run), nil
	case s.Owner != "" && s.Run == "":
		return "owner-" + shortHash(s.Owner), nil
	}
	return "", fmt.Errorf("a scope is either a run or an owner, not run %q and owner %q", s.Run, s.Owner)
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// maxName leaves room in an object name of 253 characters for what a store puts before it.
const maxName = 120

var namePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// CheckName says whether the name of a chunk or a stream is safe in every store: lower case letters, digits and dashes within,
// at most 120 characters.
func CheckName(name string) error {
	if len(name) > maxName || !namePattern.MatchString(name) {
		return fmt.Errorf("%q is no name of a stream or chunk: use lower case letters, digits and dashes, at most %d characters", name, maxName)
	}
	return nil
}

// Store keeps chunks and manifests. Every method takes or gives whole objects; a chunk has at most ChunkSize bytes. A store keeps no
// slice that it was given.
// A store answers with ErrNotFound and ErrConflict as stated; any other error means that it could not be asked, and nothing more.
type Store interface {
	// PutChunk creates a chunk. Writing a chunk that exists with the same bytes succeeds; with other bytes it is ErrConflict.
	PutChunk(ctx context.Context, scope Scope, name string, data []byte) error
	// GetChunk reads a chunk by its name, or answers with ErrNotFound.
	GetChunk(ctx context.Context, scope Scope, name string) ([]byte, error)
	// DeleteChunk removes a chunk. One that is gone already is no error.
	DeleteChunk(ctx context.Context, scope Scope, name string) error

	// GetManifest reads the manifest of a stream and its revision, or answers with ErrNotFound.
	GetManifest(ctx context.Context, scope Scope, stream string) (data []byte, revision string, err error)
	// PutManifest replaces the manifest if its revision is still the given one; an empty revision means that there is none yet.
	// Otherwise it is ErrConflict, unless the manifest already holds exactly these bytes: then an answer was lost and the write was
	// done. It answers with the new revision, which is never empty.
	PutManifest(ctx context.Context, scope Scope, stream string, data []byte, revision string) (string, error)
	// DeleteManifest removes the manifest of a stream. One that is gone already is no error.
	DeleteManifest(ctx context.Context, scope Scope, stream string) error

	// Usage answers how many stored bytes the task and all tasks of the store take, for the budget. It may be slow: ask once a run.
	Usage(ctx context.Context) (Usage, error)
}
