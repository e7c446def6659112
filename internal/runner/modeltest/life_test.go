package modeltest

import (
	"context"
	"errors"
	"sync"
	"time"

	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/report"
)

// life is that of a process. A step is a write to the store, to the report or to the target: at one of them something may happen, and when
// the process is dead nothing that it tries has any effect. A nil life goes on for ever.
type life struct {
	mu    sync.Mutex
	steps int
	dead  bool
	// at is the step at which end is called: before the step is done, or after it.
	at    int
	after bool
	end   func(*life)
}

var errDead = errors.New("this process was killed")

// kill ends the process.
func kill(l *life) { l.dead = true }

// step does something, if the process still lives, and answers if it lives on.
func (l *life) step(_ string, do func() error) error {
	if l == nil {
		return do()
	}
	if l.happens(false) {
		return errDead
	}
	err := do()
	if l.happens(true) {
		return errDead
	}
	return err
}

// happens lets happen what is due at this moment of the present step, and reports that the process is dead.
func (l *life) happens(after bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !after {
		l.steps++
	}
	if !l.dead && l.end != nil && l.steps == l.at && l.after == after {
		l.end(l)
	}
	return l.dead
}

// fault is what a life does to a call to the target.
func (l *life) fault(call memory.Call) *memory.Fault {
	l.mu.Lock()
	dead := l.dead
	l.mu.Unlock()
	switch {
	case dead:
		return &memory.Fault{Err: errDead}
	case !call.Write:
		return nil
	case l.happens(false):
		return &memory.Fault{Err: errDead}
	case l.happens(true):
		return &memory.Fault{Err: errDead, After: true}
	}
	return nil
}

// reports keeps a report in memory.
type reports struct {
	mu   sync.Mutex
	last *report.Report
	life *life
}

// Last is the newest report.
func (r *reports) Last(context.Context) (*report.Report, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last, nil
}

// Put replaces it.
func (r *reports) Put(_ context.Context, next *report.Report) error {
	return r.life.step("report", func() error {
		r.mu.Lock()
		defer r.mu.Unlock()
		stored := *next
		r.last = &stored
		return nil
	})
}

// lease is one that nobody else wants.
type lease struct {
	stopped, lost chan struct{}
	reason        string
	once          sync.Once
}

func newLease() *lease { return &lease{stopped: make(chan struct{}), lost: make(chan struct{})} }

func (l *lease) Deadline() time.Time           { return time.Now().Add(40 * time.Second) }
func (l *lease) Stopped() <-chan struct{}      { return l.stopped }
func (l *lease) StopReason() string            { return l.reason }
func (l *lease) Lost() <-chan struct{}         { return l.lost }
func (l *lease) Release(context.Context) error { return nil }

// ask asks the run to stop.
func (l *lease) ask(reason string) {
	l.once.Do(func() {
		l.reason = reason
		close(l.stopped)
	})
}
