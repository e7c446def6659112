// Package schedule says when a scheduled task is due: which time is to be started now, how many have passed, and which comes next. In go a
// cron expression, a time zone, the time up to which all is dealt with, and the present time. It knows no clock and starts nothing.
package schedule
