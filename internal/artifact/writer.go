package artifact

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// inlineSize is the most stored bytes that a manifest carries itself. They are in base64 twice, once in the manifest's JSON and once in
// the object's.
const inlineSize = 256 << 10

// Writer writes one stream. Nobody sees it before Commit; a writer that is dropped leaves at most chunks that the next one removes.
// It is not safe for concurrent use.
type Writer struct {
	// An io.Writer has no place for a context, and the writes of a stream belong to one call.
	ctx      context.Context
	store    Store
	scope    Scope
	stream   string
	revision string
	limit    int64

	encoder *zstd.Encoder
	raw     hash.Hash
	content Content
	// replaced is what the stream held before; it is known once the version is announced.
	replaced  *Content
	announced bool
	buffer    []byte
}

// NewWriter begins to write a stream in place of what has the given revision (see Stat), or anew when the revision is empty.
func NewWriter(ctx context.Context, store Store, scope Scope, stream, revision string) (*Writer, error) {
	if err := CheckName(stream); err != nil {
		return nil, err
	}
	w := &Writer{ctx: ctx, store: store, scope: scope, stream: stream, revision: revision, limit: math.MaxInt64, raw: sha256.New()}
	w.content.Version = strings.ToLower(rand.Text())
	encoder, err := zstd.NewWriter((*chunkSink)(w), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithZeroFrames(true))
	if err != nil {
		return nil, fmt.Errorf("making a compressor: %w", err)
	}
	w.encoder = encoder
	return w, nil
}

// Limit makes the writer refuse, with ErrTooLarge, to store more bytes than that. Delete removes what it has stored then.
func (w *Writer) Limit(bytes int64) { w.limit = bytes }

// Write compresses and stores the bytes.
func (w *Writer) Write(data []byte) (int, error) {
	n, err := w.encoder.Write(data)
	w.raw.Write(data[:n])
	w.content.RawBytes += int64(n)
	w.content.Lines += int64(bytes.Count(data[:n], []byte{'\n'}))
	if err != nil {
		return n, fmt.Errorf("writing stream %q: %w", w.stream, err)
	}
	return n, nil
}

// WriteLine writes the bytes and a line end. It refuses what Lines could not read back.
func (w *Writer) WriteLine(line []byte) error {
	if err := checkLine(line); err != nil {
		return fmt.Errorf("writing stream %q: %w", w.stream, err)
	}
	if _, err := w.Write(line); err != nil {
		return err
	}
	_, err := w.Write([]byte{'\n'})
	return err
}

// Commit stores the rest and makes the stream whole: from now on it is what readers get. It answers with what was stored and the new
// revision. ErrConflict means that another writer was first; what this one had stored is removed again.
func (w *Writer) Commit(ctx context.Context) (Content, string, error) {
	w.ctx = ctx
	if err := w.encoder.Close(); err != nil {
		return Content{}, "", fmt.Errorf("writing the end of stream %q: %w", w.stream, err)
	}
	if err := w.fits(len(w.buffer)); err != nil {
		return Content{}, "", err
	}
	w.content.SHA256 = hex.EncodeToString(w.raw.Sum(nil))
	if len(w.content.Chunks) == 0 && len(w.buffer) <= inlineSize {
		w.content.Inline = w.buffer
		w.content.StoredBytes = int64(len(w.buffer))
	} else if err := w.flush(len(w.buffer)); err != nil {
		return Content{}, "", err
	}
	revision, err := w.finish(ctx)
	if errors.Is(err, ErrConflict) {
		return Content{}, "", errors.Join(err, deleteChunks(ctx, w.store, w.scope, w.stream, w.content.Version, len(w.content.Chunks)))
	}
	return w.content, revision, err
}

// finish swaps the manifest and then removes what it replaced.
func (w *Writer) finish(ctx context.Context) (string, error) {
	if !w.announced {
		if err := w.prepare(); err != nil {
			return "", err
		}
	}
	m := manifest{Stream: w.stream, Content: &w.content}
	if w.replaced != nil && len(w.replaced.Chunks) > 0 {
		m.Loose = w.replaced.Version
	}
	revision, err := putManifest(ctx, w.store, w.scope, m, w.revision)
	if err != nil {
		return "", err
	}
	if m.Loose != "" {
		// The stream is whole whatever comes of this. Chunks that stay are named by Loose, and the next writer removes them.
		_ = deleteChunks(ctx, w.store, w.scope, w.stream, m.Loose, len(w.replaced.Chunks))
	}
	return revision, nil
}

// prepare looks at what is to be replaced and removes what an earlier writer left over.
func (w *Writer) prepare() error {
	if w.revision == "" {
		return nil
	}
	m, revision, err := getManifest(w.ctx, w.store, w.scope, w.stream)
	switch {
	case errors.Is(err, ErrNotFound) || (err == nil && revision != w.revision):
		return fmt.Errorf("replacing stream %q: %w", w.stream, ErrConflict)
	case errors.Is(err, ErrCorrupt):
		// What a damaged manifest named cannot be found by name any more. The stream itself can be written again.
		return nil
	case err != nil:
		return err
	}
	w.replaced = m.Content
	return sweep(w.ctx, w.store, w.scope, w.stream, m.Loose)
}

// announce notes the version in the manifest before its first chunk is stored, so that the chunks can be found if this writer dies.
func (w *Writer) announce() error {
	if err := w.prepare(); err != nil {
		return err
	}
	m := manifest{Stream: w.stream, Content: w.replaced, Loose: w.content.Version}
	revision, err := putManifest(w.ctx, w.store, w.scope, m, w.revision)
	if err != nil {
		return err
	}
	w.revision, w.announced = revision, true
	return nil
}

// fits says whether so many more bytes are within the limit.
func (w *Writer) fits(size int) error {
	if w.content.StoredBytes+int64(size) > w.limit {
		return fmt.Errorf("storing more than %d bytes of stream %q: %w", w.limit, w.stream, ErrTooLarge)
	}
	return nil
}

// flush stores the first bytes of the buffer as a chunk.
func (w *Writer) flush(size int) error {
	if err := w.fits(size); err != nil {
		return err
	}
	if !w.announced {
		if err := w.announce(); err != nil {
			return err
		}
	}
	name := chunkName(w.stream, w.content.Version, len(w.content.Chunks))
	data := w.buffer[:size]
	if err := w.store.PutChunk(w.ctx, w.scope, name, data); err != nil {
		return fmt.Errorf("storing chunk %q: %w", name, err)
	}
	sum := sha256.Sum256(data)
	w.content.Chunks = append(w.content.Chunks, Chunk{Name: name, SHA256: hex.EncodeToString(sum[:]), Bytes: size})
	w.content.StoredBytes += int64(size)
	w.buffer = append(w.buffer[:0], w.buffer[size:]...)
	return nil
}

// chunkSink is the end of the writer that takes compressed bytes.
type chunkSink Writer

func (s *chunkSink) Write(data []byte) (int, error) {
	w := (*Writer)(s)
	w.buffer = append(w.buffer, data...)
	for len(w.buffer) > ChunkSize {
		if err := w.flush(ChunkSize); err != nil {
			return 0, err
		}
	}
	return len(data), nil
}
