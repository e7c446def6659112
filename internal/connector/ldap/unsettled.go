package ldap

import (
	"context"
	"sync"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
)

// unsettled remembers where entries stood whose move was asked for and whose answer was lost: if the move was done, what refers to the old
// place is still to be mended. The zero value is ready.
type unsettled struct {
	mu   sync.Mutex
	from map[uuid]string
}

// note remembers the place of an entry before its move. The first one counts, since that is what others refer to.
func (u *unsettled) note(id uuid, from string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.from == nil {
		u.from = map[uuid]string{}
	}
	if _, known := u.from[id]; !known {
		u.from[id] = from
	}
}

func (u *unsettled) of(id uuid) (string, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	from, ok := u.from[id]
	return from, ok
}

func (u *unsettled) forget(id uuid) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.from, id)
}

// Lookup reads entries by ID. It is also how a write in doubt is settled, so a move whose answer was lost is brought to its end when the entry
// is found at another place.
func (t *Target) Lookup(ctx context.Context, kind directory.Kind, ids, fields []string) ([]directory.Entry, error) {
	entries, err := t.Source.Lookup(ctx, kind, ids, fields)
	if err != nil {
		return nil, err
	}
	for i := range entries {
		id, ok := parseUUID(entries[i].ID)
		if !ok {
			continue
		}
		if err := t.settleMove(ctx, kind, id, entries[i].Place); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// settleMove mends what refers to the place of before, if the entry has left it.
func (t *Target) settleMove(ctx context.Context, kind directory.Kind, id uuid, now string) error {
	from, ok := t.unsettled.of(id)
	if !ok {
		return nil
	}
	if normalOf(from) != normalOf(now) {
		if err := t.moved(ctx, kind, from, now); err != nil {
			return err
		}
	}
	t.unsettled.forget(id)
	return nil
}

// mayBeDone reports that a request may have been done although it failed.
func mayBeDone(ctx context.Context, err error) bool {
	return err != nil && (connector.ClassOf(err) == connector.Unavailable || ctx.Err() != nil)
}
