package connector

import (
	"context"

	"synccenter.dev/synccenter/internal/directory"
)

// Mover is a Target in which entries are named by their places, so that a move is not over before what names the entry has followed.
type Mover interface {
	// Follow says which fields the task uses, to a process that goes on with a plan and has read nothing: those among them that name others follow moves.
	Follow(ctx context.Context, kind directory.Kind, fields []string) error
	// FinishMove brings a move to its end that was done by a process which may have died before it came to that. Doing it again changes nothing.
	FinishMove(ctx context.Context, kind directory.Kind, id string, before Former) error
}

// Former is where an entry stood before a move, as far as the move changed it.
type Former struct {
	// Name is the value that named it; empty when that is as before.
	Name string
	// Parent is the target ID of the department that it stood below, empty for the base; nil when that is as before.
	Parent *string
}
