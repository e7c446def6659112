package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule is a cron expression in a time zone.
type Schedule struct {
	spec *cron.SpecSchedule
	zone *time.Location
}

// parser reads five fields, or one of the words that stand for five.
var parser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// anyDay is a time from which on every date of the calendar comes within four years.
var anyDay = time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)

// Parse reads a cron expression. The error says what is wrong with it and what to write.
func Parse(expression, timeZone string) (Schedule, error) {
	if strings.HasPrefix(expression, "TZ=") || strings.HasPrefix(expression, "CRON_TZ=") {
		return Schedule{}, errors.New("a time zone within the expression is not read; write it into timeZone")
	}
	zone, err := time.LoadLocation(timeZone)
	if err != nil {
		return Schedule{}, fmt.Errorf("the time zone %q is not known: %w", timeZone, err)
	}
	parsed, err := parser.Parse(expression)
	if err != nil {
		return Schedule{}, fmt.Errorf(`%q is no cron expression (%w); write the five fields minute, hour, day of the month, month and day of the week, such as "0 2 * * *"`, expression, err)
	}
	spec, isFields := parsed.(*cron.SpecSchedule)
	if !isFields {
		return Schedule{}, fmt.Errorf(`%q is no time of the clock; write the five fields, such as "*/15 * * * *" for every quarter of an hour`, expression)
	}
	result := Schedule{spec: spec, zone: zone}
	if result.Next(anyDay).IsZero() {
		return Schedule{}, fmt.Errorf("%q names a day that no month has, so it never comes", expression)
	}
	return result, nil
}

// Next is the first scheduled time after a time; zero if none comes within five years.
//
// A schedule that names hours means the clock on the wall. When the clock is put forward over such a time, the time comes at that moment;
// when it is put back, a time that the clock shows twice comes once, the first time. A schedule of every hour goes on by the time that passes.
func (s Schedule) Next(after time.Time) time.Time {
	local := after.In(s.zone)
	if s.isEveryHour() {
		return s.spec.Next(local)
	}
	wall := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC)
	for wall = s.spec.Next(wall); !wall.IsZero(); wall = s.spec.Next(wall) {
		if moment := momentOf(wall, s.zone); moment.After(after) {
			return moment
		}
	}
	return time.Time{}
}

// everyHour has a bit for each hour.
const everyHour = 1<<24 - 1

func (s Schedule) isEveryHour() bool { return s.spec.Hour&everyHour == everyHour }

// momentOf is when the clock of a zone first shows what wall shows, as a time in UTC. A time over which the clock is put forward is the
// moment of that.
func momentOf(wall time.Time, zone *time.Location) time.Time {
	const farEnough = 26 * time.Hour // further than any zone is from UTC, nearer than two changes of one zone
	before, after := offsetAt(wall.Add(-farEnough), zone), offsetAt(wall.Add(farEnough), zone)
	first, second := wall.Add(-before).In(zone), wall.Add(-after).In(zone)
	switch {
	case offsetAt(first, zone) == before:
		return first
	case offsetAt(second, zone) == after:
		return second
	}
	change, _ := first.ZoneBounds()
	return change
}

func offsetAt(moment time.Time, zone *time.Location) time.Duration {
	_, seconds := moment.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}
