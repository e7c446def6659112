// Package state is what an owner's task remembers between runs: which source entry is which target entry, which removals wait for a
// person, and the figures that the guard compares with. It is read at the start of a run and replaced once, at its end.
package state
