package inspection

import "time"

// clockDoubt is how far in the future a time may lie that another node has written: clocks differ by so much. What lies beyond was written
// by a clock that was wrong.
const clockDoubt = 5 * time.Minute

// Trusted is a time that some clock has written; if that clock was ahead it is zero, which is long ago. Else nothing newer would count
// until that time has come.
func Trusted(written, now time.Time) time.Time {
	if written.After(now.Add(clockDoubt)) {
		return time.Time{}
	}
	return written
}

// SpokeAt is how old the word of an inspection is. One that has not ended knows no more of the directories than when it began, and of one
// whose pod had a clock that was ahead that is the best that is known. It is zero if the manager's clock was ahead too.
func SpokeAt(begun time.Time, ended *time.Time, now time.Time) time.Time {
	if ended != nil {
		if told := Trusted(*ended, now); !told.IsZero() {
			return told
		}
	}
	return Trusted(begun, now)
}
