// Package plan decides what a run would do. Source and target forms and the links go in, ordered operations come out, the same
// bytes for the same input in any order. It is pure: no I/O, no clock, no log.
//
// A plan is a value: it can be stored, checked when it is loaded, shown and applied later by another process.
package plan
