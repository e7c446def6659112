package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
)

// matcher finds target entries for source entries that have none: by mark first, then rule by rule.
type matcher struct {
	kind  directory.Kind
	owner string
	// protected are target IDs that nobody may take.
	protected map[entryKey]bool
	entries   map[string]*unpaired
	byKey     []map[string][]*unpaired
	adopting  Policy
	relink    Policy
}

// unpaired is a source entry without a target entry.
type unpaired struct {
	id, name string
	mark     hits
	rules    []hits
}

// hits are what a rule found for one entry.
type hits struct {
	count int
	first hit
}

// hit is a target entry that a rule found.
type hit struct {
	// ours: it was found by our own mark, so it is no stranger.
	ours   bool
	target string
	name   string
	// linked is the source ID that the entry is linked to, if any.
	linked string
	// other is the owner whose mark it bears, if that is not ours.
	other string
}

func (h *hits) add(found hit) {
	if h.count == 0 {
		h.first = found
	}
	h.count++
}

// match is what became of an unpaired source entry: a target entry, a decision, or neither, which is a create.
type match struct {
	target   string
	relinks  string
	decision *Decision
	// holds is the source ID whose removal must wait, since its target entry may belong to this source entry.
	holds string
}

func (p *Planner) newMatcher(kind directory.Kind) *matcher {
	return &matcher{
		kind: kind, owner: p.options.Owner, protected: p.protected, entries: map[string]*unpaired{},
		adopting: p.options.Adopt, relink: p.options.Relink,
	}
}

// add adds a source entry with its comparison keys, one for each rule.
func (m *matcher) add(id, name string, keys []string) {
	entry := &unpaired{id: id, name: name, rules: make([]hits, len(keys))}
	m.entries[id] = entry
	for len(m.byKey) < len(keys) {
		m.byKey = append(m.byKey, map[string][]*unpaired{})
	}
	for rule, key := range keys {
		if key != "" {
			key = strings.Clone(key) // or it would hold all the texts of its entry
			m.byKey[rule][key] = append(m.byKey[rule][key], entry)
		}
	}
}

// see shows the matcher one target entry. linked is the source ID of its link, if it has one. With own, which gives the keys of that source
// entry, a value that the target entry is about to give up is no hit.
func (m *matcher) see(id, name string, keys []string, mark *directory.Mark, linked string, own func() []string) {
	found := hit{target: id, name: name, linked: linked}
	if mark != nil {
		switch {
		case mark.Owner == m.owner:
			if entry := m.entries[mark.SourceID]; entry != nil {
				entry.mark.add(hit{ours: true, target: id, name: name, linked: linked})
			}
		case mark.Owner != "":
			found.other = mark.Owner
		}
	}
	for rule, key := range keys {
		if key == "" || rule >= len(m.byKey) {
			continue
		}
		entries := m.byKey[rule][key]
		if len(entries) > 0 && own != nil {
			if wanted := own(); rule < len(wanted) && wanted[rule] != "" && wanted[rule] != key {
				continue
			}
		}
		for _, entry := range entries {
			entry.rules[rule].add(found)
		}
	}
}

// resolve decides about every entry. present says of a source ID that it is still in the source.
func (m *matcher) resolve(present func(id string) bool) map[string]match {
	out := map[string]match{}
	chosen := map[string][]string{}
	for _, id := range slices.Sorted(maps.Keys(m.entries)) {
		entry := m.entries[id]
		best, decision := entry.best()
		if decision == nil && best != nil {
			chosen[best.target] = append(chosen[best.target], id)
			out[id] = m.judge(best, present)
			continue
		}
		out[id] = match{decision: decision}
	}
	for target, ids := range chosen {
		if len(ids) < 2 {
			continue
		}
		for _, id := range ids {
			out[id] = match{decision: &Decision{Failed, ReasonCollision, fmt.Sprintf(
				"matching: the source entries %q all match the target entry %s, which can be only one of them; correct the values that the matching rules compare", ids, target)}}
		}
	}
	return out
}

// best is the hit of the first rule that has exactly one; more than one fails the entry.
func (u *unpaired) best() (*hit, *Decision) {
	for i, found := range append([]hits{u.mark}, u.rules...) {
		switch {
		case found.count == 1:
			return &found.first, nil
		case found.count > 1 && i == 0:
			return nil, &Decision{Failed, ReasonAmbiguous, fmt.Sprintf(
				"matching: %d target entries bear the mark of this source entry; leave the mark on the right one", found.count)}
		case found.count > 1:
			return nil, &Decision{Failed, ReasonAmbiguous, fmt.Sprintf(
				"matching: rule %d hits %d target entries (one of them is %q); make the compared values unique or put a more exact rule first", i, found.count, found.first.name)}
		}
	}
	return nil, nil
}

// judge says whether the hit may be taken.
func (m *matcher) judge(best *hit, present func(id string) bool) match {
	fail := func(status Status, reason, format string, args ...any) match {
		return match{decision: &Decision{status, reason, "matching: " + fmt.Sprintf(format, args...)}}
	}
	switch {
	case m.protected[entryKey{m.kind, best.target}]:
		return match{decision: &Decision{Skipped, ReasonProtected, protectedMessage}}
	case best.other != "":
		return fail(Failed, ReasonOtherOwner, "the target entry %q bears the mark of owner %q and is left alone; remove the mark there if it is yours", best.name, best.other)
	case best.linked != "" && present(best.linked):
		return fail(Failed, ReasonCollision, "the target entry %q is linked to the source entry %s, which is still there; correct the values that the matching rules compare", best.name, best.linked)
	case best.linked != "" && m.relink == Never:
		return match{} // somebody else, who gives up what they share
	case best.linked != "" && m.relink == Hold:
		held := fail(Held, ReasonRelink, "the target entry %q is linked to the source entry %s, which is gone; set matching.relink to Allow if this is the same one under a new ID, or to Never if it is another", best.name, best.linked)
		held.holds = best.linked
		return held
	case best.linked != "":
		return match{target: best.target, relinks: best.linked}
	case best.ours:
		return match{target: best.target}
	case m.adopting == Hold:
		return fail(Held, ReasonAdoption, "the target entry %q exists already and matches; set matching.adopt to Allow to take it over", best.name)
	case m.adopting == Never:
		return fail(Failed, ReasonAdoption, "the target entry %q exists already and matches, and matching.adopt is Never", best.name)
	}
	return match{target: best.target}
}
