package memory

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
)

// Target is a connection to a directory. It serves one run.
type Target struct {
	*Directory
	// ended says which kinds were read to their end, read which users were found by that.
	ended map[directory.Kind]bool
	read  map[string]bool
}

var _ connector.Target = (*Target)(nil)

// Open connects to the directory.
func (d *Directory) Open() *Target {
	return &Target{Directory: d, ended: map[directory.Kind]bool{}, read: map[string]bool{}}
}

// Identity is the name of the directory.
func (t *Target) Identity(ctx context.Context) (string, error) {
	later, err := t.begin(ctx, Call{Method: "Identity"})
	return t.config.Name, errors.Join(later, err)
}

// Schema is that of the directory.
func (t *Target) Schema(ctx context.Context) (directory.Schema, error) {
	later, err := t.begin(ctx, Call{Method: "Schema"})
	return t.config.Schema, errors.Join(later, err)
}

// Check always succeeds.
func (t *Target) Check(ctx context.Context) error {
	later, err := t.begin(ctx, Call{Method: "Check"})
	return errors.Join(later, err)
}

// Close frees nothing.
func (t *Target) Close() error { return nil }

// Departments yields every department.
func (t *Target) Departments(ctx context.Context, fields []string) iter.Seq2[directory.Entry, error] {
	return t.entriesOf(ctx, directory.Department, fields)
}

// Users yields every user.
func (t *Target) Users(ctx context.Context, fields []string) iter.Seq2[directory.Entry, error] {
	if !t.ended[directory.Department] {
		return func(yield func(directory.Entry, error) bool) {
			yield(directory.Entry{}, errors.New("the departments must be read to their end before the users"))
		}
	}
	return t.entriesOf(ctx, directory.User, fields)
}

func (t *Target) entriesOf(ctx context.Context, kind directory.Kind, fields []string) iter.Seq2[directory.Entry, error] {
	return func(yield func(directory.Entry, error) bool) {
		later, err := t.begin(ctx, Call{Method: string(kind) + "s", Kind: kind})
		if err != nil {
			yield(directory.Entry{}, err)
			return
		}
		t.mu.Lock()
		keys := t.sorted(kind)
		t.mu.Unlock()
		for i, key := range keys {
			if later != nil && i >= len(keys)/2 {
				break
			}
			entry, there, err := t.give(key, fields)
			if err != nil {
				yield(directory.Entry{}, err)
				return
			}
			if there && !yield(entry, nil) {
				return
			}
		}
		if later != nil {
			yield(directory.Entry{}, later)
			return
		}
		t.ended[kind] = true
	}
}

// give reads one entry of a read of all.
func (t *Target) give(key Key, fields []string) (entry directory.Entry, there bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.answers == 0 {
		return entry, false, refuse(connector.Unavailable, "%s: the connection broke", t.config.Name)
	}
	t.answers--
	kept := t.entries[key]
	if kept == nil || kept.Filtered {
		return entry, false, nil
	}
	if key.Kind == directory.User {
		t.read[key.ID] = true
	}
	return t.convert(kept, fields), true, nil
}

// Lookup reads entries by ID, whatever the filter says.
func (t *Target) Lookup(ctx context.Context, kind directory.Kind, ids []string, fields []string) ([]directory.Entry, error) {
	later, err := t.begin(ctx, Call{Method: "Lookup", Kind: kind})
	if err = errors.Join(later, err); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.answers == 0 {
		return nil, refuse(connector.Unavailable, "%s: the connection broke", t.config.Name)
	}
	var found []directory.Entry
	for i, id := range ids {
		if kept := t.entries[Key{kind, id}]; kept != nil && !slices.Contains(ids[:i], id) {
			found = append(found, t.convert(kept, fields))
		}
	}
	return found, nil
}

// Resolve knows the users that this connection has read.
func (t *Target) Resolve(reference string) (id string, ok bool) {
	id, ok = Referred(reference)
	return id, ok && t.read[id]
}

// convert is an entry as it is read.
func (d *Directory) convert(kept *Entry, fields []string) directory.Entry {
	entry := directory.Entry{Kind: kept.Kind, ID: kept.ID, Filtered: kept.Filtered}
	if kept.Broken != "" {
		entry.Err = errors.New(kept.Broken)
		return entry
	}
	able := d.config.Capabilities
	naming := able.UserIdentifier
	if kept.Kind == directory.Department {
		naming = able.DepartmentName
		entry.Parent = kept.Parent
		if able.Leaders {
			entry.Leaders = slices.Clone(kept.Leaders)
		}
	} else {
		entry.Departments = d.departmentsOf(kept)
		entry.Disabled = kept.Disabled && able.Disable
	}
	entry.Name = kept.First(naming)
	entry.Place = fmt.Sprintf("%s %q of %s", strings.ToLower(string(kept.Kind)), entry.Name, d.config.Name)
	if kept.Mark != nil && (kept.Kind == directory.User && able.UserMark || kept.Kind == directory.Department && able.DepartmentMark) {
		mark := *kept.Mark
		entry.Mark = &mark
	}
	asked := slices.Sorted(slices.Values(fields))
	for _, field := range slices.Compact(asked) {
		switch values := kept.Fields[field]; {
		case slices.Contains(kept.Hidden, field):
			entry.Unreadable = append(entry.Unreadable, field)
		case len(values) > 0:
			entry.Attributes = append(entry.Attributes, directory.Attribute{Name: field, Values: slices.Clone(values)})
		}
	}
	return entry
}

// departmentsOf are the departments of a user. Where there is no main one their order says nothing.
func (d *Directory) departmentsOf(user *Entry) []string {
	able := d.config.Capabilities
	switch able.Membership {
	case directory.OnUser:
		if able.MainDepartment || able.SingleDepartment {
			return slices.Clone(user.Departments)
		}
		return slices.Sorted(slices.Values(user.Departments))
	case directory.OnDepartment:
		var ids []string
		for _, key := range d.sorted(directory.Department) {
			if slices.Contains(d.entries[key].Members, Reference(user.ID)) {
				ids = append(ids, key.ID)
			}
		}
		return ids
	case directory.NoMembership:
	}
	return nil
}
