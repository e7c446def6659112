// Package definition is what a run executes, as a value: the task's spec and
// the run's spec with all defaults resolved, and whose they are. It is taken
// from the cluster once, stored with the run, and never looked up again.
//
// It also judges a task's spec where the schema of the API cannot: what is not
// served yet (NotServed) and what cannot work (Validate). It reads nothing and
// knows no clock.
package definition
