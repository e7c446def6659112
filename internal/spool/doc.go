// Package spool sorts more records than should be in memory as values: records are added in any order, kept in compressed blocks, and
// read back in the order of their keys.
//
// What is added is gathered into runs of a few megabytes. A full run is sorted and compressed block by block; reading merges the
// runs and holds one block of each. All of it stays in memory: about the compressed size, and nothing is written to a disk.
package spool
