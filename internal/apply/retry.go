package apply

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"

	"synccenter.dev/synccenter/internal/connector"
)

// longestWait is the longest that a server may ask us to wait. One that asks for more is not worth a running pod.
const longestWait = 5 * time.Minute

// passing says whether an error may be gone at the next try.
func passing(err error) bool {
	switch connector.ClassOf(err) {
	case connector.Unavailable, connector.Busy, connector.RateLimited:
		return retryAfter(err) <= longestWait
	case connector.Credentials, connector.Untrusted, connector.Permission, connector.NotFound, connector.Conflict, connector.Invalid, connector.Incomplete:
		return false
	}
	return errors.Is(err, context.DeadlineExceeded)
}

// doubtfulAfter says whether a write that ended with err may have happened all the same.
func doubtfulAfter(err error) bool {
	var in *unsettled
	return errors.As(err, &in) || connector.ClassOf(err) == connector.Unavailable || errors.Is(err, context.DeadlineExceeded)
}

func retryAfter(err error) time.Duration {
	var e *connector.Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

// try does something again and again, with growing pauses, until it succeeds, fails for good or has been tried often enough.
func (a *Applier) try(ctx context.Context, do func() error) error {
	pauses := backoff.NewExponentialBackOff()
	for attempt := 0; ; attempt++ {
		err := do()
		if err == nil || ctx.Err() != nil || !passing(err) || attempt >= a.options.Retries {
			return err
		}
		if err := a.pause(ctx, max(pauses.NextBackOff(), retryAfter(err))); err != nil {
			return err
		}
	}
}

// pause waits, unless applying is to end.
func (a *Applier) pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-a.options.Stop:
		return ErrStopped
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// call makes one call to the target: when the rate allows it, and with the fence's deadline.
func (a *Applier) call(ctx context.Context, do func(context.Context) error) error {
	reservation := a.limiter.Reserve()
	if wait := reservation.Delay(); wait > 0 {
		if err := a.pause(ctx, wait); err != nil {
			reservation.Cancel()
			return err
		}
	}
	deadline := a.options.Fence.Deadline()
	if !time.Now().Before(deadline) {
		return ErrFenced
	}
	callCtx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	return do(callCtx)
}
