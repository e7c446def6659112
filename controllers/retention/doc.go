// Package retention removes what a task's history says is kept no longer: runs
// that the manager or generateName named, and the details of those that a person
// named. It knows nothing of how a run is executed.
//
// It works from what package past remembers, is moved by runs that end, and reads
// a run from the API server before it changes it.
package retention
