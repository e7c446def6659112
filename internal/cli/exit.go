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

// errShown says that the output has told already what went wrong.
var errShown = errors.New("the outcome was shown")

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

// phaseExitCodes are the exit codes for the ways in which a run ends.
var phaseExitCodes = map[v1alpha1.Phase]int{
	v1alpha1.PhaseSucceeded:       0,
	v1alpha1.PhasePartiallyFailed: exitPartiallyFailed,
	v1alpha1.PhaseFailed:          exitFailed,
	v1alpha1.PhaseCancelled:       exitCancelled,
}

// phaseExitCode is the exit code for a run that is over. One that ended in no phase of its own was not executed.
func phaseExitCode(phase v1alpha1.Phase) int {
	if code, ok := phaseExitCodes[phase]; ok {
		return code
	}
	return exitFailed
}
