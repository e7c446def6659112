package apply

import (
	"sync"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/state"
)

// targets translates source IDs into target IDs: through the links, and through what this run made. It is safe for concurrent use.
type targets struct {
	links *state.Links
	lost  map[entryKey]bool

	mu   sync.RWMutex
	made map[entryKey]string
	// makers are the source IDs of what was made, by target ID.
	makers map[entryKey]string
	// doubts are the source IDs of what may have been made, by an attempt that died.
	doubts map[entryKey]bool
}

// entryKey names an entry of one side.
type entryKey struct {
	kind directory.Kind
	id   string
}

func newTargets(links *state.Links, lost map[directory.Kind][]string) *targets {
	t := &targets{links: links, lost: map[entryKey]bool{}, made: map[entryKey]string{}, makers: map[entryKey]string{}, doubts: map[entryKey]bool{}}
	for kind, ids := range lost {
		for _, id := range ids {
			t.lost[entryKey{kind, id}] = true
		}
	}
	return t
}

func (t *targets) add(kind directory.Kind, sourceID, targetID string) {
	if link, ok := t.links.BySource(kind, sourceID); ok && link.TargetID == targetID && !t.lost[entryKey{kind, sourceID}] {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.made[entryKey{kind, sourceID}] = targetID
	t.makers[entryKey{kind, targetID}] = sourceID
}

// doubt notes that nobody knows whether an entry was made.
func (t *targets) doubt(kind directory.Kind, sourceID string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.doubts[entryKey{kind, sourceID}] = true
}

// doubted reports that.
func (t *targets) doubted(kind directory.Kind, sourceID string) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.doubts[entryKey{kind, sourceID}]
}

// mayBe reports that a target entry can be that of a source entry: it is nobody else's.
func (t *targets) mayBe(kind directory.Kind, sourceID, targetID string) bool {
	t.mu.RLock()
	maker, made := t.makers[entryKey{kind, targetID}]
	t.mu.RUnlock()
	link, linked := t.links.ByTarget(kind, targetID)
	return (!made || maker == sourceID) && (!linked || link.SourceID == sourceID)
}

// of is the target ID of a source entry.
func (t *targets) of(kind directory.Kind, sourceID string) (string, bool) {
	t.mu.RLock()
	id, ok := t.made[entryKey{kind, sourceID}]
	t.mu.RUnlock()
	if ok || t.lost[entryKey{kind, sourceID}] {
		return id, ok
	}
	link, ok := t.links.BySource(kind, sourceID)
	return link.TargetID, ok
}

// all translates a list. What is not in the target yet is left out and named in pending.
func (t *targets) all(kind directory.Kind, sourceIDs []string) (ids, pending []string) {
	for _, sourceID := range sourceIDs {
		if id, ok := t.of(kind, sourceID); ok {
			ids = append(ids, id)
		} else {
			pending = append(pending, sourceID)
		}
	}
	return ids, pending
}
