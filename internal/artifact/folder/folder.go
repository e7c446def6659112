// Package folder is an artifact store in a folder, for tests and benchmarks: a file a chunk, a file a manifest.
//
// Files appear whole, by rename. Nothing is synced to the disk: what was stored outlives the process, but not a loss of power. One process
// uses a folder at a time; within it a store is safe for concurrent use.
package folder

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"synccenter.dev/synccenter/internal/artifact"
)

// Store keeps artifacts below one folder. It holds those of one task, so the task's usage is that of all.
type Store struct {
	root string
	// mu makes compare-and-swap of a manifest, and the comparison of a chunk, one step.
	mu sync.Mutex
}

var _ artifact.Store = (*Store)(nil)

// New uses the given folder, which need not exist yet.
func New(root string) *Store { return &Store{root: root} }

func (s *Store) path(scope artifact.Scope, kind, name string) (string, error) {
	key, err := scope.Key()
	if err != nil {
		return "", err
	}
	if err := artifact.CheckName(name); err != nil {
		return "", err
	}
	return filepath.Join(s.root, key, kind, name), nil
}

// PutChunk creates a chunk.
func (s *Store) PutChunk(ctx context.Context, scope artifact.Scope, name string, data []byte) error {
	path, err := s.path(scope, "chunks", name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	present, err := read(ctx, path)
	switch {
	case errors.Is(err, artifact.ErrNotFound):
		return write(path, data)
	case err != nil:
		return err
	case !bytes.Equal(present, data):
		return fmt.Errorf("chunk %q: %w", name, artifact.ErrConflict)
	}
	return nil
}

// GetChunk reads a chunk.
func (s *Store) GetChunk(ctx context.Context, scope artifact.Scope, name string) ([]byte, error) {
	path, err := s.path(scope, "chunks", name)
	if err != nil {
		return nil, err
	}
	return read(ctx, path)
}

// DeleteChunk removes a chunk.
func (s *Store) DeleteChunk(ctx context.Context, scope artifact.Scope, name string) error {
	return s.remove(ctx, scope, "chunks", name)
}

// DeleteManifest removes a manifest.
func (s *Store) DeleteManifest(ctx context.Context, scope artifact.Scope, stream string) error {
	return s.remove(ctx, scope, "manifests", stream)
}

func (s *Store) remove(ctx context.Context, scope artifact.Scope, kind, name string) error {
	path, err := s.path(scope, kind, name)
	if err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// GetManifest reads a manifest.
func (s *Store) GetManifest(ctx context.Context, scope artifact.Scope, stream string) ([]byte, string, error) {
	path, err := s.path(scope, "manifests", stream)
	if err != nil {
		return nil, "", err
	}
	return readManifest(ctx, path)
}

// PutManifest replaces a manifest. Its revision is a new word each time, in the first line of the file.
func (s *Store) PutManifest(ctx context.Context, scope artifact.Scope, stream string, data []byte, revision string) (string, error) {
	path, err := s.path(scope, "manifests", stream)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	present, current, err := readManifest(ctx, path)
	if err != nil && !errors.Is(err, artifact.ErrNotFound) {
		return "", err
	}
	if current != revision {
		if current != "" && bytes.Equal(present, data) {
			return current, nil
		}
		return "", fmt.Errorf("manifest %q: %w", stream, artifact.ErrConflict)
	}
	next := rand.Text()
	return next, write(path, append([]byte(next+"\n"), data...))
}

// Usage adds up the sizes of all files.
func (s *Store) Usage(ctx context.Context) (artifact.Usage, error) {
	var total int64
	err := filepath.WalkDir(s.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		total += info.Size()
		return context.Cause(ctx)
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return artifact.Usage{}, fmt.Errorf("adding up the files in %s: %w", s.root, err)
	}
	return artifact.Usage{Task: total, All: total}, nil
}

func readManifest(ctx context.Context, path string) (data []byte, revision string, err error) {
	file, err := read(ctx, path)
	if err != nil {
		return nil, "", err
	}
	head, data, found := bytes.Cut(file, []byte{'\n'})
	if !found {
		return nil, "", fmt.Errorf("%s: %w: it has no revision", path, artifact.ErrCorrupt)
	}
	return data, string(head), nil
}

func read(ctx context.Context, path string) ([]byte, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, artifact.ErrNotFound)
	}
	return data, err
}

// write makes the file appear whole.
func write(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(temp.Name()))
	}
	return nil
}
