// Package history is what people read of a run: one record for what happened to one entry in one operation, the counts that follow
// from the records, and the files that records are exported to.
package history
