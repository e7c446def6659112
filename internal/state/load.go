package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"synccenter.dev/synccenter/internal/artifact"
)

// LoadResult says what kind of state was loaded. At most one of the two is set.
type LoadResult struct {
	// FirstRun: the owner has no state of this source and this target. The state is empty and rightly so.
	FirstRun bool
	// Rebuilt: there was a state and it is lost or cannot be read. The state is empty and must be rebuilt by matching, with links that
	// are Adopted, and removals are held.
	Rebuilt bool
	// Notice says for people what happened, when it is not the ordinary case.
	Notice string
}

// Load reads the state of an owner for one source and one target, and the revision that Save wants. An owner that is pointed at another
// source or target begins with a first run; what was remembered of the ends before is kept and comes back when it is pointed there again.
//
// A state that was lost or damaged is told from one that never was by the owner's register of its states. An error means that nothing is
// known: the store cannot be asked, or the state was written by a newer version (artifact.ErrNewer).
func Load(ctx context.Context, store artifact.Store, owner string, identity Identity) (*State, string, LoadResult, error) {
	scope := artifact.Scope{Owner: owner}
	stream := streamOf(identity)
	_, revision, err := artifact.Stat(ctx, store, scope, stream)
	var loaded *State
	if err == nil {
		loaded, err = read(ctx, store, scope, stream)
	}
	switch {
	case err == nil && (loaded.Owner != owner || loaded.Identity != identity):
		err = fmt.Errorf("%w: it is the state of owner %q", artifact.ErrCorrupt, loaded.Owner)
	case err == nil:
		return loaded, revision, LoadResult{}, nil
	}
	result, err := explain(ctx, store, scope, identity, err)
	if err != nil {
		return nil, "", LoadResult{}, fmt.Errorf("loading the state of owner %q: %w", owner, err)
	}
	return New(owner, identity), revision, result, nil
}

// explain says what it means that the state could not be read, or gives the error on.
func explain(ctx context.Context, store artifact.Store, scope artifact.Scope, identity Identity, cause error) (LoadResult, error) {
	const way = "it is rebuilt by matching and every removal waits for a person"
	if errors.Is(cause, artifact.ErrCorrupt) {
		return LoadResult{Rebuilt: true, Notice: fmt.Sprintf("the state of this task cannot be read (%v); %s", cause, way)}, nil
	}
	if !errors.Is(cause, artifact.ErrNotFound) {
		return LoadResult{}, cause
	}
	known, _, err := loadRegister(ctx, store, scope)
	switch {
	case errors.Is(err, artifact.ErrCorrupt):
		return LoadResult{Rebuilt: true, Notice: fmt.Sprintf("the state of this task is gone and so is the list of its states (%v); %s", err, way)}, nil
	case err != nil:
		return LoadResult{}, err
	case known.has(identity):
		return LoadResult{Rebuilt: true, Notice: "the state of this task is gone; " + way}, nil
	case len(known.States) > 0:
		return LoadResult{FirstRun: true, Notice: "the source or the target is another than in the last run, so this is a first run; " +
			"what is known of the ones before is kept for the day when the task points there again"}, nil
	}
	return LoadResult{FirstRun: true}, nil
}

// read reads a stored state to its end.
func read(ctx context.Context, store artifact.Store, scope artifact.Scope, stream string) (*State, error) {
	reader, err := artifact.Open(ctx, store, scope, stream)
	if err != nil {
		return nil, err
	}
	var s *State
	for line, err := range artifact.Lines(reader) {
		switch {
		case err != nil:
			return nil, err
		case s == nil:
			header, err := decodeHeader(line)
			if err != nil {
				return nil, err
			}
			s = &State{Header: header, Links: NewLinks()}
		default:
			var link Link
			if err := json.Unmarshal(line, &link); err != nil {
				return nil, fmt.Errorf("%w: a link cannot be read: %v", artifact.ErrCorrupt, err)
			}
			if err := s.Links.Put(link); err != nil {
				return nil, fmt.Errorf("%w: %v", artifact.ErrCorrupt, err)
			}
		}
	}
	if s == nil {
		return nil, fmt.Errorf("%w: the state is empty", artifact.ErrCorrupt)
	}
	return s, nil
}

func decodeHeader(line []byte) (Header, error) {
	// The version is looked at first: a newer header may have fields of other types.
	var head struct {
		SchemaVersion int `json:"schemaVersion"`
	}
	if err := json.Unmarshal(line, &head); err == nil && head.SchemaVersion > SchemaVersion {
		return Header{}, fmt.Errorf("the state has schema version %d and this program knows %d: %w; nothing was changed; "+
			"update the image and run again", head.SchemaVersion, SchemaVersion, artifact.ErrNewer)
	}
	var header Header
	if err := json.Unmarshal(line, &header); err != nil {
		return Header{}, fmt.Errorf("%w: the header of the state cannot be read: %v", artifact.ErrCorrupt, err)
	}
	if header.SchemaVersion < 1 || len(header.Salt) == 0 {
		return Header{}, fmt.Errorf("%w: the header of the state has no schema version or no salt", artifact.ErrCorrupt)
	}
	return header, nil
}

// LastSequence is the sequence of the last run that wrote a state of this owner, or 0 when there is none.
func LastSequence(ctx context.Context, store artifact.Store, owner string) (int64, error) {
	scope := artifact.Scope{Owner: owner}
	known, _, err := loadRegister(ctx, store, scope)
	if err != nil || len(known.States) == 0 {
		return 0, err
	}
	reader, err := artifact.Open(ctx, store, scope, streamOf(known.States[0]))
	if errors.Is(err, artifact.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the last sequence of owner %q: %w", owner, err)
	}
	for line, err := range artifact.Lines(reader) {
		if err != nil {
			return 0, fmt.Errorf("reading the last sequence of owner %q: %w", owner, err)
		}
		header, err := decodeHeader(line)
		return header.LastSequence, err
	}
	return 0, nil
}
