package state

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"synccenter.dev/synccenter/internal/artifact"
)

// register lists the states of an owner, the one in use first. It tells a state that was lost from one that never was.
type register struct {
	SchemaVersion int        `json:"schemaVersion"`
	States        []Identity `json:"states"`
}

const registerStream = "states"

// keepStates is how many pairs of source and target an owner remembers.
const keepStates = 3

func (r register) has(identity Identity) bool { return slices.Contains(r.States, identity) }

// streamOf names the stream of the state for one source and one target.
func streamOf(identity Identity) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s", len(identity.Source), identity.Source, identity.Target))
	return "state-" + hex.EncodeToString(sum[:16])
}

// loadRegister reads the register and its revision. One that is not there yet is empty.
func loadRegister(ctx context.Context, store artifact.Store, scope artifact.Scope) (register, string, error) {
	_, revision, err := artifact.Stat(ctx, store, scope, registerStream)
	if errors.Is(err, artifact.ErrNotFound) {
		return register{}, revision, nil
	}
	if err != nil {
		return register{}, revision, err
	}
	data, err := artifact.ReadAll(ctx, store, scope, registerStream)
	if err != nil {
		return register{}, revision, err
	}
	var r register
	if err := json.Unmarshal(data, &r); err != nil {
		return register{}, revision, fmt.Errorf("%w: the list of states cannot be read: %v", artifact.ErrCorrupt, err)
	}
	if r.SchemaVersion > SchemaVersion {
		return register{}, revision, fmt.Errorf("the list of states has schema version %d and this program knows %d: %w; update the image and run again",
			r.SchemaVersion, SchemaVersion, artifact.ErrNewer)
	}
	return r, revision, nil
}

// enter makes the given state the first of the register, and removes states that have not been used for too long.
func enter(ctx context.Context, store artifact.Store, scope artifact.Scope, identity Identity) error {
	known, revision, err := loadRegister(ctx, store, scope)
	if err != nil && !errors.Is(err, artifact.ErrCorrupt) {
		return err
	}
	if len(known.States) > 0 && known.States[0] == identity {
		return nil
	}
	others := slices.DeleteFunc(known.States, func(i Identity) bool { return i == identity })
	next := append([]Identity{identity}, others...)
	for len(next) > keepStates {
		last := len(next) - 1
		if err := artifact.Delete(ctx, store, scope, streamOf(next[last])); err != nil {
			return err
		}
		next = next[:last]
	}
	data, err := json.Marshal(register{SchemaVersion: SchemaVersion, States: next})
	if err != nil {
		return fmt.Errorf("encoding the list of states: %w", err)
	}
	w, err := artifact.NewWriter(ctx, store, scope, registerStream, revision)
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return err
	}
	_, _, err = w.Commit(ctx)
	return err
}
