package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// retryFor is how long an error that passes is tried again. A runner loses its Lease long before.
const retryFor = 2 * time.Minute

// retry calls until it succeeds, fails for good, or has tried for long enough. The delay between two calls grows from half a second to
// ten seconds.
func retry(ctx context.Context, call func() error) error {
	delays := backoff.NewExponentialBackOff()
	delays.MaxInterval = 10 * time.Second
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := call()
		if err != nil && !passes(err) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(delays), backoff.WithMaxElapsedTime(retryFor))
	return err
}

// passes says whether an error may go away by itself. What the server answered decides; without an answer the connection failed.
func passes(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return true
	}
	return apierrors.IsTooManyRequests(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsInternalError(err) || answer.Status().Code >= 500
}
