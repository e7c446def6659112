package modeltest

import (
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/directory"
)

// Small worlds have many accidents. The IDs of both sides and of both kinds overlap, so that a confusion of two shows.
var (
	userIDs       = []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"}
	departmentIDs = []string{"1", "2", "3", "4", "5", "6"}
	logins        = []string{"ann", "bob", "eve", "joe", "kim", "lee", "mia", "Ann", "BOB", "eVe"}
	labels        = []string{"Sales", "Research", "sales", "East", "West"}
	numbers       = []string{"n1", "n2", "n3", "n4", "n5", "n6"}
)

// editor makes edits by hand to one of the two directories.
type editor struct {
	*rapid.T
	w  *world
	of *memory.Directory
}

func (e *editor) pick(from []string, label string) string {
	return pick(e.T, from, label)
}

// put stores an entry; what the rules of the directory refuse did not happen.
func (e *editor) put(entry *memory.Entry) {
	if _, err := e.of.Put(entry); err != nil {
		e.Logf("  refused: %v", err)
	}
}

func (e *editor) edit(key memory.Key, change func(*memory.Entry)) {
	if err := e.of.Edit(key, change); err != nil {
		e.Logf("  refused: %v", err)
	}
}

// all are the entries of a kind, in the order of their IDs.
func (e *editor) all(kind directory.Kind) []*memory.Entry {
	entries := slices.DeleteFunc(slices.Collect(maps.Values(e.of.Snapshot())), func(entry *memory.Entry) bool { return entry.Kind != kind })
	slices.SortFunc(entries, func(a, b *memory.Entry) int { return strings.Compare(a.ID, b.ID) })
	return entries
}

// some draws one of the entries of a kind, or nil when there is none.
func (e *editor) some(kind directory.Kind, label string) *memory.Entry {
	entries := e.all(kind)
	if len(entries) == 0 {
		return nil
	}
	return entries[number(e.T, len(entries), label)]
}

func (e *editor) ids(kind directory.Kind) (ids []string) {
	for _, entry := range e.all(kind) {
		ids = append(ids, entry.ID)
	}
	return ids
}

// departments draws some of the departments that there are.
func (e *editor) departments(most int) []string {
	ids := e.ids(directory.Department)
	if len(ids) == 0 {
		return nil
	}
	return some(e.T, ids, 0, most, "departments")
}

// editSource is one thing that happens in a source.
func (w *world) editSource(t *rapid.T) {
	e := &editor{t, w, w.source}
	sourceEdits[e.oneOf(slices.Sorted(maps.Keys(sourceEdits)), "edit of the source")](e)
}

// rare are the edits that happen to few entries, or hardly anything would ever be in order.
var rare = []string{"break an entry", "hide a field", "lose sight of somebody", "close a department", "delete a department", "change a mark", "copy a user"}

// oneOf draws an edit by its name.
func (e *editor) oneOf(names []string, label string) string {
	name := e.pick(names, label)
	if slices.Contains(rare, name) && !oneIn(e.T, 3, "even so") {
		return e.oneOf(names, label)
	}
	return name
}

// sourceEdits are what people do to a source, and what is wrong with it at times.
var sourceEdits = map[string]func(*editor){
	"hire": func(e *editor) { e.hire(e.pick(userIDs, "user")) },
	"leave": func(e *editor) {
		if user := e.some(directory.User, "user"); user != nil {
			_ = e.of.Delete(user.Key())
		}
	},
	"another id for the same person": func(e *editor) {
		user := e.some(directory.User, "user")
		id := e.pick(userIDs, "new id")
		if user == nil || e.of.Snapshot()[memory.Key{Kind: directory.User, ID: id}] != nil {
			return
		}
		_ = e.of.Delete(user.Key())
		user.ID = id
		e.put(user)
	},
	"rename": func(e *editor) {
		if user := e.some(directory.User, "user"); user != nil {
			e.edit(user.Key(), func(u *memory.Entry) { u.Set("uid", e.pick(logins, "login")) })
		}
	},
	"pass the logins on": func(e *editor) { e.passOn() },
	"change a field": func(e *editor) {
		if user := e.some(directory.User, "user"); user != nil {
			e.edit(user.Key(), e.changeField)
		}
	},
	"change departments": func(e *editor) {
		if user := e.some(directory.User, "user"); user != nil {
			departments := e.departments(3)
			e.edit(user.Key(), func(u *memory.Entry) { u.Departments = departments })
		}
	},
	"name a manager": func(e *editor) {
		user, boss := e.some(directory.User, "user"), e.some(directory.User, "boss")
		if user != nil {
			e.edit(user.Key(), func(u *memory.Entry) { u.Set("manager", memory.Reference(boss.ID)) })
		}
	},
	"name no manager": func(e *editor) {
		if user := e.some(directory.User, "user"); user != nil {
			e.edit(user.Key(), func(u *memory.Entry) { u.Set("manager") })
		}
	},
	"name leaders": func(e *editor) {
		department, boss := e.some(directory.Department, "department"), e.some(directory.User, "boss")
		if department == nil || boss == nil {
			return
		}
		e.edit(department.Key(), func(d *memory.Entry) {
			d.Leaders = []string{memory.Reference(boss.ID)}
			if oneIn(e.T, 2, "two leaders") {
				d.Leaders = append(d.Leaders, memory.Reference(e.pick(userIDs, "second leader")))
			}
		})
	},
	"make a department": func(e *editor) { e.place(e.pick(departmentIDs, "department")) },
	"move a department": func(e *editor) {
		if department := e.some(directory.Department, "department"); department != nil {
			e.place(department.ID)
		}
	},
	"swap two departments": func(e *editor) { e.swapDepartments() },
	"pass the names on":    func(e *editor) { e.passNamesOn() },
	"turn a branch over":   func(e *editor) { e.turnOver() },
	"close a department":   func(e *editor) { e.closeDepartment() },
	"lose sight of somebody": func(e *editor) {
		if user := e.some(directory.User, "user"); user != nil {
			e.edit(user.Key(), func(u *memory.Entry) { u.Filtered = !u.Filtered })
		}
	},
	"hide a field": func(e *editor) {
		if user := e.some(directory.User, "user"); user != nil {
			field := e.pick([]string{"title", "mail", "phone", "uid", "manager", "level"}, "field")
			e.edit(user.Key(), func(u *memory.Entry) {
				if u.Hidden = []string{field}; oneIn(e.T, 2, "shown again") {
					u.Hidden = nil
				}
			})
		}
	},
	"break an entry": func(e *editor) {
		kind := pick(e.T, []directory.Kind{directory.User, directory.Department}, "kind")
		if entry := e.some(kind, "entry"); entry != nil {
			e.edit(entry.Key(), func(u *memory.Entry) {
				if u.Broken != "" {
					u.Broken = ""
				} else {
					u.Broken = "it cannot be understood"
				}
			})
		}
	},
}

// hire makes a user, or makes it anew.
func (e *editor) hire(id string) {
	user := &memory.Entry{Kind: directory.User, ID: id, Departments: e.departments(3)}
	if user.Set("uid", "u"+id); oneIn(e.T, 2, "with a name that others have") {
		user.Set("uid", e.pick(logins, "login"))
	}
	user.Set("cn", "The "+user.First("uid"))
	user.Set("num", "n"+id)
	user.Set("level", "1")
	if oneIn(e.T, 2, "with more") {
		e.changeField(user)
		e.changeField(user)
	}
	e.put(user)
}

// changeField gives one field another value, or none, or one that is wrong.
func (e *editor) changeField(user *memory.Entry) {
	switch e.pick([]string{"cn", "cn", "num", "num", "title", "title", "mail", "mail", "phone", "phone", "level"}, "field") {
	case "cn":
		user.Set("cn", pick(e.T, [][]string{{"A Name"}, {"Another Name"}, {"A Third"}, {"A Fourth"}, {"two", "names"}, nil}, "cn")...)
	case "num":
		user.Set("num", e.pick(numbers, "num"))
	case "title":
		user.Set("title", pick(e.T, [][]string{{"clerk"}, {"boss"}, {"Boss"}, {"protected"}, nil}, "title")...)
	case "mail":
		user.Set("mail", pick(e.T, [][]string{{"A@example.com"}, {"a@example.com", "B@example.com"}, {"b@example.com"}, nil}, "mail")...)
	case "phone":
		user.Set("phone", pick(e.T, [][]string{{"1 23"}, {"12 3"}, {"123"}, {"45 6"}, nil}, "phone")...)
	case "level":
		user.Set("level", e.pick([]string{"1", "1", "9", "no number"}, "level"))
	}
}

// passOn gives the login of each of some users to the next one, in a circle or, with the last one leaving, in a chain.
func (e *editor) passOn() {
	ids := e.ids(directory.User)
	if len(ids) < 2 {
		return
	}
	chosen := some(e.T, ids, 2, 4, "in this order")
	entries := e.of.Snapshot()
	for i, id := range chosen {
		from := entries[memory.Key{Kind: directory.User, ID: chosen[(i+1)%len(chosen)]}]
		e.edit(memory.Key{Kind: directory.User, ID: id}, func(u *memory.Entry) { u.Set("uid", from.First("uid")) })
	}
	if oneIn(e.T, 2, "the last one leaves") {
		_ = e.of.Delete(memory.Key{Kind: directory.User, ID: chosen[len(chosen)-1]})
	}
}

// place makes a department or puts it somewhere else. At times the parent does not exist, or the department stands below itself.
func (e *editor) place(id string) {
	department := e.of.Snapshot()[memory.Key{Kind: directory.Department, ID: id}]
	if department == nil {
		department = &memory.Entry{Kind: directory.Department, ID: id}
	}
	parents := []string{""}
	for _, other := range e.ids(directory.Department) {
		if !e.below(other, id) {
			parents = append(parents, other)
		}
	}
	if between(e.T, 0, 19, "nowhere") == 0 {
		parents = []string{id, "99"}
	}
	department.Parent = e.pick(parents, "parent")
	if department.First("ou") == "" {
		department.Set("ou", "D"+id)
	}
	if oneIn(e.T, 2, "renamed") {
		department.Set("ou", e.pick(labels, "label"))
	}
	if between(e.T, 0, 3, "code") == 0 {
		department.Set("code", e.pick([]string{"c1", "c2", "protected"}, "code"))
	}
	e.put(department)
}

// below reports that a department is another one or stands below it.
func (e *editor) below(id, root string) bool {
	entries := e.of.Snapshot()
	for steps := 0; id != "" && steps < 20; steps++ {
		if id == root {
			return true
		}
		entry := entries[memory.Key{Kind: directory.Department, ID: id}]
		if entry == nil {
			return false
		}
		id = entry.Parent
	}
	return false
}

// swapDepartments lets two departments exchange names, places, or both.
func (e *editor) swapDepartments() {
	a, b := e.some(directory.Department, "one"), e.some(directory.Department, "other")
	if a == nil || a.ID == b.ID {
		return
	}
	if oneIn(e.T, 2, "names") {
		name := e.of.Config().Capabilities.DepartmentName
		a.Fields[name], b.Fields[name] = b.Fields[name], a.Fields[name]
	}
	if oneIn(e.T, 2, "places") && !e.below(a.ID, b.ID) && !e.below(b.ID, a.ID) {
		a.Parent, b.Parent = b.Parent, a.Parent
	}
	e.put(a)
	e.put(b)
}

// passNamesOn gives the name of each of some departments to the next one, in a circle or in a chain that ends in a new name.
func (e *editor) passNamesOn() {
	ids := e.ids(directory.Department)
	if len(ids) < 2 {
		return
	}
	chosen := some(e.T, ids, 2, 4, "in this order")
	chain := oneIn(e.T, 2, "the last one gets a new name")
	entries, name := e.of.Snapshot(), e.of.Config().Capabilities.DepartmentName
	for i, id := range chosen {
		from := entries[memory.Key{Kind: directory.Department, ID: chosen[(i+1)%len(chosen)]}].First(name)
		if chain && i == len(chosen)-1 {
			from = "New" + id
		}
		e.edit(memory.Key{Kind: directory.Department, ID: id}, func(d *memory.Entry) { d.Set(name, from) })
	}
}

// turnOver puts a department below one that stood below it.
func (e *editor) turnOver() {
	department := e.some(directory.Department, "department")
	if department == nil {
		return
	}
	for _, child := range e.all(directory.Department) {
		if child.Parent == department.ID && child.ID != department.ID {
			child.Parent = department.Parent
			department.Parent = child.ID
			e.put(child)
			e.put(department)
			return
		}
	}
}

// closeDepartment removes a department. Its people and its children go up, or stay and name one that is gone.
func (e *editor) closeDepartment() {
	department := e.some(directory.Department, "department")
	if department == nil {
		return
	}
	tidy := between(e.T, 0, 4, "left behind") != 0
	for _, entry := range e.of.Snapshot() {
		if !tidy {
			break
		}
		if entry.Kind == directory.Department && entry.Parent == department.ID {
			e.edit(entry.Key(), func(d *memory.Entry) { d.Parent = department.Parent })
		}
		if slices.Contains(entry.Departments, department.ID) {
			e.edit(entry.Key(), func(u *memory.Entry) {
				u.Departments = slices.DeleteFunc(u.Departments, func(id string) bool { return id == department.ID })
			})
		}
	}
	_ = e.of.Delete(department.Key())
}
