// Package cluster is the artifact store that needs nothing but Kubernetes: each chunk and each manifest is a SyncArtifact in the namespace
// of the task. What belongs to a run is owned by it and goes with it; what belongs to an owner stays.
//
// The package also carries the report of a runner to the manager, in a SyncArtifact of its own.
package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
)

// Options say where a store is and on whose behalf it writes.
type Options struct {
	// Client reads and writes the API server itself. A cache must not stand between: it would keep every chunk in memory.
	Client    client.Client
	Namespace string
	// Task is the name of the task, for the labels and the budget.
	Task string
	// Writer is the run that writes. A store that only reads needs none.
	Writer v1alpha1.ArtifactWriter
	// Inspection is set when the writer is no run but a look at the directories of the task.
	Inspection *InspectionOf
}

// InspectionOf says what is looked for, and whose directories are looked at.
type InspectionOf struct {
	Kind    string
	TaskUID types.UID
}

// Store keeps artifacts as SyncArtifacts. It is safe for concurrent use.
//
// Errors that pass (a server that is away, too many requests, a time-out) are tried again for two minutes, within the context.
type Store struct {
	options Options
}

var _ artifact.Store = (*Store)(nil)

// New makes a store. It asks the API server nothing.
func New(options Options) *Store { return &Store{options: options} }

// PutChunk creates a chunk.
func (s *Store) PutChunk(ctx context.Context, scope artifact.Scope, name string, data []byte) error {
	object, err := s.object(scope, v1alpha1.ArtifactChunk, name, data)
	if err != nil {
		return err
	}
	_, err = s.create(ctx, object)
	return err
}

// GetChunk reads a chunk.
func (s *Store) GetChunk(ctx context.Context, scope artifact.Scope, name string) ([]byte, error) {
	object, err := s.get(ctx, scope, v1alpha1.ArtifactChunk, name)
	if err != nil {
		return nil, err
	}
	return object.Data, nil
}

// DeleteChunk removes a chunk.
func (s *Store) DeleteChunk(ctx context.Context, scope artifact.Scope, name string) error {
	return s.delete(ctx, scope, v1alpha1.ArtifactChunk, name)
}

// GetManifest reads a manifest. Its revision is the resourceVersion.
func (s *Store) GetManifest(ctx context.Context, scope artifact.Scope, stream string) ([]byte, string, error) {
	object, err := s.get(ctx, scope, v1alpha1.ArtifactManifest, stream)
	if err != nil {
		return nil, "", err
	}
	return object.Data, object.ResourceVersion, nil
}

// PutManifest replaces a manifest.
func (s *Store) PutManifest(ctx context.Context, scope artifact.Scope, stream string, data []byte, revision string) (string, error) {
	object, err := s.object(scope, v1alpha1.ArtifactManifest, stream, data)
	if err != nil {
		return "", err
	}
	if revision == "" {
		return s.create(ctx, object)
	}
	object.ResourceVersion = revision
	return s.update(ctx, object)
}

// DeleteManifest removes a manifest.
func (s *Store) DeleteManifest(ctx context.Context, scope artifact.Scope, stream string) error {
	return s.delete(ctx, scope, v1alpha1.ArtifactManifest, stream)
}

// create makes an object and answers with its resourceVersion. One that is there already with the same data was made by a request whose
// answer was lost.
func (s *Store) create(ctx context.Context, object *v1alpha1.SyncArtifact) (string, error) {
	err := retry(ctx, func() error { return s.options.Client.Create(ctx, object) })
	switch {
	case err == nil:
		return object.ResourceVersion, nil
	case apierrors.IsAlreadyExists(err):
		return s.compare(ctx, object)
	}
	return "", fmt.Errorf("creating SyncArtifact %s: %w", client.ObjectKeyFromObject(object), err)
}

func (s *Store) update(ctx context.Context, object *v1alpha1.SyncArtifact) (string, error) {
	err := retry(ctx, func() error { return s.options.Client.Update(ctx, object) })
	switch {
	case err == nil:
		return object.ResourceVersion, nil
	case apierrors.IsConflict(err) || apierrors.IsNotFound(err):
		return s.compare(ctx, object)
	}
	return "", fmt.Errorf("replacing SyncArtifact %s: %w", client.ObjectKeyFromObject(object), err)
}

// compare answers with the resourceVersion of the stored object if it has the data of this one.
func (s *Store) compare(ctx context.Context, object *v1alpha1.SyncArtifact) (string, error) {
	key := client.ObjectKeyFromObject(object)
	stored, err := s.read(ctx, key)
	if errors.Is(err, artifact.ErrNotFound) || (err == nil && !bytes.Equal(stored.Data, object.Data)) {
		return "", fmt.Errorf("SyncArtifact %s: %w", key, artifact.ErrConflict)
	}
	if err != nil {
		return "", err
	}
	return stored.ResourceVersion, nil
}

func (s *Store) get(ctx context.Context, scope artifact.Scope, kind v1alpha1.ArtifactType, name string) (*v1alpha1.SyncArtifact, error) {
	object, err := objectName(scope, kind, name)
	if err != nil {
		return nil, err
	}
	return s.read(ctx, client.ObjectKey{Namespace: s.options.Namespace, Name: object})
}

func (s *Store) read(ctx context.Context, key client.ObjectKey) (*v1alpha1.SyncArtifact, error) {
	object := &v1alpha1.SyncArtifact{}
	err := retry(ctx, func() error { return s.options.Client.Get(ctx, key, object) })
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("SyncArtifact %s: %w", key, artifact.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("reading SyncArtifact %s: %w", key, err)
	}
	return object, nil
}

func (s *Store) delete(ctx context.Context, scope artifact.Scope, kind v1alpha1.ArtifactType, name string) error {
	object, err := objectName(scope, kind, name)
	if err != nil {
		return err
	}
	gone := &v1alpha1.SyncArtifact{ObjectMeta: metav1.ObjectMeta{Namespace: s.options.Namespace, Name: object}}
	err = retry(ctx, func() error { return client.IgnoreNotFound(s.options.Client.Delete(ctx, gone)) })
	if err != nil {
		return fmt.Errorf("deleting SyncArtifact %s: %w", client.ObjectKeyFromObject(gone), err)
	}
	return nil
}

// pageSize is how many objects one page of a list has.
const pageSize = 500

// Usage adds up what the objects of the namespace say of their size. It lists their metadata alone; the data stays on the server. "All" is
// all of this namespace, since a runner sees no other. What inspections keep is no usage.
func (s *Store) Usage(ctx context.Context) (artifact.Usage, error) {
	var usage artifact.Usage
	err := Visit(ctx, s.options.Client, s.options.Namespace, func(item Item) {
		if item.Inspection {
			return
		}
		usage.All += item.Bytes
		if item.Task == s.options.Task {
			usage.Task += item.Bytes
		}
	})
	return usage, err
}

// storedBytes is what an object says of its size. One that says nothing is taken to be as large as it may be.
func storedBytes(annotations map[string]string) int64 {
	size, err := strconv.ParseInt(annotations[annotationStoredBytes], 10, 64)
	if err != nil || size < 0 {
		return artifact.ChunkSize
	}
	return size
}
