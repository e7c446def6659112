package connector

import "context"

// Replicated is a Source of which several servers may have copies. A copy can lag behind, and what it does not have yet must not be taken for gone:
// the engine remembers how far the server of a run was, and demands that the next one is as far.
type Replicated interface {
	// Server is the address of the server that serves now.
	Server() string
	// Position says how far the data of that server are, in words of the connector's own; empty when the server does not say.
	Position(ctx context.Context) (string, error)
	// Reach makes sure that a server serves whose data are at least as far as a position that was told before, and goes over to the next one
	// in the list where that is not so. It is called before anything is read. No such server is an error of class Incomplete that says of each what is wrong.
	Reach(ctx context.Context, position string) error
	// Remarks are sentences about what people should know although all is well: servers that are passed over, parts that are left out.
	Remarks() []string
}
