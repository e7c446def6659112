// Package inspection makes the short Jobs that look at the directories of a
// task without changing anything: the check of its connections, when what
// concerns them changes, at every interval and on request; and, on request, the
// explanation of one entry and the list of what nobody answers for.
//
// Each inspection is one object, stored before its Job is made, in which the
// pod leaves its answer. A reconcile is observe, decide and act. It writes no
// status: package synctask shows what checks have found.
package inspection
