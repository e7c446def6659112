// Package spool sorts more records than should be in memory as values: records are added in any order, kept in compressed blocks, and
// read back in the order of their keys.
package spool
