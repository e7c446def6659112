package cli

import (
	"errors"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// The exit codes. Every other error is exitFailed too.
const (
	exitFailed          = 1
	exitPartiallyFailed = 2
	exitCancelled       = 3
	// exitInterrupted is that of a program which a person stopped with Ctrl-C.
	exitInterrupted = 130
)

// exitError is an error with an exit code of its own.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }

func (e *exitError) Unwrap() error { return e.err }

func exitCode(err error) int {
	var exit *exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.code
	}
	return exitFailed
}

// phaseExitCode is the exit code for the way in which a run ended.
func phaseExitCode(phase v1alpha1.Phase) int {
	switch phase {
	case v1alpha1.PhaseSucceeded:
		return 0
	case v1alpha1.PhasePartiallyFailed:
		return exitPartiallyFailed
	case v1alpha1.PhaseCancelled:
		return exitCancelled
	}
	return exitFailed
}
