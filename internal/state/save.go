package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"synccenter.dev/synccenter/internal/artifact"
)

// Save replaces the stored state, if it is still the one of the given revision, and answers with the new revision. artifact.ErrConflict
// means that another runner has written a state meanwhile: this one's must not be written, and it must stop.
func (s *State) Save(ctx context.Context, store artifact.Store, revision string) (string, error) {
	next, err := s.save(ctx, store, revision)
	switch {
	case errors.Is(err, artifact.ErrConflict):
		return "", fmt.Errorf("saving the state of owner %q: another runner has saved one since this run began, so this run stops: %w", s.Owner, err)
	case err != nil:
		return "", fmt.Errorf("saving the state of owner %q: %w", s.Owner, err)
	}
	return next, nil
}

func (s *State) save(ctx context.Context, store artifact.Store, revision string) (string, error) {
	scope := artifact.Scope{Owner: s.Owner}
	w, err := artifact.NewWriter(ctx, store, scope, streamOf(s.Identity), revision)
	if err != nil {
		return "", err
	}
	if err := s.write(w.WriteLine); err != nil {
		return "", err
	}
	_, next, err := w.Commit(ctx)
	if err != nil {
		return "", err
	}
	return next, enter(ctx, store, scope, s.Identity)
}

// write gives the header and then every link, a line each, the same bytes for the same state.
func (s *State) write(line func([]byte) error) error {
	data, err := json.Marshal(s.Header)
	if err != nil {
		return fmt.Errorf("encoding the header: %w", err)
	}
	if err := line(data); err != nil {
		return err
	}
	for _, kind := range kinds {
		for link := range s.Links.Sorted(kind) {
			data, err := json.Marshal(link)
			if err != nil {
				return fmt.Errorf("encoding the link of %s %q: %w", link.Kind, link.SourceID, err)
			}
			if err := line(data); err != nil {
				return err
			}
		}
	}
	return nil
}
