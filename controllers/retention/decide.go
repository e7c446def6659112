package retention

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/definition"
)

// extent is how much of a run goes.
type extent int

const (
	// plainRecords become a number.
	plainRecords extent = iota
	// details go, and the run stays with its counts.
	details
	// whole: the object goes, and with it all that it owns.
	whole
)

// loss is what a run loses, and why.
type loss struct {
	run    *v1alpha1.SyncRun
	extent extent
	reason v1alpha1.Reason
	// message is for the people who miss the details.
	message string
}

// verdict is what goes now, and when to look again; zero is when something changes.
type verdict struct {
	losses []loss
	again  time.Time
}

// soon is when to look again for what another controller is about to write.
const soon = 5 * time.Second

// decide names what goes by the rules of the task's history, the oldest first.
func decide(o *observed, now time.Time) verdict {
	history := definition.Resolve(&o.task.Spec).History
	s := &sieve{observed: o, last: o.lastRun(), newestRecords: o.newestRecords(), now: now, found: map[types.UID]loss{}}
	executed, refused := s.sort()
	counted, countedRefused := executed, refused
	if history.AutomaticRuns == v1alpha1.AutomaticRunsLatest {
		counted, countedRefused = s.automatic(executed, refused)
	}
	var succeeded, failed []*v1alpha1.SyncRun
	for _, run := range counted {
		if run.Status.Phase == v1alpha1.PhaseSucceeded {
			succeeded = append(succeeded, run)
		} else {
			failed = append(failed, run)
		}
	}
	s.byNumber(succeeded, int(*history.Limit), fmt.Sprintf("history.limit of the task keeps %d succeeded runs.", *history.Limit))
	const ofFailed = "history.failedLimit of the task keeps %d runs that did not succeed."
	s.byNumber(failed, int(*history.FailedLimit), fmt.Sprintf(ofFailed, *history.FailedLimit))
	s.byNumber(countedRefused, int(*history.FailedLimit), fmt.Sprintf(ofFailed, *history.FailedLimit))
	if history.TTL != nil {
		s.byAge(slices.Concat(executed, refused), history.TTL.Duration)
	}
	if history.NoUpdate != v1alpha1.NoUpdateAll {
		s.plain(executed, history.NoUpdate == v1alpha1.NoUpdateCount)
	}
	return verdict{losses: s.losses(), again: s.again}
}

// sieve gathers what goes.
type sieve struct {
	*observed
	last, newestRecords types.UID
	now                 time.Time
	found               map[types.UID]loss
	again               time.Time
}

// sort gives the runs that the rules are about, the newest first: those that
// were executed, and those that ended before they got so far.
func (s *sieve) sort() (executed, refused []*v1alpha1.SyncRun) {
	for _, run := range slices.SortedFunc(slices.Values(s.runs), newestFirst) {
		switch {
		case isSafe(run, s.named, s.now):
		case wasExecuted(run):
			executed = append(executed, run)
		default:
			refused = append(refused, run)
		}
	}
	return executed, refused
}

// isSafe says whether no rule is about a run: it goes on, somebody wants it to
// stay, or something will be done with what it stored.
func isSafe(run *v1alpha1.SyncRun, named map[types.UID]bool, now time.Time) bool {
	plan := run.Status.Plan
	hasValidPlan := plan != nil && plan.Expires != nil && plan.Expires.After(now)
	return !isComplete(run) || !run.DeletionTimestamp.IsZero() || isKept(run) || named[run.UID] || hasValidPlan
}

// automatic leaves one record of each automatic mode, that of the last
// execution, and the last records whatever has failed since, and gives the runs that are no such record. A run that was refused
// is no execution and takes nobody's place; it goes when the next one ends.
func (s *sieve) automatic(executed, refused []*v1alpha1.SyncRun) (others, othersRefused []*v1alpha1.SyncRun) {
	const message = "history.automaticRuns of the task keeps the latest run of this mode."
	latest, latestRefused := map[string]*v1alpha1.SyncRun{}, map[string]bool{}
	for _, run := range executed {
		mode := modeOf(run)
		switch {
		case mode == "":
			others = append(others, run)
		case latest[mode] == nil:
			latest[mode] = run
		case run.UID == s.newestRecords: // those after it had nothing to record
		default:
			s.lose(run, v1alpha1.ReasonLimitReached, message)
		}
	}
	for _, run := range refused {
		mode := modeOf(run)
		execution := latest[mode]
		switch {
		case mode == "":
			othersRefused = append(othersRefused, run)
		case latestRefused[mode] || (execution != nil && run.CreationTimestamp.Before(&execution.CreationTimestamp)):
			s.lose(run, v1alpha1.ReasonLimitReached, message)
		default:
			latestRefused[mode] = true
		}
	}
	return others, othersRefused
}

// byNumber lets those go that come after the newest ones. Whatever the number,
// the last run and the last records stay.
func (s *sieve) byNumber(runs []*v1alpha1.SyncRun, limit int, message string) {
	for i, run := range runs {
		if i >= limit && run.UID != s.newestRecords {
			s.lose(run, v1alpha1.ReasonLimitReached, message)
		}
	}
}

// byAge lets those go that ended too long ago, but for the last run: records, with
// the names of people in them, are not kept for longer because later runs have none.
func (s *sieve) byAge(runs []*v1alpha1.SyncRun, ttl time.Duration) {
	for _, run := range runs {
		end := endOf(run).Add(ttl)
		switch {
		case run.UID == s.last || !(mayGo(run) || hasDetails(run)):
		case end.After(s.now):
			s.lookAgain(end)
		default:
			s.lose(run, v1alpha1.ReasonExpired, fmt.Sprintf("history.ttl of the task keeps a run for %s.", ttl))
		}
	}
}

// plain makes a number of the records that say nothing: those of all runs but
// the last with records, or of that one too.
func (s *sieve) plain(runs []*v1alpha1.SyncRun, ofEach bool) {
	for _, run := range runs {
		_, goes := s.found[run.UID]
		if goes || !hasPlain(run) || run.UID == s.last || (run.UID == s.newestRecords && !ofEach) {
			continue
		}
		s.found[run.UID] = loss{run, plainRecords, v1alpha1.ReasonNoUpdateCounted,
			"The records of entries without a change are kept as a number: history.noUpdate of the task."}
	}
}

// lose lets a run go as far as it may. The first rule gives the reason.
func (s *sieve) lose(run *v1alpha1.SyncRun, reason v1alpha1.Reason, message string) {
	_, goes := s.found[run.UID]
	switch {
	case goes || run.UID == s.last:
	case mayGo(run) && !s.isRemembered(run):
		s.lookAgain(s.now.Add(soon))
	case mayGo(run):
		s.found[run.UID] = loss{run, whole, reason, message}
	case hasDetails(run):
		s.found[run.UID] = loss{run, details, reason, message}
	}
}

func (s *sieve) lookAgain(at time.Time) {
	if s.again.IsZero() || at.Before(s.again) {
		s.again = at
	}
}

// losses are what was found, the oldest first.
func (s *sieve) losses() []loss {
	return slices.SortedFunc(maps.Values(s.found), func(a, b loss) int { return newestFirst(b.run, a.run) })
}
