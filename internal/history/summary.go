package history

import "time"

// Summary is what an export says of the run as a whole: the columns of the history and the counts.
type Summary struct {
	Namespace string
	Task      string
	// TaskTitle is the task's name for people; it may be empty.
	TaskTitle string
	Run       string
	Sequence  int64
	Type      string
	Mode      string
	Phase     string
	StartTime time.Time
	// SyncTime is the end of applying, or of a run that applied nothing.
	SyncTime time.Time
	Message  string
	Counts   Counts
}

// Presentation says how an export looks to the people who read it.
type Presentation struct {
	Locale Locale
	// TimeZone is the zone of every time in the export; its name stands in the file.
	TimeZone *time.Location
}
