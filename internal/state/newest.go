package state

import (
	"context"
	"errors"
	"fmt"

	"synccenter.dev/synccenter/internal/artifact"
)

// Newest reads the state that an owner's task used last, whatever its ends are. It is for those who look at it: nothing may be planned by it.
// Without any state the error is artifact.ErrNotFound.
func Newest(ctx context.Context, store artifact.Store, owner string) (*State, error) {
	scope := artifact.Scope{Owner: owner}
	known, _, err := loadRegister(ctx, store, scope)
	if err == nil && len(known.States) == 0 {
		err = artifact.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("reading the state of owner %q: %w", owner, err)
	}
	// A run may replace the state while it is read; then the next one is whole.
	for range 3 {
		var found *State
		if found, err = read(ctx, store, scope, streamOf(known.States[0])); err == nil {
			return found, nil
		}
		if !errors.Is(err, artifact.ErrCorrupt) && !errors.Is(err, artifact.ErrNotFound) {
			break
		}
	}
	return nil, fmt.Errorf("reading the state of owner %q: %w", owner, err)
}
