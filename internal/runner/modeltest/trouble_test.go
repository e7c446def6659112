package modeltest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"pgregory.net/rapid"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
)

// trouble is what goes wrong in one attempt. Calls are counted, so that with one operation at a time the same trouble gives the same run.
type trouble struct {
	mu sync.Mutex
	// faults are those of calls to the target, by their number; from some number on the target can be down for good.
	faults map[int]*memory.Fault
	down   int
	calls  int
	life   *life
}

func (d *trouble) decide(call memory.Call) *memory.Fault {
	if d.life != nil {
		if fault := d.life.fault(call); fault != nil {
			return fault
		}
	}
	if call.Method == "Identity" || call.Method == "Schema" {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	if d.down > 0 && d.calls >= d.down {
		return &memory.Fault{Err: fault(connector.Unavailable)}
	}
	found := d.faults[d.calls]
	if found != nil && connector.ClassOf(found.Err) == connector.NotFound && strings.HasPrefix(call.Method, "Delete") {
		return nil // it would be a lie
	}
	return found
}

func fault(class connector.Class) error {
	return &connector.Error{Class: class, Err: fmt.Errorf("the target failed: %s", class)}
}

// randomTrouble draws what goes wrong in an attempt.
func randomTrouble(t *rapid.T) *trouble {
	d := &trouble{faults: map[int]*memory.Fault{}}
	classes := []connector.Class{
		connector.Unavailable, connector.Unavailable, connector.Busy, connector.RateLimited, connector.Permission, connector.NotFound, connector.Conflict, connector.Invalid,
	}
	for range max(0, between(t, -3, 4, "faults")) {
		at := between(t, 3, 50, "at call")
		if oneIn(t, 2, "after its effect") {
			d.faults[at] = &memory.Fault{Err: fault(connector.Unavailable), After: true}
		} else {
			d.faults[at] = &memory.Fault{Err: fault(pick(t, classes, "class"))}
		}
	}
	if between(t, 0, 14, "breaks down") == 0 {
		d.down = between(t, 3, 50, "from call")
	}
	return d
}

// once makes one attempt with all that may happen to it, and reports that the run is over.
func (r *run) once(t *rapid.T) bool {
	d := randomTrouble(t)
	l := &life{at: between(t, 1, 50, "at step"), after: oneIn(t, 2, "after it")}
	d.life, r.store.life, r.reports.life = l, l, l
	r.target.Trouble(d.decide)
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	ending := pick(t, []string{"", "", "", "", "is killed", "is killed", "is asked to leave", "is stopped"}, "the process")
	switch ending {
	case "is killed":
		l.end = kill
	case "is asked to leave":
		l.end = func(*life) { leave() }
	case "is stopped":
		l.end = func(*life) { r.lease.ask("a test") }
	}
	settleOnly := r.attempts > 0 && between(t, 0, 4, "the last attempt") == 0
	t.Logf("attempt %d (settle only: %t): the process %s at step %d (after it: %t); faults at calls %v, down from %d", r.attempts+1, settleOnly, ending, l.at, l.after,
		slices.Sorted(maps.Keys(d.faults)), d.down)
	err := r.attempt(ctx, settleOnly)
	r.target.Trouble(nil)
	r.store.life, r.reports.life = nil, nil
	r.clean = r.clean && len(d.faults) == 0 && d.down == 0 && ending == ""
	switch {
	case err == nil:
		return true
	case l.dead, ctx.Err() != nil:
		return false
	case d.down > 0 || len(d.faults) > 0:
		return false // the end that could not be reached is asked again by the next attempt
	}
	r.Fatalf("attempt %d ended with %v", r.attempts, err)
	return false
}

// randomEnd executes a run to its end, whatever is in its way.
func (r *run) randomEnd(t *rapid.T) {
	r.clean = true
	for r.attempts < 4 {
		if r.once(t) {
			return
		}
	}
	if err := r.attempt(context.Background(), true); err != nil {
		r.Fatalf("the last attempt did not end the run: %v", err)
	}
}
