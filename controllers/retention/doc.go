// Package retention removes what a task's history says is kept no longer: runs
// that the manager or generateName named, and the details of those that a person
// named. Now and then it looks through all that is stored for what nobody needs
// any more. It knows nothing of how a run is executed.
//
// It works from what package past remembers, is moved by runs that end, and reads
// a run from the API server before it changes it or takes it for gone.
package retention
