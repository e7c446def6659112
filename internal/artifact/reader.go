package artifact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Reader gives the raw bytes of a stream. It holds one chunk at a time and needs no closing. What it returns before io.EOF may be
// part of a stream that turns out to be damaged, so a caller acts only on a stream that was read to its end.
type Reader struct {
	content Content
	chunks  *chunkSource
	decoder *zstd.Decoder
	raw     hash.Hash
	read    int64
	stream  string
	err     error
}

// Open begins to read a stream as it is now.
func Open(ctx context.Context, store Store, scope Scope, stream string) (*Reader, error) {
	content, revision, err := Stat(ctx, store, scope, stream)
	if err != nil {
		return nil, err
	}
	chunks := &chunkSource{ctx: ctx, store: store, scope: scope, stream: stream, revision: revision, content: content, rest: content.Inline}
	decoder, err := newDecoder(chunks)
	if err != nil {
		return nil, err
	}
	return &Reader{content: content, chunks: chunks, decoder: decoder, raw: sha256.New(), stream: stream}, nil
}

// newDecoder makes a decompressor that starts no goroutine and never takes more memory than what we write needs.
func newDecoder(r io.Reader) (*zstd.Decoder, error) {
	decoder, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return nil, fmt.Errorf("making a decompressor: %w", err)
	}
	return decoder, nil
}

// Content describes the stream that is being read.
func (r *Reader) Content() Content { return r.content }

// Read gives the next raw bytes. It answers with io.EOF only when everything was read and every digest agrees.
func (r *Reader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.decoder.Read(p)
	r.raw.Write(p[:n])
	r.read += int64(n)
	switch {
	case r.chunks.err != nil:
		r.err = r.chunks.err
	case r.read > r.content.RawBytes:
		r.err = r.corrupt("it has more bytes than its manifest says")
	case errors.Is(err, io.EOF):
		r.err = r.checkWhole()
	case err != nil:
		r.err = r.corrupt(err.Error())
	}
	if r.err != nil {
		r.decoder.Close()
	}
	return n, r.err
}

func (r *Reader) checkWhole() error {
	if r.read != r.content.RawBytes {
		return r.corrupt(fmt.Sprintf("it ends after %d of %d bytes", r.read, r.content.RawBytes))
	}
	if hex.EncodeToString(r.raw.Sum(nil)) != r.content.SHA256 {
		return r.corrupt("its digest is another than its manifest says")
	}
	return io.EOF
}

func (r *Reader) corrupt(why string) error {
	return fmt.Errorf("reading stream %q: %w: %s", r.stream, ErrCorrupt, why)
}

// chunkSource gives the stored bytes of a stream, chunk by chunk, each checked before a byte of it is given on.
type chunkSource struct {
	// An io.Reader has no place for a context, and the reads of a stream belong to one call.
	ctx      context.Context
	store    Store
	scope    Scope
	stream   string
	revision string
	content  Content
	next     int
	rest     []byte
	// err is kept beside what the decompressor makes of it.
	err error
}

func (s *chunkSource) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		if s.next == len(s.content.Chunks) {
			return 0, io.EOF
		}
		if s.rest, s.err = s.fetch(s.content.Chunks[s.next]); s.err != nil {
			return 0, s.err
		}
		s.next++
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *chunkSource) fetch(chunk Chunk) ([]byte, error) {
	data, err := s.store.GetChunk(s.ctx, s.scope, chunk.Name)
	if errors.Is(err, ErrNotFound) {
		return nil, s.missing(chunk)
	}
	if err != nil {
		return nil, fmt.Errorf("reading chunk %q of stream %q: %w", chunk.Name, s.stream, err)
	}
	sum := sha256.Sum256(data)
	if len(data) != chunk.Bytes || hex.EncodeToString(sum[:]) != chunk.SHA256 {
		return nil, fmt.Errorf("reading stream %q: %w: chunk %q is not the one that its manifest names", s.stream, ErrCorrupt, chunk.Name)
	}
	return data, nil
}

// missing tells a stream that was replaced while it was read from one that lost a chunk.
func (s *chunkSource) missing(chunk Chunk) error {
	_, revision, err := s.store.GetManifest(s.ctx, s.scope, s.stream)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("reading the manifest of stream %q: %w", s.stream, err)
	}
	if revision != s.revision {
		return fmt.Errorf("reading stream %q: %w while it was read; read it again", s.stream, ErrConflict)
	}
	return fmt.Errorf("reading stream %q: %w: chunk %q is missing", s.stream, ErrCorrupt, chunk.Name)
}

// maxWhole is the most raw bytes that ReadAll puts into memory.
const maxWhole = 16 << 20

// ReadAll gives a whole small stream.
func ReadAll(ctx context.Context, store Store, scope Scope, stream string) ([]byte, error) {
	r, err := Open(ctx, store, scope, stream)
	if err != nil {
		return nil, err
	}
	if r.content.RawBytes > maxWhole {
		return nil, fmt.Errorf("reading stream %q as a whole: it has %d bytes and %d are the most", stream, r.content.RawBytes, maxWhole)
	}
	return io.ReadAll(r)
}
