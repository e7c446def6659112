package artifacttest

import (
	"context"
	"errors"

	"synccenter.dev/synccenter/internal/artifact"
)

// WriteAll replaces a stream by the given bytes, whoever wrote it before.
func WriteAll(ctx context.Context, store artifact.Store, scope artifact.Scope, stream string, data []byte) (artifact.Content, error) {
	_, revision, err := artifact.Stat(ctx, store, scope, stream)
	if err != nil && !errors.Is(err, artifact.ErrNotFound) {
		return artifact.Content{}, err
	}
	w, err := artifact.NewWriter(ctx, store, scope, stream, revision)
	if err != nil {
		return artifact.Content{}, err
	}
	if _, err := w.Write(data); err != nil {
		return artifact.Content{}, err
	}
	content, _, err := w.Commit(ctx)
	return content, err
}
