package plan

import "synccenter.dev/synccenter/internal/directory"

// needs fills in which operations of the same plan an operation needs, while the plan is numbered.
type needs struct {
	*Planner
	// exchanged says where those users stand in the plan whose identifier others claim, opened which departments have a temporary name
	// since when, and moved where departments are moved.
	exchanged, opened, moved map[string]int
}

func newNeeds(p *Planner) *needs {
	return &needs{Planner: p, exchanged: map[string]int{}, opened: map[string]int{}, moved: map[string]int{}}
}

// fill gives an operation that has its index its needs, and notes it for those that come later.
func (n *needs) fill(o *Operation) {
	if o.Subject == directory.Department {
		n.fillDepartment(o)
		return
	}
	if o.Restores != nil {
		o.restores(n.exchanged)
		if taker, ok := n.exchanged[n.exchange.takers[o.SourceID]]; ok {
			o.Restores.Taken = &taker
		}
	}
	if giver := n.giverOf(o); giver != "" {
		o.need(n.exchanged, giver)
	}
	if o.Wave>>20 == uint32(stageExchange) {
		n.exchanged[o.SourceID] = o.Index
	}
}

func (n *needs) fillDepartment(o *Operation) {
	switch {
	case o.Wave>>20 == uint32(stageStepAside):
		n.opened[o.SourceID] = o.Index
		return
	case o.Kind == MoveDepartment:
		o.need(n.opened, o.SourceID)
		n.moved[o.SourceID] = o.Index
	case o.Restores != nil:
		o.restores(n.opened)
		o.need(n.moved, o.SourceID)
	}
	if o.Kind == CreateDepartment || o.Kind == MoveDepartment || o.Kind == UpdateDepartment {
		o.need(n.opened, n.departments.takes[o.SourceID])
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
