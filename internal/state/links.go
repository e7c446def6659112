package state

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"
	"sync"

	"synccenter.dev/synccenter/internal/directory"
)

// Links is the table of links, found by the ID of either side. It is packed: the texts of the links stand in blocks of bytes, about 110
// bytes a link with two UUIDs. It is safe for concurrent use.
type Links struct {
	mu       sync.RWMutex
	rows     []row
	blocks   [][]byte
	bySource index
	byTarget index
}

// row says where the packed texts of a link begin, and the rest of it in codes.
type row struct {
	block, offset       uint32
	kind, origin, state uint8
	off, dead           bool
	// heldLoss and heldOff: the packed texts have those of a held loss, and of an account whose turning off is held.
	heldLoss, heldOff bool
}

// blockSize is the room of a block. A link that is larger gets a block of its own.
const blockSize = 256 << 10

// NewLinks makes an empty table.
func NewLinks() *Links {
	return &Links{
		bySource: index{part: partSource, seed: maphash.MakeSeed()},
		byTarget: index{part: partTarget, seed: maphash.MakeSeed()},
	}
}

// Put adds a link, or replaces the one of the same kind and source ID. A target entry has one link at most: one that is linked to another
// source ID already is refused, and what the table held stays.
func (l *Links) Put(link Link) error {
	r, packed, err := pack(link)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	source := l.slot(&l.bySource, r.kind, link.SourceID)
	target := l.slot(&l.byTarget, r.kind, link.TargetID)
	if target >= 0 {
		if owner := l.text(l.byTarget.row(target), partSource); string(owner) != link.SourceID {
			return fmt.Errorf("linking %s %q: target entry %q is linked to source entry %q already", link.Kind, link.SourceID, link.TargetID, owner)
		}
	}
	if source < 0 {
		l.rows = append(l.rows, l.place(r, packed))
		l.bySource.add(uint32(len(l.rows)-1), l.rehash(&l.bySource))
		l.byTarget.add(uint32(len(l.rows)-1), l.rehash(&l.byTarget))
		return nil
	}
	number := l.bySource.row(source)
	if target < 0 {
		l.byTarget.remove(l.slot(&l.byTarget, r.kind, string(l.text(number, partTarget))))
	}
	l.rows[number] = l.place(r, packed)
	if target < 0 {
		l.byTarget.add(number, l.rehash(&l.byTarget))
	}
	return nil
}

// Delete forgets a link. It says whether there was one.
func (l *Links) Delete(kind directory.Kind, sourceID string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	source := l.slot(&l.bySource, code(kinds, kind), sourceID)
	if source < 0 {
		return false
	}
	number := l.bySource.row(source)
	l.byTarget.remove(l.slot(&l.byTarget, l.rows[number].kind, string(l.text(number, partTarget))))
	l.bySource.remove(source)
	l.rows[number].dead = true
	return true
}

// BySource finds the link of a source entry.
func (l *Links) BySource(kind directory.Kind, id string) (Link, bool) {
	return l.lookup(&l.bySource, kind, id)
}

// ByTarget finds the link of a target entry.
func (l *Links) ByTarget(kind directory.Kind, id string) (Link, bool) {
	return l.lookup(&l.byTarget, kind, id)
}

// SourceOf finds the ID of the source entry that a target entry is linked to.
func (l *Links) SourceOf(kind directory.Kind, targetID string) (string, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	slot := l.slot(&l.byTarget, code(kinds, kind), targetID)
	if slot < 0 {
		return "", false
	}
	return string(l.text(l.byTarget.row(slot), partSource)), true
}

// Has says whether a source entry is linked.
func (l *Links) Has(kind directory.Kind, sourceID string) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.slot(&l.bySource, code(kinds, kind), sourceID) >= 0
}

func (l *Links) lookup(x *index, kind directory.Kind, id string) (Link, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	slot := l.slot(x, code(kinds, kind), id)
	if slot < 0 {
		return Link{}, false
	}
	return l.link(x.row(slot)), true
}

// Sorted gives the links of a kind in the order of their source IDs, as bytes compare. Links may be put and deleted meanwhile: one that
// is deleted before its turn is left out, and one that is new is not given.
func (l *Links) Sorted(kind directory.Kind) iter.Seq[Link] {
	return func(yield func(Link) bool) {
		for _, number := range l.order(kind) {
			l.mu.RLock()
			dead := l.rows[number].dead
			link := l.link(number)
			l.mu.RUnlock()
			if !dead && !yield(link) {
				return
			}
		}
	}
}

func (l *Links) order(kind directory.Kind) []uint32 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var numbers []uint32
	for number, r := range l.rows {
		if kinds[r.kind] == kind && !r.dead {
			numbers = append(numbers, uint32(number))
		}
	}
	slices.SortFunc(numbers, func(a, b uint32) int { return bytes.Compare(l.text(a, partSource), l.text(b, partSource)) })
	return numbers
}

// Count is the number of links of a kind that are in one of the given states; without any, of all links of the kind.
func (l *Links) Count(kind directory.Kind, among ...LinkState) int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var n int64
	for _, r := range l.rows {
		if !r.dead && kinds[r.kind] == kind && (len(among) == 0 || slices.Contains(among, states[r.state])) {
			n++
		}
	}
	return n
}

// Pending lists the removals that wait for a person, departments first, each kind in the order of its source IDs, and the digest of
// that list. An empty list has an empty digest. The loss of the last department, and an update that turns the account off, are removals of
// other kinds than that of the account; somebody who waits for both is on the list twice.
func (l *Links) Pending() (held []Link, digest string) {
	sum := sha256.New()
	for _, kind := range kinds {
		for link := range l.Sorted(kind) {
			for _, what := range link.holds() {
				held = append(held, link)
				// IDs are bounded by no alphabet, so each is told apart by its length.
				fmt.Fprintf(sum, "%s%s %d %s\n", kind, what, len(link.SourceID), link.SourceID)
			}
		}
	}
	if len(held) == 0 {
		return nil, ""
	}
	return held, "sha256:" + hex.EncodeToString(sum.Sum(nil))
}

// holds are the words of what is held of a link, for the digest of the list.
func (l *Link) holds() []string {
	if l.State == Held {
		return []string{""}
	}
	var what []string
	if l.HeldLoss != nil {
		what = append(what, " loss")
	}
	if l.HeldOff != nil {
		what = append(what, " off")
	}
	return what
}

// slot finds the slot of an ID, or -1.
func (l *Links) slot(x *index, kind uint8, id string) int {
	return x.find(x.hashText(kind, id), func(number uint32) bool {
		return l.rows[number].kind == kind && string(l.text(number, x.part)) == id
	})
}

func (l *Links) rehash(x *index) func(uint32) uint64 {
	return func(number uint32) uint64 { return x.hash(l.rows[number].kind, l.text(number, x.part)) }
}

// place copies packed bytes into a block. What a replaced link had there stays unused until the state is loaded again.
func (l *Links) place(r row, packed []byte) row {
	last := len(l.blocks) - 1
	if last < 0 || len(l.blocks[last])+len(packed) > cap(l.blocks[last]) {
		l.blocks = append(l.blocks, make([]byte, 0, max(blockSize, len(packed))))
		last++
	}
	r.block, r.offset = uint32(last), uint32(len(l.blocks[last]))
	l.blocks[last] = append(l.blocks[last], packed...)
	return r
}

func (l *Links) text(number uint32, part int) []byte {
	r := l.rows[number]
	return text(l.blocks[r.block][r.offset:], part)
}

func (l *Links) link(number uint32) Link {
	r := l.rows[number]
	return unpack(r, l.blocks[r.block][r.offset:])
}
