package schedule

import (
	"slices"
	"time"
)

// MissedLimit is how many missed times are counted exactly. A long pause of a frequent schedule is not counted to its end.
const MissedLimit = 100

// clockDoubt is how far in the future a time may lie that is dealt with already. A clock that was put back by less is waited for, so that
// nothing runs twice; one that had been wrong by more must not stop the task until then.
const clockDoubt = 24 * time.Hour

// Due is what a schedule asks for at one moment.
type Due struct {
	// Time is the newest scheduled time that has come and may still be started; zero if there is none.
	Time time.Time
	// Missed counts the other times that have come and are not done: MissedLimit+1 means that there are more than MissedLimit.
	Missed int
	// Next is the first time that has not come; zero if none comes.
	Next time.Time
}

// Due says what is to be done now. Everything up to the time through is dealt with already, and so are the times that are done; a time
// may be started for as long as the deadline after it. Of several times that may be started it is the newest: a pause is not followed by
// a storm. It is that one even if it is done, since starting it again changes nothing.
func (s Schedule) Due(through, now time.Time, deadline time.Duration, done ...time.Time) Due {
	through = DealtWith(through, now)
	due := Due{Next: s.Next(later(through, now))}
	const second = time.Second // Next is the first time after a time, and a time at the very deadline may be started
	for t := s.Next(later(through, now.Add(-deadline-second))); hasCome(t, now); t = s.Next(t) {
		if !t.Add(deadline).Before(now) {
			due.Time = t
		}
	}
	for t := s.Next(through); hasCome(t, now) && due.Missed <= MissedLimit; t = s.Next(t) {
		if !t.Equal(due.Time) && !slices.ContainsFunc(done, t.Equal) {
			due.Missed++
		}
	}
	return due
}

// DealtWith is up to when everything is dealt with, as far as that can be believed now. It is for whoever keeps the time: while it stays in
// doubt, no time ever comes after it.
func DealtWith(through, now time.Time) time.Time {
	if through.After(now.Add(clockDoubt)) {
		return now.Truncate(time.Second)
	}
	return through
}

func hasCome(t, now time.Time) bool { return !t.IsZero() && !t.After(now) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
