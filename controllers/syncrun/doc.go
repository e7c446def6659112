// Package syncrun executes SyncRuns. It is a state machine without a memory of
// its own: all that it knows it reads, so it goes on after a restart wherever it
// was.
//
//	observe ──▶ observed ──▶ decide ──▶ step ──▶ act ──▶ status
//
// observe reads the run, its task, its Job with the pods, and the runner's
// report. decide is pure and names the one next step. act makes that one change,
// and making it twice is making it once. status is pure too and is written once,
// at the end, whether the step succeeded or not. Events and metrics follow only
// after that write.
//
// The package knows nothing of directories: what happened in a run is what the
// runner's report says.
package syncrun
