package ldap

import (
	"hash/maphash"
	"maps"
	"strings"
	"sync"

	"synccenter.dev/synccenter/internal/directory"
)

// nameKey stands for a normalised distinguished name. Two seeded hashes take a quarter of the memory of the text, and nobody
// who writes into the directory can make them collide.
type nameKey [2]uint64

var nameSeeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func keyOf(normalDN string) nameKey {
	return nameKey{maphash.String(nameSeeds[0], normalDN), maphash.String(nameSeeds[1], normalDN)}
}

// places knows which entry stands where. Names change with every move above them, so an entry is never known by its name alone.
type places struct {
	mu  sync.RWMutex
	ids map[nameKey]uuid
	// dns holds names as the server spells them; it is nil where nothing is written.
	dns map[uuid]string
}

func newPlaces(keepDNs bool) *places {
	p := &places{ids: map[nameKey]uuid{}}
	if keepDNs {
		p.dns = map[uuid]string{}
	}
	return p
}

// record notes where an entry stands now, and forgets where it stood.
func (p *places) record(id uuid, dn, normal string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dns != nil {
		if old, ok := p.dns[id]; ok && old != dn {
			p.dropName(id, old)
		}
		p.dns[id] = strings.Clone(dn) // or it would hold the whole message that it came with
	}
	p.ids[keyOf(normal)] = id
}

// find returns the entry of a normalised name.
func (p *places) find(normal string) (uuid, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	id, ok := p.ids[keyOf(normal)]
	return id, ok
}

// dn returns where an entry stands.
func (p *places) dn(id uuid) (string, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	dn, ok := p.dns[id]
	return dn, ok
}

// forget drops an entry that is gone, or whose place is in doubt.
func (p *places) forget(id uuid) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if dn, ok := p.dns[id]; ok {
		p.dropName(id, dn)
		delete(p.dns, id)
	}
}

// rebase follows the move of a whole subtree: every name that ended in from ends in to now.
func (p *places) rebase(from, to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	moved := map[uuid]string{}
	for id, dn := range p.dns {
		start := len(dn) - len(from)
		if start == 0 || start > 0 && dn[start-1] == ',' {
			if strings.EqualFold(dn[start:], from) {
				moved[id] = dn[:start] + to
			}
		}
	}
	for id, dn := range moved {
		p.dropName(id, p.dns[id])
		if normal, ok := directory.NormalDN(dn); ok {
			p.ids[keyOf(normal)] = id
		}
	}
	maps.Copy(p.dns, moved)
}

// dropName removes a name, unless another entry has taken it meanwhile.
func (p *places) dropName(id uuid, dn string) {
	normal, ok := directory.NormalDN(dn)
	if !ok {
		return
	}
	if key := keyOf(normal); p.ids[key] == id {
		delete(p.ids, key)
	}
}

// parentName is the normalised name of the entry above.
func parentName(normal string) string {
	_, above, _ := strings.Cut(normal, ",") // see directory.NormalDN: a comma separates two RDNs, always
	return above
}

// nearest finds the nearest known entry above a normalised name.
func (p *places) nearest(normal string) (uuid, bool) {
	for above := parentName(normal); above != ""; above = parentName(above) {
		if id, ok := p.find(above); ok {
			return id, true
		}
	}
	return uuid{}, false
}
