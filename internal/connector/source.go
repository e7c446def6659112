package connector

import (
	"context"
	"iter"

	"synccenter.dev/synccenter/internal/directory"
)

// Source reads a directory. One Source serves one run: it is opened, used by one run and closed.
//
// Rules for every method: a cancelled context ends it with the context's error; errors are of type *Error where the class matters.
type Source interface {
	// Identity names the thing that is read or written, not its address (LDAP: the entryUUIDs of the base entries).
	// Pointing a task at another identity is a first run.
	Identity(ctx context.Context) (string, error)

	// Schema lists the fields of users and departments.
	Schema(ctx context.Context) (directory.Schema, error)

	// Departments yields every department, in any order, with the given fields. It must be read to its end before Users is called.
	// The sequence is complete or it ends with an error: an error is the last element, its entry is the zero Entry.
	// Stop it by breaking out of the loop. An entry that alone could not be understood is yielded with Entry.Err and a nil error.
	Departments(ctx context.Context, fields []string) iter.Seq2[directory.Entry, error]

	// Users yields every user under the same rules. Entries belong to the caller.
	Users(ctx context.Context, fields []string) iter.Seq2[directory.Entry, error]

	// Lookup reads entries by ID, outside of the filter that Departments and Users apply, wherever they stand below the base.
	// An entry that the filter leaves out says so (Entry.Filtered). IDs that are not found are left out of the answer. An answer that may be incomplete is an error.
	Lookup(ctx context.Context, kind directory.Kind, ids []string, fields []string) ([]directory.Entry, error)

	// Resolve turns a reference, as it stands in an attribute of type Reference or in Entry.Leaders, into the ID of the entry that it
	// names. It may be called after Departments and Users have been read to their ends. False: it names nobody that was read.
	Resolve(reference string) (id string, ok bool)

	// Close frees what the source holds.
	Close() error
}
