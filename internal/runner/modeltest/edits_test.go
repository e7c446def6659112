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
	userIDs       = []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}
	departmentIDs = []string{"1", "2", "3", "4", "5"}
	logins        = []string{"ann", "bob", "eve", "joe", "kim", "Ann", "BOB"}
	labels        = []string{"Sales", "Research", "sales", "East"}
	numbers       = []string{"n1", "n2", "n3", "n4", "n5", "n6"}
)

// editor makes edits by hand to one of the two directories.
type editor struct {
	*rapid.T
	w  *world
	of *memory.Directory
}

func (e *editor) pick(from []string, label string) string {
	return rapid.SampledFrom(from).Draw(e.T, label)
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
	return entries[rapid.IntRange(0, len(entries)-1).Draw(e.T, label)]
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
	return rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 0, min(most, len(ids)), rapid.ID[string]).Draw(e.T, "departments")
}

// editSource is one thing that happens in a source.
func (w *world) editSource(t *rapid.T) {
	e := &editor{t, w, w.source}
	name := rapid.SampledFrom(slices.Sorted(maps.Keys(sourceEdits))).Draw(t, "edit of the source")
	sourceEdits[name](e)
}

// sourceEdits are what people do to a source, and what is wrong with it at times.
var sourceEdits = map[string]func(*editor){
	"hire":         func(e *editor) { e.hire(e.pick(userIDs, "user")) },
	"hire another": func(e *editor) { e.hire(e.pick(userIDs, "user")) },
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
			if rapid.Bool().Draw(e.T, "two leaders") {
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
				if u.Hidden = []string{field}; rapid.Bool().Draw(e.T, "shown again") {
					u.Hidden = nil
				}
			})
		}
	},
	"break an entry": func(e *editor) {
		kind := rapid.SampledFrom([]directory.Kind{directory.User, directory.Department}).Draw(e.T, "kind")
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
	user.Set("uid", e.pick(logins, "login"))
	user.Set("cn", "The "+user.First("uid"))
	user.Set("num", "n"+id)
	user.Set("level", "1")
	if rapid.Bool().Draw(e.T, "with more") {
		e.changeField(user)
		e.changeField(user)
	}
	e.put(user)
}

// changeField gives one field another value, or none, or one that is wrong.
func (e *editor) changeField(user *memory.Entry) {
	switch e.pick([]string{"cn", "num", "title", "mail", "phone", "level"}, "field") {
	case "cn":
		user.Set("cn", rapid.SampledFrom([][]string{{"A Name"}, {"Another Name"}, {"two", "names"}, nil}).Draw(e.T, "cn")...)
	case "num":
		user.Set("num", e.pick(numbers, "num"))
	case "title":
		user.Set("title", rapid.SampledFrom([][]string{{"clerk"}, {"boss"}, {"Boss"}, {"protected"}, nil}).Draw(e.T, "title")...)
	case "mail":
		user.Set("mail", rapid.SampledFrom([][]string{{"A@example.com"}, {"a@example.com", "B@example.com"}, {"b@example.com"}, nil}).Draw(e.T, "mail")...)
	case "phone":
		user.Set("phone", rapid.SampledFrom([][]string{{"1 23"}, {"12 3"}, {"123"}, {"45 6"}, nil}).Draw(e.T, "phone")...)
	case "level":
		user.Set("level", e.pick([]string{"1", "9", "no number"}, "level"))
	}
}

// passOn gives the login of each of some users to the next one, in a circle or, with the last one leaving, in a chain.
func (e *editor) passOn() {
	ids := e.ids(directory.User)
	if len(ids) < 2 {
		return
	}
	chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 2, min(4, len(ids)), rapid.ID[string]).Draw(e.T, "in this order")
	entries := e.of.Snapshot()
	for i, id := range chosen {
		from := entries[memory.Key{Kind: directory.User, ID: chosen[(i+1)%len(chosen)]}]
		e.edit(memory.Key{Kind: directory.User, ID: id}, func(u *memory.Entry) { u.Set("uid", from.First("uid")) })
	}
	if rapid.Bool().Draw(e.T, "the last one leaves") {
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
	if rapid.IntRange(0, 19).Draw(e.T, "nowhere") == 0 {
		parents = []string{id, "99"}
	}
	department.Parent = e.pick(parents, "parent")
	if rapid.Bool().Draw(e.T, "renamed") || department.First("ou") == "" {
		department.Set("ou", e.pick(labels, "label"))
	}
	if rapid.IntRange(0, 3).Draw(e.T, "code") == 0 {
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
	if rapid.Bool().Draw(e.T, "names") {
		name := e.of.Config().Capabilities.DepartmentName
		a.Fields[name], b.Fields[name] = b.Fields[name], a.Fields[name]
	}
	if rapid.Bool().Draw(e.T, "places") && !e.below(a.ID, b.ID) && !e.below(b.ID, a.ID) {
		a.Parent, b.Parent = b.Parent, a.Parent
	}
	e.put(a)
	e.put(b)
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
	tidy := rapid.IntRange(0, 4).Draw(e.T, "left behind") != 0
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
