// Package runnerjob builds the Job that executes a run. Build is a pure
// function: the run, the definition stored with it, the number of the attempt
// and the manager's flags go in, a Job comes out, and the same input always
// gives the same Job. It reads no clock and no cluster, so a Job that is built
// again, by a newer process or after a restart, is the one that exists.
// BuildInspection does the same for a look at the directories of a task.
package runnerjob
