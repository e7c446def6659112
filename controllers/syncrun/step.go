package syncrun

import (
	"hash/fnv"
	"time"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/runnerjob"
)

// action is the one change that a step makes.
type action int

const (
	// doNothing only writes status.
	doNothing action = iota
	// accept writes the run's own uid into its annotation.
	accept
	// reserve writes the run with its sequence into the task's status.
	reserve
	// saveDefinition stores what the run executes.
	saveDefinition
	// createJob makes the Job of step.attempt.
	createJob
	// deleteJob deletes the newest Job.
	deleteJob
	// requestStop asks the runner to stop at a safe point.
	requestStop
	// expireJobs lets Kubernetes remove the Jobs of a run whose outcome is stored.
	expireJobs
	// putReportAway takes the report of a run whose outcome is stored out of the manager's cache.
	putReportAway
)

// step is what happens next, and how the run looks meanwhile.
type step struct {
	action action
	// attempt is the Job that createJob makes.
	attempt runnerjob.Attempt
	// reason and message are those of the condition Complete.
	reason  v1alpha1.Reason
	message string
	// phase is final if it is set: the run has ended.
	phase v1alpha1.Phase
	// again is when to look again; 0 is when something changes.
	again time.Duration
}

// waits is a step that changes nothing.
func waits(reason v1alpha1.Reason, message string, again time.Duration) step {
	return step{reason: reason, message: message, again: again}
}

// ends is the step that ends a run. What is left to tidy up comes at once.
func ends(phase v1alpha1.Phase, reason v1alpha1.Reason, message string) step {
	return step{phase: phase, reason: reason, message: message, again: atOnce}
}

// does is a step that changes something, after which to look again at once.
func does(action action, reason v1alpha1.Reason, message string) step {
	return step{action: action, reason: reason, message: message, again: atOnce}
}

// rarely is when to look again at a wait that a watch ends, in case it did not:
// half an hour to three quarters. The part between differs from run to run, so
// that a thousand of them are not looked at in one moment.
func rarely(run *v1alpha1.SyncRun) time.Duration {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(run.UID)) // it never fails
	return 30*time.Minute + time.Duration(sum.Sum32()%900)*time.Second
}

// isSilent says whether the step is no news for people, so that the next one
// follows at once: each write of a status is a call to the API server, and so is
// each reading of what is known.
func (s step) isSilent() bool {
	return s.action == accept || s.action == reserve || s.action == saveDefinition
}

// silentSteps is how many of them a run has.
const silentSteps = 3

const (
	// atOnce is short enough for nobody to notice, and no loop without a pause.
	atOnce = 10 * time.Millisecond
	// soon is how often something is looked at that cannot be watched.
	soon = 5 * time.Second
	// sometime is how often something is looked at that a watch tells of in part.
	sometime = time.Minute
	// taskPatience is how long a missing task is waited for.
	taskPatience = 10 * time.Minute
	// maxAttempts ends a run whose Jobs keep disappearing: the last one settles.
	maxAttempts = 10
	// leaseDuration is how long a runner that fell silent may still believe that it holds the Lease.
	leaseDuration = 60 * time.Second
)
