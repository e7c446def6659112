package apply

import (
	"errors"
	"fmt"
	"sync"

	"synccenter.dev/synccenter/internal/connector"
)

// refusalsInARow is how many operations may fail for a missing right, with none succeeding between, before the rest is given up.
const refusalsInARow = 50

// breaker gives up the rest of a plan when going on would only hammer a target that cannot answer: when an operation failed beyond its
// retries because the server cannot be reached or is busy, and nothing succeeded since it was begun; when the login is refused or the server
// cannot be trusted; or when a right is missing many times in a row. An entry that fails for a reason of its own opens nothing.
type breaker struct {
	mu        sync.Mutex
	sentence  string
	successes int
	refused   int
}

func (b *breaker) opened() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sentence
}

// begin answers how many calls have succeeded so far.
func (b *breaker) begin() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.successes
}

// end looks at the end of an operation that began when so many calls had succeeded.
func (b *breaker) end(begun int, err error) {
	var refused *refusal
	if errors.As(err, &refused) || errors.Is(err, ErrStopped) || errors.Is(err, ErrFenced) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	class := connector.ClassOf(err)
	switch {
	case err == nil:
		b.successes++
		b.refused = 0
	case class == connector.Permission:
		if b.refused++; b.refused >= refusalsInARow {
			b.open(fmt.Errorf("%d operations in a row were refused: %w", b.refused, err))
		}
	case class == connector.Credentials, class == connector.Untrusted:
		b.open(err)
	case class == connector.Unavailable, class == connector.Busy, class == connector.RateLimited:
		if b.successes == begun {
			b.open(err)
		}
	}
}

func (b *breaker) open(err error) {
	if b.sentence == "" {
		b.sentence = fmt.Sprintf("the rest of the plan was given up, since the target could not go on: %v", err)
	}
}
