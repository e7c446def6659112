package memory

import (
	"context"

	"synccenter.dev/synccenter/internal/directory"
)

// Call is one call of a connection.
type Call struct {
	// Method is the name of the connector's method.
	Method string
	Kind   directory.Kind
	// ID is the entry that is written; empty for reads and creates.
	ID string
	// Write: it is to change something.
	Write bool
}

// Fault is what goes wrong with a call.
type Fault struct {
	Err error
	// After: the call has its effect and only its answer is lost; a read breaks off in the middle.
	After bool
}

// Trouble lets a function decide what goes wrong with each call from now on; nil: nothing does. It is called by one goroutine for each call.
func (d *Directory) Trouble(decide func(Call) *Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.trouble = decide
}

// BreakAfter breaks all connections once so many more entries have been read; a negative number mends them.
func (d *Directory) BreakAfter(entries int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answers = entries
}

// begin says what goes wrong with a call: at once, or when it is done.
func (d *Directory) begin(ctx context.Context, call Call) (later, now error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	decide := d.trouble
	d.mu.Unlock()
	if decide == nil {
		return nil, nil
	}
	switch fault := decide(call); {
	case fault == nil:
		return nil, nil
	case fault.After:
		return fault.Err, nil
	default:
		return nil, fault.Err
	}
}
