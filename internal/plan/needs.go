package plan

import (
	"maps"
	"slices"

	"synccenter.dev/synccenter/internal/directory"
)

// needs fills in which operations of the same plan an operation needs, while the plan is numbered.
type needs struct {
	*Planner
	// gained says which departments get people, left from which ones people move away, and lost which ones are the last of people who lose them.
	gained, left, lost map[string]int
	// exchanged says where those users stand in the plan whose identifier others claim, opened which departments have a temporary name
	// since when, and moved where departments are moved.
	exchanged, opened, moved map[string]int
	// movedIn says in which wave departments are moved.
	movedIn map[string]uint32
	// renamed says where departments that take part in an exchange of names get theirs.
	renamed map[string]int
	// adopted says where entries become ours: until then nothing else may be done to them.
	adopted map[entryKey]int
}

func newNeeds(p *Planner) *needs {
	return &needs{Planner: p, exchanged: map[string]int{}, opened: map[string]int{}, moved: map[string]int{}, movedIn: map[string]uint32{}, renamed: map[string]int{}, gained: map[string]int{}, left: map[string]int{}, lost: map[string]int{}, adopted: map[entryKey]int{}}
}

// fill gives an operation that has its index its needs, and notes it for those that come later.
func (n *needs) fill(o *Operation) {
	key := entryKey{o.Subject, o.SourceID}
	if index, adopted := n.adopted[key]; adopted {
		o.Needs = append(o.Needs, index)
	} else if o.Adopt {
		n.adopted[key] = o.Index
	}
	if o.Subject == directory.Department {
		n.fillDepartment(o)
		return
	}
	if o.Restores != nil {
		o.restores(n.exchanged)
		for i := range o.Restores.Handed {
			o.Restores.Handed[i].Index = n.exchanged[o.Restores.Handed[i].SourceID]
		}
	}
	if giver := n.giverOf(o); giver != "" {
		o.need(n.exchanged, giver)
	}
	if o.Wave>>20 == uint32(stageExchange) && !o.Adopt {
		n.exchanged[o.SourceID] = o.Index
	}
}

func (n *needs) fillDepartment(o *Operation) {
	switch {
	case o.Wave>>20 == uint32(stageStepAside) && o.Adopt:
		return
	case o.Wave>>20 == uint32(stageStepAside):
		n.opened[o.SourceID] = o.Index
		return
	case o.Kind == MoveDepartment:
		o.need(n.opened, o.SourceID)
		if n.movedIn[n.departments.takes[o.SourceID]] < o.Wave { // what is done at the same time cannot be waited for
			o.need(n.moved, n.departments.takes[o.SourceID])
		}
		n.moved[o.SourceID], n.movedIn[o.SourceID] = o.Index, o.Wave
	case o.Kind == SyncDepartmentMembers:
		n.fillMembers(o)
		return
	case o.Restores != nil:
		o.restores(n.opened)
		o.need(n.moved, o.SourceID)
		for i := range o.Restores.Handed {
			o.Restores.Handed[i].Index = n.renamed[o.Restores.Handed[i].SourceID]
		}
	}
	if o.Kind == DeleteDepartment {
		o.need(n.left, o.SourceID)
		o.need(n.lost, o.SourceID)
	}
	if o.Kind == CreateDepartment || o.Kind == MoveDepartment || n.renames(o) {
		o.need(n.opened, n.departments.takes[o.SourceID])
	}
	if n.renames(o) && n.departments.turn[o.SourceID] != 0 {
		o.need(n.moved, n.departments.takes[o.SourceID])
		o.need(n.renamed, n.departments.takes[o.SourceID])
		n.renamed[o.SourceID] = o.Index
	}
}

// fillMembers lets people leave a department only when they are where they go.
func (n *needs) fillMembers(o *Operation) {
	switch memberPart(o.Wave & maxLevel) {
	case ordinary:
		n.gained[o.SourceID] = o.Index
	case moving:
		n.left[o.SourceID] = o.Index
		for _, other := range slices.Sorted(maps.Keys(n.membership.awaits[o.SourceID])) {
			o.need(n.gained, other)
		}
	case takingAway:
		n.lost[o.SourceID] = o.Index
	}
}

// need adds the operation of an entry, if it has one.
func (o *Operation) need(indices map[string]int, id string) {
	if index, ok := indices[id]; ok {
		o.Needs = append(o.Needs, index)
	}
}

// restores notes which operation gave the temporary value that this one ends.
func (o *Operation) restores(opened map[string]int) {
	o.Restores.Opened = opened[o.SourceID]
	o.need(opened, o.SourceID)
}
