package plan

import (
	"maps"
	"slices"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/guard"
)

// membership gathers, user by user, what departments gain and lose. Departments are named by source ID.
type membership struct {
	// changes are for targets with membership on the department: [false] the ordinary ones, [true] those that take a person's last department.
	changes map[bool]map[string]*memberChange
	// members and loses count linked people, and those among them whose account is to be taken away.
	members, loses map[string]int64
	// held counts people of a department, and of all below it, whose removal is held; kept those who left and whose account stays.
	held, kept map[string]int64
}

// memberChange lists users by source ID, in the order in which they were planned, which is that of their IDs.
type memberChange struct {
	add, remove           []string
	addNames, removeNames []string
}

func newMembership() membership {
	return membership{
		changes: map[bool]map[string]*memberChange{false: {}, true: {}},
		members: map[string]int64{}, loses: map[string]int64{}, held: map[string]int64{}, kept: map[string]int64{},
	}
}

func (m *membership) of(department string, takesAway bool) *memberChange {
	change := m.changes[takesAway][department]
	if change == nil {
		change = &memberChange{}
		m.changes[takesAway][department] = change
	}
	return change
}

func (m *membership) add(department, user, name string) {
	change := m.of(department, false)
	change.add, change.addNames = append(change.add, user), append(change.addNames, name)
}

func (m *membership) remove(department, user, name string, takesAway bool) {
	change := m.of(department, takesAway)
	change.remove, change.removeNames = append(change.remove, user), append(change.removeNames, name)
}

// change is what a department's member list needs.
func (m *membership) change(department string, takesAway bool) (Change, bool) {
	change := m.changes[takesAway][department]
	if change == nil {
		return Change{}, false
	}
	return Change{
		Field: FieldMembers, Reference: directory.User,
		Before: change.remove, BeforeNames: change.removeNames, After: change.add, AfterNames: change.addNames,
	}, true
}

// losses lists the departments that lose people, for the guard.
func (m *membership) losses(name func(id string) string) []guard.DepartmentLoss {
	var out []guard.DepartmentLoss
	for _, id := range slices.Sorted(maps.Keys(m.loses)) {
		out = append(out, guard.DepartmentLoss{ID: id, Name: name(id), Members: m.members[id], Loses: m.loses[id]})
	}
	return out
}
