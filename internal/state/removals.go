package state

import (
	"slices"
	"time"
)

// HourlyRemovals is how many accounts the task took away within one hour.
type HourlyRemovals struct {
	Hour  time.Time `json:"hour"`
	Count int64     `json:"count"`
}

// keepRemovals is how long the hours are kept: longer than any window of the guard.
const keepRemovals = 31 * 24 * time.Hour

// AddRemovals notes removals that were done at the given time, and forgets hours that no window reaches any more.
func (s *State) AddRemovals(at time.Time, count int64) {
	hour := at.UTC().Truncate(time.Hour)
	s.Removals = slices.DeleteFunc(s.Removals, func(h HourlyRemovals) bool { return h.Hour.Before(hour.Add(-keepRemovals)) })
	if count == 0 {
		return
	}
	place, found := slices.BinarySearchFunc(s.Removals, hour, func(h HourlyRemovals, t time.Time) int { return h.Hour.Compare(t) })
	if !found {
		s.Removals = slices.Insert(s.Removals, place, HourlyRemovals{Hour: hour})
	}
	s.Removals[place].Count += count
}

// RemovalsWithin is the number of removals in the window that ends now. An hour that is partly within it counts whole.
func (s *State) RemovalsWithin(window time.Duration, now time.Time) int64 {
	from := now.Add(-window).UTC().Truncate(time.Hour)
	var n int64
	for _, h := range s.Removals {
		if !h.Hour.Before(from) {
			n += h.Count
		}
	}
	return n
}
