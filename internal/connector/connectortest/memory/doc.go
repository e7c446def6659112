// Package memory is a directory in memory with the rules of a real one, for tests of what is built on connectors.
//
// A Directory is the server: tests edit it by hand, take snapshots of it and let calls fail. Open connects to it and gives a
// connector.Target. It has the rules that an engine meets in practice: values that are unique, parents that exist, departments
// that must be empty to go, fields that are required, values that are stored otherwise than they were written, fields and entries that
// cannot be read, and references that are no IDs.
//
// It is not for production: nothing outlives the process.
package memory
