package plan

import (
	"slices"

	"synccenter.dev/synccenter/internal/directory"
)

// membership gathers, user by user, what departments gain and lose. Departments are named by source ID.
type membership struct {
	// changes are for targets with membership on the department.
	changes [takingAway + 1]map[string]*memberChange
	// awaits says of a department which others its movers go to, and gains which departments get somebody.
	awaits map[string]map[string]bool
	gains  map[string]bool
	// moving are the departments that lose movers: that is planned when all gains are known.
	moving []Operation
	// members and loses count linked people, and those among them whose account is to be taken away.
	members, loses headcount
	// held counts people of a department, and of all below it, whose removal is held; kept those who left and whose account stays.
	held, kept map[string]int64
	// unclear counts people who stay in a department since it is not known where they belong.
	unclear map[string]int64
}

// memberPart tells the changes of one member list apart: each is an operation of its own, done in this order.
type memberPart int

const (
	// ordinary: people who come, and people who leave and have another department anyway.
	ordinary memberPart = iota
	// moving: people whose other departments are all new, so that they leave only when they are there.
	moving
	// takingAway: people who lose the last department.
	takingAway
)

// memberChange lists users by source ID, in the order in which they were planned, which is that of their IDs.
type memberChange struct {
	add, remove           []string
	addNames, removeNames []string
}

func newMembership() membership {
	return membership{
		changes: [...]map[string]*memberChange{{}, {}, {}}, awaits: map[string]map[string]bool{}, gains: map[string]bool{},
		members: newHeadcount(), loses: newHeadcount(), held: map[string]int64{}, kept: map[string]int64{}, unclear: map[string]int64{},
	}
}

func (m *membership) of(department string, part memberPart) *memberChange {
	change := m.changes[part][department]
	if change == nil {
		change = &memberChange{}
		m.changes[part][department] = change
	}
	return change
}

func (m *membership) add(department, user, name string) {
	change := m.of(department, ordinary)
	change.add, change.addNames = append(change.add, user), append(change.addNames, name)
}

func (m *membership) remove(department, user, name string, part memberPart) {
	change := m.of(department, part)
	change.remove, change.removeNames = append(change.remove, user), append(change.removeNames, name)
}

// await notes that people leave a department only when they are in all those others.
func (m *membership) await(department string, others []string) {
	if m.awaits[department] == nil {
		m.awaits[department] = map[string]bool{}
	}
	for _, other := range others {
		m.awaits[department][other] = true
	}
}

// touches reports that the member list of a department needs anything.
func (m *membership) touches(department string) bool {
	return slices.ContainsFunc(m.changes[:], func(part map[string]*memberChange) bool { return part[department] != nil })
}

// change is what a part of a department's member list needs.
func (m *membership) change(department string, part memberPart) (Change, bool) {
	change := m.changes[part][department]
	if change == nil {
		return Change{}, false
	}
	return Change{
		Field: FieldMembers, Reference: directory.User,
		Before: change.remove, BeforeNames: change.removeNames, After: change.add, AfterNames: change.addNames,
	}, true
}
