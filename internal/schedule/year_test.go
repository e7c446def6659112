package schedule_test

import (
	"math/rand"
	"testing"
	"time"

	"synccenter.dev/synccenter/internal/schedule"
)

const deadline = 5 * time.Minute

// due are all times of a year at which a schedule is due, found by looking at the clock on the wall every quarter of an hour: the other way round.
func due(zone *time.Location, from, to time.Time, hour, minute int, everyHour bool) []time.Time {
	var result []time.Time
	done := from.In(zone).YearDay() // the year begins at noon, after all of them
	for moment := from; moment.Before(to); moment = moment.Add(15 * time.Minute) {
		local := moment.In(zone)
		if everyHour {
			if local.Minute() == minute {
				result = append(result, moment)
			}
			continue
		}
		if local.Hour()*60+local.Minute() >= hour*60+minute && local.YearDay() != done {
			done = local.YearDay()
			result = append(result, moment)
		}
	}
	return result
}

// manager lives through a year: it sleeps until the schedule asks for it, or until it is back from a pause.
type manager struct {
	schedule schedule.Schedule
	through  time.Time
	started  map[time.Time]time.Time
	missed   int
}

// look does what the controller of tasks does, and says when to look again.
func (m *manager) look(t *testing.T, now time.Time) time.Time {
	t.Helper()
	due := m.schedule.Due(m.through, now, deadline)
	m.missed += due.Missed
	switch {
	case !due.Time.IsZero():
		if earlier, twice := m.started[due.Time.UTC()]; twice {
			t.Errorf("the time %s is started at %s and was at %s", due.Time, now, earlier)
		}
		m.started[due.Time.UTC()] = now
		m.through = due.Time
	case due.Missed > 0:
		m.through = now
	}
	if !due.Next.After(now) {
		t.Fatalf("at %s the next time is %s", now, due.Next)
	}
	return due.Next
}

// TestYear runs schedules through a year with both changes of the clock, some pauses, and a manager that is away now and then. Each scheduled
// time is started once, within its deadline, or counted as missed, and missed only if the manager was away.
func TestYear(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Africa/Casablanca"} {
		for _, test := range []struct {
			cron         string
			hour, minute int
			everyHour    bool
		}{
			{"30 2 * * *", 2, 30, false}, {"0 0 * * *", 0, 0, false}, {"15 1 * * *", 1, 15, false}, {"30 * * * *", 0, 30, true},
		} {
			t.Run(test.cron+" in "+zone, func(t *testing.T) {
				t.Parallel()
				location, err := time.LoadLocation(zone)
				if err != nil {
					t.Fatal(err)
				}
				from := time.Date(2028, time.January, 1, 12, 0, 0, 0, location).UTC() // a leap year
				to := from.AddDate(1, 0, 0)
				all := due(location, from, to, test.hour, test.minute, test.everyHour)
				for seed := range int64(3) {
					m := &manager{schedule: parse(t, test.cron, zone), through: from, started: map[time.Time]time.Time{}}
					away := m.live(t, from, to, seed)
					expectYear(t, m, all, away)
				}
			})
		}
	}
}

// span is a time without a manager.
type span struct{ from, to time.Time }

// live takes the manager through a year and says when it was away. A seed of 0 is a year without a pause.
func (m *manager) live(t *testing.T, from, to time.Time, seed int64) []span {
	t.Helper()
	var away []span
	random := rand.New(rand.NewSource(seed))
	pause := to
	if seed > 0 {
		pause = from.Add(time.Duration(random.Int63n(int64(10 * 24 * time.Hour))))
	}
	for now := from; now.Before(to); {
		next := m.look(t, now)
		if next.After(to) {
			break
		}
		if next.Before(pause) || seed == 0 {
			now = next
			continue
		}
		back := pause.Add(time.Duration(random.Int63n(int64(50 * time.Hour))))
		away = append(away, span{pause, back})
		now, pause = back, back.Add(time.Duration(1+random.Int63n(int64(10*24*time.Hour))))
	}
	return away
}

func expectYear(t *testing.T, m *manager, all []time.Time, away []span) {
	t.Helper()
	if len(all) < 360 {
		t.Fatalf("a year has only %d scheduled times", len(all))
	}
	notStarted := 0
	for _, scheduled := range all {
		started, ok := m.started[scheduled]
		delete(m.started, scheduled)
		switch {
		case !ok:
			notStarted++
			if wasThere(scheduled, away) {
				t.Errorf("%s was missed though somebody was there", scheduled)
			}
		case started.Sub(scheduled) < 0 || started.Sub(scheduled) > deadline:
			t.Errorf("%s was started at %s", scheduled, started)
		case wasThere(scheduled, away) && !started.Equal(scheduled):
			t.Errorf("%s was started at %s though somebody was there", scheduled, started)
		}
	}
	for scheduled := range m.started {
		t.Errorf("%s is no scheduled time and was started", scheduled)
	}
	if m.missed != notStarted {
		t.Errorf("%d were missed and %d counted", notStarted, m.missed)
	}
	if len(away) > 0 && notStarted == 0 {
		t.Error("no pause hit a scheduled time: the test proves nothing")
	}
}

func wasThere(moment time.Time, away []span) bool {
	for _, span := range away {
		if !moment.Before(span.from) && moment.Before(span.to) {
			return false
		}
	}
	return true
}

// TestClockPutBack puts the manager's clock back by up to an hour now and then: nothing is started twice, and nothing is lost for good.
func TestClockPutBack(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	m := &manager{schedule: parse(t, "*/15 * * * *", "Europe/Berlin"), through: from, started: map[time.Time]time.Time{}}
	random := rand.New(rand.NewSource(7))
	now := from
	for now.Before(from.AddDate(0, 1, 0)) {
		next := m.look(t, now)
		if random.Intn(5) == 0 {
			now = now.Add(-time.Duration(random.Int63n(int64(time.Hour))))
			m.look(t, now)
		}
		now = next
	}
	if want := 31 * 24 * 4; len(m.started) < want-1 || m.missed != 0 {
		t.Errorf("%d of %d times were started and %d are called missed", len(m.started), want, m.missed)
	}
}
