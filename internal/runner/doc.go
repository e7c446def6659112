// Package runner executes one run from read to report: it reads both directories, plans, lets the guard judge, stores the plan, carries it
// out, and leaves records, state, an export and a last report. Killed at any point, the next attempt goes on where it ended.
//
// All that it depends on is handed to it, so that it runs in a pod with the cluster as its store as well as in a test with a folder.
package runner
