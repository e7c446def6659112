package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/report"
)

// failure ends a run for a reason that people can act on. Nothing was written to the target.
type failure struct {
	reason  v1alpha1.Reason
	message string
}

func (f *failure) Error() string { return f.message }

func (f *failure) outcome(now time.Time) report.Outcome {
	return report.Outcome{Result: report.Failed, Reason: string(f.reason), Message: f.message, EndTime: now}
}

// StopRequest ends a run because somebody asked for it.
type StopRequest struct{ Why string }

func (s *StopRequest) Error() string { return "the run was stopped: " + s.Why }

// errLeaseLost ends an attempt whose right to write is gone.
var errLeaseLost = errors.New("the lease was lost, so somebody else may be writing")

// end names one of the two ends of a task.
type end string

const (
	sourceEnd end = "source"
	targetEnd end = "target"
)

// asFailure says whether an error ends the run for good, and how people are told.
func asFailure(err error) (*failure, bool) {
	var failed *failure
	switch {
	case errors.As(err, &failed):
		return failed, true
	case errors.Is(err, artifact.ErrNewer), errors.Is(err, definition.ErrNewerSchema):
		return &failure{v1alpha1.ReasonNewerSchema, err.Error()}, true
	}
	return nil, false
}

// endFailure makes the error of one end a failure that names the end. The error of a context stays what it is.
func endFailure(which end, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var failed *failure
	if errors.As(err, &failed) {
		return err
	}
	return &failure{endReason(err), fmt.Sprintf("%s: %v", which, err)}
}

// bothEnds makes one error of those of the two ends: where both failed for good, people are told of both, so that they can mend both.
func bothEnds(sourceErr, targetErr error) error {
	var source, target *failure
	if errors.As(sourceErr, &source) && errors.As(targetErr, &target) {
		return &failure{source.reason, source.message + "; " + target.message}
	}
	if sourceErr != nil && targetErr != nil {
		return fmt.Errorf("%w; %w", sourceErr, targetErr)
	}
	return errors.Join(sourceErr, targetErr)
}

// endReason is the reason of the conditions SourceReady and TargetReady for an error.
func endReason(err error) v1alpha1.Reason {
	switch connector.ClassOf(err) {
	case connector.Credentials:
		return v1alpha1.ReasonCredentialsRejected
	case connector.Untrusted:
		return v1alpha1.ReasonUntrustedCert
	case connector.Permission:
		return v1alpha1.ReasonPermissionDenied
	case connector.NotFound:
		return v1alpha1.ReasonBaseNotFound
	case connector.Invalid, connector.Conflict:
		return v1alpha1.ReasonInvalidConnection
	case connector.Incomplete:
		return v1alpha1.ReasonReadIncomplete
	case connector.Unavailable, connector.Busy, connector.RateLimited:
		return v1alpha1.ReasonUnreachable
	}
	return v1alpha1.ReasonReadIncomplete
}
