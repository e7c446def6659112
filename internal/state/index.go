package state

import "hash/maphash"

// index finds rows by one of their IDs: a hash table with open addressing that holds row numbers alone. A map of strings would take
// several times the memory.
type index struct {
	// part says which of the packed texts of a row is the ID.
	part  int
	seed  maphash.Seed
	slots []uint32
	// used counts slots that are not empty, graves included.
	used int
}

const (
	empty = 0
	grave = ^uint32(0)
)

func (x *index) hash(kind uint8, id []byte) uint64 {
	return maphash.Bytes(x.seed, id) + uint64(kind)
}

// hashText is the same hash, of text.
func (x *index) hashText(kind uint8, id string) uint64 {
	return maphash.String(x.seed, id) + uint64(kind)
}

// find walks the slots of a hash until one holds a row for which same is true. It answers with that slot, or -1.
func (x *index) find(hash uint64, same func(row uint32) bool) int {
	if len(x.slots) == 0 {
		return -1
	}
	mask := uint64(len(x.slots) - 1)
	for at := hash & mask; ; at = (at + 1) & mask {
		switch slot := x.slots[at]; {
		case slot == empty:
			return -1
		case slot != grave && same(slot-1):
			return int(at)
		}
	}
}

// add notes a row that is not in the table. Rehash gives the hash of any row.
func (x *index) add(row uint32, rehash func(row uint32) uint64) {
	if 4*(x.used+1) > 3*len(x.slots) {
		x.grow(rehash)
	}
	x.place(row, rehash(row))
	x.used++
}

func (x *index) place(row uint32, hash uint64) {
	mask := uint64(len(x.slots) - 1)
	at := hash & mask
	for x.slots[at] != empty {
		at = (at + 1) & mask
	}
	x.slots[at] = row + 1
}

// row is the row in a slot that find gave.
func (x *index) row(slot int) uint32 { return x.slots[slot] - 1 }

// remove empties a slot that find gave. A grave keeps the walk to the slots behind it.
func (x *index) remove(slot int) { x.slots[slot] = grave }

// grow makes the table at most three eighths full, and leaves the graves behind.
func (x *index) grow(rehash func(row uint32) uint64) {
	old := x.slots
	live := 0
	for _, slot := range old {
		if slot != empty && slot != grave {
			live++
		}
	}
	size := 16
	for 3*size < 8*(live+1) {
		size *= 2
	}
	x.slots, x.used = make([]uint32, size), live
	for _, slot := range old {
		if slot != empty && slot != grave {
			x.place(slot-1, rehash(slot-1))
		}
	}
}
