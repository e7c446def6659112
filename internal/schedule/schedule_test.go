package schedule_test

import (
	"strings"
	"testing"
	"time"

	"synccenter.dev/synccenter/internal/schedule"
)

func parse(t *testing.T, expression, zone string) schedule.Schedule {
	t.Helper()
	result, err := schedule.Parse(expression, zone)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	result, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, cron, zone, want string }{
		{"four fields", "0 2 * *", "UTC", "expected exactly 5 fields"},
		{"six fields", "0 0 2 * * *", "UTC", "expected exactly 5 fields"},
		{"a word", "nightly", "UTC", "write the five fields"},
		{"an hour that no day has", "0 24 * * *", "UTC", "above maximum (23)"},
		{"a step of zero", "*/0 * * * *", "UTC", "step of range should be a positive number"},
		{"a day that no month has", "0 2 30 2 *", "UTC", "never comes"},
		{"an interval", "@every 1h", "UTC", "no time of the clock"},
		{"an unknown word", "@nightly", "UTC", "unrecognized descriptor"},
		{"a zone within", "CRON_TZ=Asia/Shanghai 0 2 * * *", "UTC", "write it into timeZone"},
		{"a zone within, in short", "TZ=Asia/Shanghai 0 2 * * *", "UTC", "write it into timeZone"},
		{"nothing but a zone", "TZ=", "UTC", "write it into timeZone"},
		{"an unknown zone", "0 2 * * *", "Asia/Peking", "Asia/Peking"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := schedule.Parse(test.cron, test.zone)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, cron, zone, after, want string }{
		{"today", "0 2 * * *", "UTC", "2026-03-01T01:59:59Z", "2026-03-01T02:00:00Z"},
		{"never the same moment", "0 2 * * *", "UTC", "2026-03-01T02:00:00Z", "2026-03-02T02:00:00Z"},
		{"in the task's zone", "0 2 * * *", "Asia/Shanghai", "2026-03-01T00:00:00Z", "2026-03-01T18:00:00Z"},
		{"a word for five fields", "@daily", "Asia/Shanghai", "2026-03-01T00:00:00Z", "2026-03-01T16:00:00Z"},
		{"a leap day", "0 2 29 2 *", "UTC", "2026-03-01T00:00:00Z", "2028-02-29T02:00:00Z"},
		{"the last leap day before a leap year that is none", "0 2 29 2 *", "UTC", "2096-01-01T00:00:00Z", "2096-02-29T02:00:00Z"},
		{"a day of the week or of the month", "0 2 15 * 1", "UTC", "2026-03-10T00:00:00Z", "2026-03-15T02:00:00Z"},

		{"the clock is put forward over it", "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"},
		{"and it comes on the next day as ever", "30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"},
		{"the clock is put forward over two of it", "0,30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"},
		{"every hour while the clock is put forward", "30 * * * *", "Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"},
		{"the clock shows it twice: the first", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"},
		{"the clock shows it twice: not the second", "30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
		{"between the two", "30 2 * * *", "Europe/Berlin", "2026-10-25T01:15:00Z", "2026-10-26T01:30:00Z"},
		{"every hour while the clock is put back", "30 * * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
		{"every quarter while the clock is put back", "*/15 * * * *", "Europe/Berlin", "2026-10-25T00:45:00Z", "2026-10-25T01:00:00Z"},
		{"every second hour while the clock is put back", "0 */2 * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z"},
		{"a change by half an hour", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", "2026-10-03T15:30:00Z"},
		{"a change at midnight", "0 0 * * *", "America/Havana", "2026-03-07T12:00:00Z", "2026-03-08T05:00:00Z"},
		{"a midnight that comes twice", "30 0 * * *", "America/Havana", "2026-11-01T04:30:00Z", "2026-11-02T05:30:00Z"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := parse(t, test.cron, test.zone).Next(at(t, test.after))
			if !got.Equal(at(t, test.want)) {
				t.Errorf("after %s comes %s, want %s", test.after, got.UTC().Format(time.RFC3339), test.want)
			}
		})
	}
}

func TestDue(t *testing.T) {
	t.Parallel()
	const nightly, quarterly, minutely = "0 2 * * *", "*/15 * * * *", "* * * * *"
	for _, test := range []struct {
		name, cron, through, now string
		deadline                 time.Duration
		time                     string
		missed                   int
		next                     string
	}{
		{"not yet", nightly, "2026-03-01T02:00:00Z", "2026-03-02T01:59:59Z", 5 * time.Minute, "", 0, "2026-03-02T02:00:00Z"},
		{"now", nightly, "2026-03-01T02:00:00Z", "2026-03-02T02:00:00Z", 5 * time.Minute, "2026-03-02T02:00:00Z", 0, "2026-03-03T02:00:00Z"},
		{"at the deadline", nightly, "2026-03-01T02:00:00Z", "2026-03-02T02:05:00Z", 5 * time.Minute, "2026-03-02T02:00:00Z", 0, "2026-03-03T02:00:00Z"},
		{"after the deadline", nightly, "2026-03-01T02:00:00Z", "2026-03-02T02:05:01Z", 5 * time.Minute, "", 1, "2026-03-03T02:00:00Z"},
		{"a second after the deadline by half", nightly, "2026-03-01T02:00:00Z", "2026-03-02T02:05:00.5Z", 5 * time.Minute, "", 1, "2026-03-03T02:00:00Z"},
		{"dealt with", nightly, "2026-03-02T02:00:00Z", "2026-03-02T02:01:00Z", 5 * time.Minute, "", 0, "2026-03-03T02:00:00Z"},
		{"after a pause the newest alone", quarterly, "2026-03-02T02:00:00Z", "2026-03-02T03:01:00Z", 5 * time.Minute, "2026-03-02T03:00:00Z", 3, "2026-03-02T03:15:00Z"},
		{"of two within the deadline the newest", quarterly, "2026-03-02T02:00:00Z", "2026-03-02T02:31:00Z", time.Hour, "2026-03-02T02:30:00Z", 1, "2026-03-02T02:45:00Z"},
		{"after a pause nothing within the deadline", quarterly, "2026-03-02T02:00:00Z", "2026-03-02T03:10:00Z", 5 * time.Minute, "", 4, "2026-03-02T03:15:00Z"},
		{"exactly a hundred", minutely, "2026-03-02T02:00:00Z", "2026-03-02T03:40:30Z", 10 * time.Second, "", 100, "2026-03-02T03:41:00Z"},
		{"more than a hundred", minutely, "2025-03-02T02:00:00Z", "2026-03-02T02:00:30Z", 10 * time.Second, "", 101, "2026-03-02T02:01:00Z"},
		{"more than a hundred and one to start", minutely, "2025-03-02T02:00:00Z", "2026-03-02T02:00:05Z", 10 * time.Second, "2026-03-02T02:00:00Z", 101, "2026-03-02T02:01:00Z"},
		{"the clock was put back: nothing twice", quarterly, "2026-03-02T03:00:00Z", "2026-03-02T02:10:00Z", 5 * time.Minute, "", 0, "2026-03-02T03:15:00Z"},
		{"the clock had been wrong by years", quarterly, "2031-03-02T03:00:00Z", "2026-03-02T02:14:59Z", 5 * time.Minute, "", 0, "2026-03-02T02:15:00Z"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := parse(t, test.cron, "UTC").Due(at(t, test.through), at(t, test.now), test.deadline)
			want := schedule.Due{Missed: test.missed, Next: at(t, test.next)}
			if test.time != "" {
				want.Time = at(t, test.time)
			}
			if !got.Time.Equal(want.Time) || got.Missed != want.Missed || !got.Next.Equal(want.Next) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// TestDueWithoutWhatIsDone: what has its run already was not missed, also of more
// times than are counted.
func TestDueWithoutWhatIsDone(t *testing.T) {
	t.Parallel()
	first := at(t, "2026-03-02T02:01:00Z")
	for _, test := range []struct {
		name, now string
		want      int
	}{
		{"a few", "2026-03-02T02:05:30Z", 4},
		{"exactly as many as are counted", "2026-03-02T03:41:30Z", 100},
		{"one more", "2026-03-02T03:42:30Z", 101},
		{"far more", "2026-03-09T02:00:30Z", 101},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := parse(t, "* * * * *", "UTC").Due(at(t, "2026-03-02T02:00:00Z"), at(t, test.now), 10*time.Second, first)
			if got.Missed != test.want {
				t.Errorf("%d are missed, want %d", got.Missed, test.want)
			}
		})
	}
}

func TestRunName(t *testing.T) {
	t.Parallel()
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	scheduled := time.Date(2026, time.November, 27, 2, 0, 0, 0, shanghai)
	name := schedule.RunName("hr", scheduled)
	if name != "hr-2611261800" {
		t.Errorf("the run is named %q", name)
	}
	if back, ok := schedule.TimeOf("hr", name); !ok || !back.Equal(scheduled) {
		t.Errorf("the time of %s is %s", name, back)
	}
	for _, other := range []string{"hr-first", "hr-7kq2x", "hr-2613261800", "payroll-2611261800", "hr2611261800", "hr"} {
		if _, ok := schedule.TimeOf("hr", other); ok {
			t.Errorf("%s is taken for the name of a scheduled run", other)
		}
	}
}
