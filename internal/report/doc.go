// Package report is what a runner tells the manager about its run: facts, in one small document. The manager alone turns it
// into status. Both sides share these types; neither needs to know the other.
package report
