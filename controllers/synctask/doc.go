// Package synctask looks after SyncTasks: it judges the definition, makes the
// account of the task's runners, makes the runs that a schedule asks for, shows
// on the task what its runs have told, and lets an execution end before its task
// goes. It executes nothing: that is done by package syncrun.
//
// A reconcile is observe, decide, act and status, in that order, and the status
// is written once at the end.
package synctask
