package artifact

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// SchemaVersion is the version of manifests, chunks and journal segments.
const SchemaVersion = 1

// Content describes a whole stream.
type Content struct {
	// Version tells one writing of the stream from another.
	Version string `json:"version"`
	// Chunks are the pieces in order. A stream with none is Inline.
	Chunks []Chunk `json:"chunks,omitempty"`
	Inline []byte  `json:"inline,omitempty"`
	// StoredBytes are the compressed bytes, RawBytes those that a reader gets.
	StoredBytes int64 `json:"storedBytes"`
	RawBytes    int64 `json:"rawBytes"`
	// Lines counts the line ends in the raw bytes: the records of a stream of JSON lines.
	Lines int64 `json:"lines"`
	// SHA256 is the digest of the raw bytes, in hex.
	SHA256 string `json:"sha256"`
}

// Chunk is one stored piece of a stream.
type Chunk struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
}

type manifest struct {
	SchemaVersion int    `json:"schemaVersion"`
	Stream        string `json:"stream"`
	// Content is nil until the stream was whole once.
	Content *Content `json:"content,omitempty"`
	// Loose is the one version beside that of Content whose chunks may be stored: it is being written, was never finished, or was
	// replaced and not yet removed.
	Loose string `json:"loose,omitempty"`
}

// Stat describes a stream without reading it and answers with the revision that NewWriter wants. When the stream is not there or
// was never whole it is ErrNotFound, and the revision is good for a writer all the same.
func Stat(ctx context.Context, store Store, scope Scope, stream string) (Content, string, error) {
	m, revision, err := getManifest(ctx, store, scope, stream)
	if err != nil {
		return Content{}, revision, err
	}
	if m.Content == nil {
		return Content{}, revision, fmt.Errorf("stream %q: %w", stream, ErrNotFound)
	}
	return *m.Content, revision, nil
}

func getManifest(ctx context.Context, store Store, scope Scope, stream string) (manifest, string, error) {
	data, revision, err := store.GetManifest(ctx, scope, stream)
	if err != nil {
		return manifest{}, "", fmt.Errorf("reading the manifest of stream %q: %w", stream, err)
	}
	var m manifest
	// The version is looked at first: a newer manifest may have fields of other types.
	var head struct {
		SchemaVersion int `json:"schemaVersion"`
	}
	if err := json.Unmarshal(data, &head); err == nil && head.SchemaVersion > SchemaVersion {
		return manifest{}, revision, newerError(stream, head.SchemaVersion)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return manifest{}, revision, fmt.Errorf("the manifest of stream %q: %w: %v", stream, ErrCorrupt, err)
	}
	if m.SchemaVersion < 1 || m.Stream != stream {
		return manifest{}, revision, fmt.Errorf("the manifest of stream %q: %w: it names stream %q and schema version %d",
			stream, ErrCorrupt, m.Stream, m.SchemaVersion)
	}
	return m, revision, nil
}

func newerError(stream string, version int) error {
	return fmt.Errorf("stream %q has schema version %d and this program knows %d: %w; nothing was changed; update the image and run again",
		stream, version, SchemaVersion, ErrNewer)
}

func putManifest(ctx context.Context, store Store, scope Scope, m manifest, revision string) (string, error) {
	m.SchemaVersion = SchemaVersion
	data, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("encoding the manifest of stream %q: %w", m.Stream, err)
	}
	next, err := store.PutManifest(ctx, scope, m.Stream, data, revision)
	if err != nil {
		return "", fmt.Errorf("writing the manifest of stream %q: %w", m.Stream, err)
	}
	return next, nil
}

func chunkName(stream, version string, index int) string {
	return fmt.Sprintf("%s-%s-%d", stream, version, index)
}

// Delete removes a stream with all its chunks. A stream that is not there is no error, so it can be called again after a crash:
// the manifest first forgets its content, which makes the stream absent at once, and goes last.
func Delete(ctx context.Context, store Store, scope Scope, stream string) error {
	m, revision, err := getManifest(ctx, store, scope, stream)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := sweep(ctx, store, scope, stream, m.Loose); err != nil {
		return err
	}
	if m.Content != nil && len(m.Content.Chunks) > 0 {
		if _, err := putManifest(ctx, store, scope, manifest{Stream: stream, Loose: m.Content.Version}, revision); err != nil {
			return err
		}
		if err := deleteChunks(ctx, store, scope, stream, m.Content.Version, len(m.Content.Chunks)); err != nil {
			return err
		}
	}
	if err := store.DeleteManifest(ctx, scope, stream); err != nil {
		return fmt.Errorf("deleting the manifest of stream %q: %w", stream, err)
	}
	return nil
}

// sweep removes the chunks of a version of which only the name is known. Chunks are written from the first and removed from the last,
// so what is left is always a run of indexes from 0.
func sweep(ctx context.Context, store Store, scope Scope, stream, version string) error {
	if version == "" {
		return nil
	}
	count := 0
	for {
		_, err := store.GetChunk(ctx, scope, chunkName(stream, version, count))
		if errors.Is(err, ErrNotFound) {
			break
		}
		if err != nil {
			return fmt.Errorf("looking for chunks of stream %q that were left over: %w", stream, err)
		}
		count++
	}
	return deleteChunks(ctx, store, scope, stream, version, count)
}

func deleteChunks(ctx context.Context, store Store, scope Scope, stream, version string, count int) error {
	for i := count - 1; i >= 0; i-- {
		if err := store.DeleteChunk(ctx, scope, chunkName(stream, version, i)); err != nil {
			return fmt.Errorf("deleting chunk %d of stream %q: %w", i, stream, err)
		}
	}
	return nil
}
