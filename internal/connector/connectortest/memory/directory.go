package memory

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
)

// Config says what kind of directory it is.
type Config struct {
	// Name is the directory's identity.
	Name         string
	Capabilities directory.Capabilities
	// Schema has the rules of the fields: Required, Unique, Multiple, MaxLength.
	Schema directory.Schema
	// Normalise says how the values of a field of users are stored, by field.
	Normalise map[string]func(value string) string
	// Tidy: when a user is deleted, nothing names it any more. Else such references stay and name nobody.
	Tidy bool
	// Lax: none of the rules holds, as in a source that somebody else fills.
	Lax bool
}

// Directory is a directory with its entries. It is safe for concurrent use.
type Directory struct {
	config Config

	mu      sync.Mutex
	entries map[Key]*Entry
	next    map[directory.Kind]int
	writes  int
	trouble func(Call) *Fault
	// answers is how many more entries are given before the connection breaks; it does not when that is negative.
	answers int
}

// New makes an empty directory.
func New(config Config) *Directory {
	return &Directory{config: config, entries: map[Key]*Entry{}, next: map[directory.Kind]int{}, answers: -1}
}

// Config is what the directory was made with.
func (d *Directory) Config() Config { return d.config }

// Snapshot is a copy of all entries.
func (d *Directory) Snapshot() map[Key]*Entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	copied := make(map[Key]*Entry, len(d.entries))
	for key, entry := range d.entries {
		copied[key] = entry.Clone()
	}
	return copied
}

// Writes counts the calls that wrote something. What is refused is not counted.
func (d *Directory) Writes() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.writes
}

// Put adds an entry by hand, or replaces one, under the rules of the directory. An entry without an ID gets one that was never used.
func (d *Directory) Put(entry *Entry) (Key, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	entry = entry.Clone()
	if entry.ID == "" {
		entry.ID = d.nextID(entry.Kind)
	}
	return entry.Key(), d.store(entry)
}

// Edit changes an entry by hand, under the rules of the directory.
func (d *Directory) Edit(key Key, change func(*Entry)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	entry, err := d.entry(key)
	if err != nil {
		return err
	}
	change(entry)
	return d.store(entry)
}

// Delete removes an entry by hand. A department must be empty, as for everybody.
func (d *Directory) Delete(key Key) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.remove(key)
}

// nextID is an ID that was never used.
func (d *Directory) nextID(kind directory.Kind) string {
	for {
		d.next[kind]++
		id := fmt.Sprint(d.next[kind])
		if d.entries[Key{kind, id}] == nil {
			return id
		}
	}
}

// sorted are the keys of a kind in the order of their IDs.
func (d *Directory) sorted(kind directory.Kind) []Key {
	keys := slices.DeleteFunc(slices.Collect(maps.Keys(d.entries)), func(key Key) bool { return key.Kind != kind })
	slices.SortFunc(keys, func(a, b Key) int {
		switch {
		case a.ID < b.ID:
			return -1
		case a.ID > b.ID:
			return 1
		}
		return 0
	})
	return keys
}

// entry is a copy of an entry that is there.
func (d *Directory) entry(key Key) (*Entry, error) {
	entry := d.entries[key]
	if entry == nil {
		return nil, refuse(connector.NotFound, "%s: there is no %s %s", d.config.Name, key.Kind, key.ID)
	}
	return entry.Clone(), nil
}

func refuse(class connector.Class, format string, arguments ...any) error {
	return &connector.Error{Class: class, Err: fmt.Errorf(format, arguments...)}
}
