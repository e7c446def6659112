package schedule

import (
	"strings"
	"time"
)

// minuteLayout is a minute in UTC, in ten digits that sort as the minutes do.
const minuteLayout = "0601021504"

// RunName is the name of a task's run for a scheduled time. It follows from both alone: a second create of the same run collides instead of
// running twice.
func RunName(task string, at time.Time) string {
	return task + "-" + at.UTC().Format(minuteLayout)
}

// TimeOf is the scheduled time that a run of a task is named after, if it is.
func TimeOf(task, run string) (time.Time, bool) {
	minute, found := strings.CutPrefix(run, task+"-")
	if !found {
		return time.Time{}, false
	}
	at, err := time.Parse(minuteLayout, minute)
	return at, err == nil
}
