package synctask

import (
	"slices"
	"time"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// action is the one change that a step makes.
type action int

const (
	// doNothing only writes status.
	doNothing action = iota
	// protect puts our finalizer on the task.
	protect
	// makeAccount applies the account of the task's runners.
	makeAccount
	// release takes our finalizer away, and so lets the task go.
	release
	// forget removes some of what a deleted task takes along.
	forget
	// createRun makes the run of a scheduled time.
	createRun
)

const (
	// atOnce is short enough for nobody to notice, and no loop without a pause.
	atOnce = 10 * time.Millisecond
	// soon is how often the end of an execution is looked for, beside the watch.
	soon = 5 * time.Second
	// deletionPatience is how long a deleted task waits for its execution to end,
	// and for what refuses to be removed with it.
	deletionPatience = 2 * time.Minute
)

// step is what happens next, and when to look again; 0 is when something changes.
type step struct {
	action action
	again  time.Duration
	// timing is what the schedule asks for; nil if it is not asked.
	timing *timing
}

// isWhole says whether the status can be written after the step: nothing that
// the next step makes is missing in it.
func (s step) isWhole() bool {
	return s.action == doNothing || s.action == createRun
}

// decide names the one next step of a task.
func decide(o *observed, now time.Time) step {
	protected := slices.Contains(o.task.Finalizers, v1alpha1.Finalizer)
	switch {
	case !o.task.DeletionTimestamp.IsZero() && !protected:
		return step{}
	case !o.task.DeletionTimestamp.IsZero():
		if !o.forgetting.isDone() {
			return step{action: forget, again: atOnce}
		}
		left := o.task.DeletionTimestamp.Add(deletionPatience).Sub(now)
		if o.executing() == nil || left <= 0 {
			return step{action: release}
		}
		return step{again: min(left, soon)}
	case !protected:
		return step{action: protect, again: atOnce}
	case o.accountMissing:
		return step{action: makeAccount, again: atOnce}
	}
	next := step{timing: timingOf(o, now)}
	if !next.timing.start.IsZero() {
		next.action = createRun
	}
	if !next.timing.next.IsZero() {
		next.again = next.timing.next.Sub(now)
	}
	return next
}
