// Package scope decides which source entries a task is about: chosen departments with all below them, chosen people, and a filter.
//
// It is pure. An entry that a filter cannot be evaluated on is unknown, never out of scope.
package scope
