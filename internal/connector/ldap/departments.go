package ldap

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"synccenter.dev/synccenter/internal/connector/ldap/wire"
	"synccenter.dev/synccenter/internal/directory"
)

// membership says that a group names a user. The user is known by the key of its name only, until users are read.
type membership struct {
	user       nameKey
	department uuid
}

// compareUsers orders memberships by user.
func compareUsers(a, b membership) int {
	return cmp.Or(cmp.Compare(a.user[0], b.user[0]), cmp.Compare(a.user[1], b.user[1]))
}

// departmentIndex knows the departments: where they stand, what they are called and, for groups, whom they name.
type departmentIndex struct {
	*places

	mu sync.RWMutex
	// read reports that all departments are known.
	read bool
	// names are the departments by name, which may not be unique.
	names map[string][]uuid
	// called are the names by department.
	called map[uuid]string
	// members is sorted once the departments are read.
	members []membership
}

func newDepartmentIndex() *departmentIndex {
	return &departmentIndex{places: newPlaces(true), names: map[string][]uuid{}, called: map[uuid]string{}}
}

func (d *departmentIndex) complete() bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.read
}

// finish is called when all departments and members are noted.
func (d *departmentIndex) finish(members []membership) {
	slices.SortFunc(members, func(a, b membership) int {
		return cmp.Or(compareUsers(a, b), slices.Compare(a.department[:], b.department[:]))
	})
	d.mu.Lock()
	defer d.mu.Unlock()
	d.members, d.read = members, true
}

// call notes the name of a department; an empty one forgets it.
func (d *departmentIndex) call(id uuid, name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if old, ok := d.called[id]; ok {
		key := directory.IgnoreCase.Key(old)
		d.names[key] = slices.DeleteFunc(d.names[key], func(other uuid) bool { return other == id })
		delete(d.called, id)
	}
	if name != "" {
		key := directory.IgnoreCase.Key(name)
		d.names[key] = append(d.names[key], id)
		d.called[id] = name
	}
}

func (d *departmentIndex) name(id uuid) (string, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	name, ok := d.called[id]
	return name, ok
}

func (d *departmentIndex) withName(name string) []uuid {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.Clone(d.names[directory.IgnoreCase.Key(name)])
}

// of lists the groups that name a user.
func (d *departmentIndex) of(normalDN string) []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	user := membership{user: keyOf(normalDN)}
	var ids []string
	for at, _ := slices.BinarySearchFunc(d.members, user, compareUsers); at < len(d.members) && d.members[at].user == user.user; at++ {
		ids = append(ids, d.members[at].department.String())
	}
	return slices.Compact(ids)
}

// leaders leaves the placeholder out, which a server with referential integrity puts where a leader was.
func (s *Source) leaders(dns []string) []string {
	return slices.DeleteFunc(slices.Clone(dns), func(dn string) bool { return directory.DN.Same(dn, s.config.Departments.Placeholder) })
}

// departmentsOf lists the departments of a user as its entry or its place names them, the main one first, and the values that name none.
func (s *Source) departmentsOf(r *reader, e *wire.Entry, normalDN string) (ids, unplaced []string, err error) {
	attribute := s.config.Users.DepartmentAttribute
	switch {
	case s.config.Users.Layout == ByDepartment:
		if id, ok := s.departments.nearest(normalDN); ok {
			return []string{id.String()}, nil, nil
		}
		return nil, nil, nil
	case s.config.Departments.Type == Groups:
		return s.departments.of(normalDN), nil, nil
	case attribute == nil:
		return nil, nil, nil
	}
	for _, value := range values(e, attribute.Name) {
		found := r.departmentNamed(attribute.Holds, value)
		switch {
		case found.err != nil:
			return nil, nil, found.err
		case found.id == "":
			unplaced = append(unplaced, strings.Clone(value))
		case !slices.Contains(ids, found.id):
			ids = append(ids, found.id)
		}
	}
	return ids, unplaced, nil
}

// named is the department that a value names; its ID is empty when that is none that was read.
type named struct {
	id  string
	err error
}

// maxNamed bounds how many values a reader remembers.
const maxNamed = 10_000

// departmentNamed finds the department that a value of the department attribute names. A reader finds each once: users are many, and
// their departments few.
func (r *reader) departmentNamed(holds Holds, value string) named {
	if known, ok := r.named[value]; ok {
		return known
	}
	var found named
	id, ok, err := r.source.departmentNamed(holds, value)
	if ok {
		found.id = id.String()
	}
	found.err = err
	if len(r.named) < maxNamed {
		r.named[strings.Clone(value)] = found // or the value would hold the whole message that it came with
	}
	return found
}

// departmentNamed finds the department that a value of the department attribute names. False: none that was read.
func (s *Source) departmentNamed(holds Holds, value string) (id uuid, ok bool, err error) {
	switch holds {
	case HoldsDN:
		if normal, valid := directory.NormalDN(value); valid {
			id, ok = s.departments.find(normal)
		}
	case HoldsID:
		if id, ok = parseUUID(value); ok {
			_, ok = s.departments.dn(id)
		}
	default:
		found := s.departments.withName(value)
		if len(found) > 1 {
			return id, false, invalid("%s names %d departments that are called %q: give them different names, or let the attribute hold DN or ID",
				s.config.Users.DepartmentAttribute.Name, len(found), printable(value))
		}
		if ok = len(found) == 1; ok {
			id = found[0]
		}
	}
	return id, ok, nil
}
