package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/spool"
	"synccenter.dev/synccenter/internal/state"
)

// exchange orders what gives up an identifier before what claims it: renames, removals and creates. Identifiers are named by their
// comparison key, users by source ID.
type exchange struct {
	equality directory.Equality
	// claims say which user that is created gets an identifier, rivals who else would get it.
	claims map[string]string
	rivals map[string][]string
	// renames are in the order in which they were planned, which is that of the source IDs.
	renames []rename
	// removals wait for their place in the order; gives says what each gives up.
	removals *spool.Spool
	gives    map[string]string
	// unread are those who are removed and whose identifier cannot be read: it may be any that is claimed.
	unread map[string]bool
	kept   map[string]keptName
	// needs says, for a claimer, which user must have given up its identifier before.
	needs map[string]string
	// circles says of the user who opens a circle who are renamed after that, in this order.
	circles map[string][]string
	// refused are claims that cannot succeed.
	refused map[string]Decision
}

type rename struct {
	operation     Operation
	before, after string
}

// keptName is an identifier that still belongs to somebody who left, whose entry is protected, or beside whom the plan was made.
type keptName struct {
	name              string
	state             state.LinkState
	protected, beside bool
}

func newExchange(equality directory.Equality) exchange {
	return exchange{
		equality: equality, claims: map[string]string{}, rivals: map[string][]string{}, removals: spool.New(spool.BlockSize), gives: map[string]string{},
		unread: map[string]bool{}, kept: map[string]keptName{}, needs: map[string]string{}, circles: map[string][]string{}, refused: map[string]Decision{},
	}
}

func (e *exchange) key(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return e.equality.Key(values[0])
}

func (e *exchange) len() int { return len(e.renames) }

// claim notes who is to get an identifier, and answers how many were to get it before.
func (e *exchange) claim(key, id string) int {
	if key == "" {
		return 0
	}
	if _, taken := e.claims[key]; taken {
		e.rivals[key] = append(e.rivals[key], id)
		return len(e.rivals[key])
	}
	e.claims[strings.Clone(key)] = id // or it would hold all the texts of its user
	return 0
}

func (e *exchange) rename(operation Operation, before, after string) {
	e.renames = append(e.renames, rename{operation, before, after})
}

func (e *exchange) keep(key, name string, in state.LinkState) {
	if key != "" {
		e.kept[key] = keptName{name: name, state: in}
	}
}

func (e *exchange) keepProtected(key, name string) {
	if key != "" {
		e.kept[key] = keptName{name: name, protected: true}
	}
}

func (e *exchange) keepBeside(key, name string) {
	if key != "" {
		e.kept[key] = keptName{name: name, beside: true}
	}
}

func (e *exchange) remove(operation Operation, key string, unread bool) error {
	if operation.Removal == Delete && key != "" {
		e.gives[key] = operation.SourceID
	}
	if operation.Removal == Delete && unread {
		e.unread[operation.SourceID] = true
	}
	encoded, err := json.Marshal(operation)
	if err != nil {
		return fmt.Errorf("encoding the removal of %q: %w", operation.SourceID, err)
	}
	return e.removals.Add(operation.SourceID, append([]byte{encodedOperation}, encoded...))
}

// planExchange gives renames and removals their place in the order.
func (p *Planner) planExchange() error {
	e := &p.exchange
	byID := make(map[string]*rename, len(e.renames))
	for i := range e.renames {
		r := &e.renames[i]
		byID[r.operation.SourceID] = r
		if r.before != "" && r.before != r.after {
			e.gives[r.before] = r.operation.SourceID
		}
	}
	wanted := e.findNeeds(byID)
	if e.claimed() {
		maps.Copy(wanted, e.unread)
	}
	levels := e.levels(byID)
	e.inTurn(byID, levels)
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		if err := p.planRename(id, byID, levels); err != nil {
			return err
		}
	}
	for record, err := range e.removals.Sorted() {
		if err != nil {
			return err
		}
		operation, err := decode(record.Value)
		if err != nil {
			return err
		}
		at := wave(stageRemoveUsers, 0)
		if wanted[operation.SourceID] {
			at = wave(stageExchange, 0)
		}
		if err := p.output.planned(operation, at); err != nil {
			return err
		}
	}
	return nil
}

// findNeeds says who needs whom, and which givers are wanted by somebody.
func (e *exchange) findNeeds(byID map[string]*rename) map[string]bool {
	wanted := map[string]bool{}
	consider := func(id, key string) {
		if kept, ok := e.kept[key]; ok {
			e.refused[id] = kept.refusal()
			return
		}
		if giver, ok := e.gives[key]; ok && giver != id {
			e.needs[id] = giver
			wanted[giver] = true
		}
	}
	for key, id := range e.claims {
		consider(id, key)
	}
	for key, ids := range e.rivals {
		for _, id := range ids {
			consider(id, key)
		}
	}
	for id, r := range byID {
		if r.after != r.before {
			consider(id, r.after)
		}
	}
	return wanted
}

// claimed reports that anybody is to get an identifier.
func (e *exchange) claimed() bool {
	return len(e.claims) > 0 || slices.ContainsFunc(e.renames, func(r rename) bool { return r.before != r.after })
}

func (k keptName) refusal() Decision {
	if k.protected {
		return Decision{Failed, ReasonNameInUse, fmt.Sprintf(
			"the identifier still belongs to %q, whose target entry is protected by the task; give one of the two another identifier", k.name)}
	}
	if k.beside {
		return Decision{Failed, ReasonNameInUse, fmt.Sprintf(
			"the identifier still belongs to %q, whom this run is not about; name both in spec.only, or run the task without it", k.name)}
	}
	if k.state == state.Held {
		return Decision{Held, ReasonDependsOnHeld, fmt.Sprintf(
			"the identifier still belongs to %q, whose removal is held; decide about that removal, or give one of the two another identifier", k.name)}
	}
	return Decision{Failed, ReasonNameInUse, fmt.Sprintf(
		"the identifier still belongs to %q, who left the source and whose account is kept (%s); "+
			"delete the account there, or give one of the two another identifier", k.name, k.state)}
}

// levels counts for each rename how many others must come before it. Each needs at most one other, so what is not a chain is a circle with chains
// that end in it; a circle is opened at its smallest ID, whose rename then takes two steps.
func (e *exchange) levels(byID map[string]*rename) map[string]renameLevel {
	out := make(map[string]renameLevel, len(byID))
	for _, start := range slices.Sorted(maps.Keys(byID)) {
		var path []string
		at, on := start, map[string]bool{}
		for byID[at] != nil && out[at] == (renameLevel{}) && !on[at] {
			path, on[at] = append(path, at), true
			at = e.needs[at]
		}
		if on[at] {
			first := slices.Min(path[slices.Index(path, at):])
			e.open(path, at, first, out)
			path = path[:slices.Index(path, at)]
		}
		level := out[at].last
		for _, id := range slices.Backward(path) {
			level++
			out[id] = renameLevel{last: level}
		}
	}
	return out
}

// renameLevel is when a rename happens: at last, and for the one that opens a circle also at level 1 with a temporary value.
type renameLevel struct {
	last   int
	opened bool
	// finishes: see Operation.Finishes.
	finishes bool
}

// open gives the levels of a circle, which begins at path[at] and is opened at first.
func (e *exchange) open(path []string, at, first string, out map[string]renameLevel) {
	circle := path[slices.Index(path, at):]
	shift := slices.Index(circle, first)
	// In the order of need: first needs the next one, and so on; the last one needs first.
	ordered := append(slices.Clone(circle[shift:]), circle[:shift]...)
	level := 1
	for i := len(ordered) - 1; i > 0; i-- {
		level++
		// Once somebody has the value of the one who opened the circle, going on is as short as going back.
		out[ordered[i]] = renameLevel{last: level, finishes: level > 2}
		e.circles[first] = append(e.circles[first], ordered[i])
	}
	out[first] = renameLevel{last: level + 1, opened: true, finishes: true}
}

// inTurn puts renames that would end in one identifier one behind the other, whoever exchanges it first and then in the order of their IDs:
// where the target refuses all but one, it is the same one each time. What needs one of them comes later still.
func (e *exchange) inTurn(byID map[string]*rename, levels map[string]renameLevel) {
	circled := map[string]bool{}
	for first, others := range e.circles {
		circled[first] = true
		for _, id := range others {
			circled[id] = true
		}
	}
	ids := slices.SortedFunc(maps.Keys(byID), func(a, b string) int {
		if circled[a] != circled[b] {
			if circled[a] {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	again := true
	for pass := 0; again && pass <= len(ids); pass++ {
		again = false
		last := map[string]int{}
		for _, id := range ids {
			r, level := byID[id], levels[id]
			if r.after == r.before {
				continue // it keeps what it has
			}
			least := last[r.after] + 1
			if byID[e.needs[id]] != nil {
				least = max(least, levels[e.needs[id]].last+1)
			}
			if !circled[id] && level.last < least {
				level.last, again = least, true
				levels[id] = level
			}
			last[r.after] = max(last[r.after], level.last)
		}
	}
}

// planRename plans one rename, in two steps where it opens a circle.
func (p *Planner) planRename(id string, byID map[string]*rename, levels map[string]renameLevel) error {
	r, level := byID[id], levels[id]
	if level.opened {
		temporary := temporaryValue(id)
		step := r.operation
		step.Changes = []Change{{Field: r.operation.Changes[0].Field, Before: r.operation.Changes[0].Before, After: []string{temporary}}}
		step.Note = "two or more people exchange this value, so it is given up first"
		if err := p.output.planned(step, wave(stageExchange, 1)); err != nil {
			return err
		}
		restore := &Restore{Values: r.operation.Changes[0].Before}
		for _, other := range p.exchange.circles[id] {
			o := &byID[other].operation
			restore.Handed = append(restore.Handed, Handed{SourceID: other, TargetID: o.TargetID, Values: o.Changes[0].Before})
		}
		r.operation.Restores = restore
		r.operation.Changes = []Change{{Field: r.operation.Changes[0].Field, Before: []string{temporary}, After: r.operation.Changes[0].After}}
	}
	r.operation.Finishes = level.finishes
	return p.output.planned(r.operation, wave(stageExchange, level.last))
}

// temporaryValue is a value that nobody has: it is made from the entry's ID, so that each plan makes the same.
func temporaryValue(id string) string {
	sum := sha256.Sum256([]byte(id))
	return "swap-" + hex.EncodeToString(sum[:6])
}
