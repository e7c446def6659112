package apply

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"synccenter.dev/synccenter/internal/plan"
)

const (
	// flushEvery is how long an outcome may be known to this process alone.
	flushEvery = 10 * time.Second
	// window is how many operations may be begun between two flushes of the journal: so many may be in doubt after a crash.
	window = 5000
)

// Journal makes outcomes durable.
type Journal interface {
	// Append adds outcomes, and allows the operations up to issuedThrough to be begun.
	Append(ctx context.Context, outcomes []Outcome, issuedThrough int) error
}

// Past is what the journal of earlier attempts holds.
type Past struct {
	Outcomes []Outcome
	// IssuedThrough is the highest index that may have been begun; -1 when none was.
	IssuedThrough int
}

// Ledger holds the outcome of each operation, and puts them into the journal. It is safe for concurrent use.
type Ledger struct {
	journal Journal
	// inherited is the highest index that an earlier attempt may have begun.
	inherited int

	// flushing is held while the journal is written, so that flushes do not overtake each other.
	flushing sync.Mutex

	mu       sync.Mutex
	outcomes []Outcome
	done     int
	begun    map[int]struct{}
	unsaved  []Outcome
	next     int
	issued   int
	broken   error
}

// NewLedger makes a ledger that begins with what earlier attempts left.
func NewLedger(journal Journal, past Past) *Ledger {
	l := &Ledger{journal: journal, inherited: past.IssuedThrough, issued: -1, begun: map[int]struct{}{}}
	for _, outcome := range past.Outcomes {
		l.set(outcome)
	}
	return l
}

// Outcome is that of an operation, if it has one.
func (l *Ledger) Outcome(index int) (Outcome, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if index < 0 || index >= len(l.outcomes) || l.outcomes[index].Status == "" {
		return Outcome{Status: plan.Planned}, false
	}
	return l.outcomes[index], true
}

// succeeded says whether an operation was done.
func (l *Ledger) succeeded(index int) bool {
	outcome, _ := l.Outcome(index)
	return outcome.Status == plan.Succeeded
}

// Done is how many operations have an outcome.
func (l *Ledger) Done() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.done
}

// doubtful says whether an operation without an outcome may have been done.
func (l *Ledger) doubtful(index int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, begun := l.begun[index]
	return begun || index <= l.inherited
}

// begin notes that an operation is under way, and says whether it may have been done before.
func (l *Ledger) begin(index int) (doubtful bool) {
	doubtful = l.doubtful(index)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun[index] = struct{}{}
	return doubtful
}

// put enters an outcome.
func (l *Ledger) put(outcome Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.set(outcome)
	delete(l.begun, outcome.Index)
	l.unsaved = append(l.unsaved, outcome)
}

func (l *Ledger) set(outcome Outcome) {
	for len(l.outcomes) <= outcome.Index {
		l.outcomes = append(l.outcomes, Outcome{})
	}
	if l.outcomes[outcome.Index].Status == "" {
		l.done++
	}
	l.outcomes[outcome.Index] = outcome
}

// permit returns when an operation may be begun: the journal says beforehand how far this process may come.
func (l *Ledger) permit(ctx context.Context, index int) error {
	l.mu.Lock()
	l.next = max(l.next, index)
	allowed := index <= l.issued
	l.mu.Unlock()
	if allowed {
		return nil
	}
	return l.flush(ctx, true)
}

// Flush puts all outcomes so far into the journal.
func (l *Ledger) Flush(ctx context.Context) error { return l.flush(ctx, false) }

func (l *Ledger) flush(ctx context.Context, further bool) error {
	l.flushing.Lock()
	defer l.flushing.Unlock()
	l.mu.Lock()
	outcomes, issued, broken := l.unsaved, l.issued, l.broken
	if further || len(outcomes) > 0 && issued >= 0 {
		issued = l.next + window - 1
	}
	l.unsaved = nil
	l.mu.Unlock()
	if broken != nil {
		return broken
	}
	if !further && len(outcomes) == 0 {
		return nil
	}
	err := l.journal.Append(ctx, outcomes, max(issued, l.inherited))
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.broken = fmt.Errorf("writing the journal: %w", err)
		return l.broken
	}
	l.issued = issued
	return nil
}

// keep flushes the journal from time to time until done is closed.
func (l *Ledger) keep(ctx context.Context, done <-chan struct{}) error {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return nil // whoever ended it says why
		case <-ticker.C:
			if err := l.Flush(ctx); err != nil {
				return err
			}
		}
	}
}

// GiveUp enters an outcome for every operation that has none, without asking anybody: what may have been begun stays in doubt, the rest was
// not reached. The sentence says why.
func GiveUp(ledger *Ledger, operations iter.Seq2[plan.Operation, error], sentence string, now func() time.Time) error {
	for operation, err := range operations {
		if err != nil {
			return err
		}
		if _, ok := ledger.Outcome(operation.Index); ok {
			continue
		}
		outcome := Outcome{Index: operation.Index, Status: plan.Skipped, Reason: ReasonNotReached, Message: sentence, Time: now()}
		if ledger.begin(operation.Index) {
			outcome.Status, outcome.Reason = plan.Failed, ReasonInDoubt
			outcome.Message = sentence + "; whether this was done is not known: the next run compares and puts it right"
		}
		if hasTemporary(&operation, ledger) {
			outcome = leftTemporary(outcome, "since the target could not be asked to give the one of before back")
		}
		ledger.put(outcome)
	}
	return nil
}
