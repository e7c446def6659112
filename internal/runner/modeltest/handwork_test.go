package modeltest

import (
	"maps"
	"slices"

	"pgregory.net/rapid"

	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/directory"
)

// editTarget is one thing that somebody does in the target by hand.
func (w *world) editTarget(t *rapid.T) {
	e := &editor{t, w, w.target}
	targetEdits[e.oneOf(slices.Sorted(maps.Keys(targetEdits)), "edit of the target")](e)
}

// targetEdits are what people do to a target by hand.
var targetEdits = map[string]func(*editor){
	"make a user": func(e *editor) {
		user := &memory.Entry{Kind: directory.User, Mark: e.someMark(directory.User)}
		user.Set("login", e.pick(logins, "login"))
		user.Set("number", e.pick(numbers, "number"))
		if between(e.T, 0, 3, "protected") == 0 {
			user.Set("position", "protected")
		}
		if e.of.Config().Capabilities.Membership == directory.OnUser {
			user.Departments = e.departments(1)
		}
		e.put(user)
	},
	"make a department": func(e *editor) {
		department := &memory.Entry{Kind: directory.Department, Mark: e.someMark(directory.Department)}
		department.Set("label", e.pick(labels, "label"))
		if between(e.T, 0, 3, "protected") == 0 {
			department.Set("key", "protected")
		}
		if above := e.some(directory.Department, "parent"); above != nil && oneIn(e.T, 2, "below") {
			department.Parent = above.ID
		}
		e.put(department)
	},
	"change a field": func(e *editor) {
		if user := e.some(directory.User, "user"); user != nil {
			field := e.pick([]string{"name", "number", "position", "mails", "telephone", "greeting"}, "field")
			e.edit(user.Key(), func(u *memory.Entry) {
				u.Set(field, pick(e.T, [][]string{{"by hand"}, {"n1"}, {"protected"}, nil}, "value")...)
			})
		}
	},
	"rename a user": func(e *editor) {
		if user := e.some(directory.User, "user"); user != nil {
			e.edit(user.Key(), func(u *memory.Entry) { u.Set("login", e.pick(logins, "login")) })
		}
	},
	"turn an account off or on": func(e *editor) {
		if user := e.some(directory.User, "user"); user != nil && e.of.Config().Capabilities.Disable {
			e.edit(user.Key(), func(u *memory.Entry) { u.Disabled = !u.Disabled })
		}
	},
	"delete a user": func(e *editor) {
		if user := e.some(directory.User, "user"); user != nil {
			_ = e.of.Delete(user.Key())
		}
	},
	"delete a user and make it again": func(e *editor) {
		if user := e.some(directory.User, "user"); user != nil {
			_ = e.of.Delete(user.Key())
			user.ID = ""
			if oneIn(e.T, 2, "without mark") {
				user.Mark = nil
			}
			e.put(user)
		}
	},
	"copy a user": func(e *editor) {
		if user := e.some(directory.User, "user"); user != nil {
			user.ID = ""
			user.Set("login", e.pick(logins, "login"))
			e.put(user)
		}
	},
	"change a mark": func(e *editor) {
		kind := pick(e.T, []directory.Kind{directory.User, directory.Department}, "kind")
		if entry := e.some(kind, "entry"); entry != nil {
			mark := e.someMark(kind)
			e.edit(entry.Key(), func(u *memory.Entry) { u.Mark = mark })
		}
	},
	"change departments": func(e *editor) {
		user := e.some(directory.User, "user")
		able := e.of.Config().Capabilities
		if user == nil || able.Membership != directory.OnUser {
			return
		}
		most := 3
		if able.SingleDepartment {
			most = 1
		}
		departments := e.departments(most)
		e.edit(user.Key(), func(u *memory.Entry) { u.Departments = departments })
	},
	"change members": func(e *editor) {
		department := e.some(directory.Department, "department")
		if department == nil || e.of.Config().Capabilities.Membership != directory.OnDepartment {
			return
		}
		members := e.toggled(department.Members)
		e.edit(department.Key(), func(d *memory.Entry) { d.Members = members })
	},
	"change leaders": func(e *editor) {
		if department := e.some(directory.Department, "department"); department != nil && e.of.Config().Capabilities.Leaders {
			leaders := e.toggled(department.Leaders)
			e.edit(department.Key(), func(d *memory.Entry) { d.Leaders = leaders })
		}
	},
	"name another boss": func(e *editor) {
		if user := e.some(directory.User, "user"); user != nil {
			named := e.toggled(nil)
			e.edit(user.Key(), func(u *memory.Entry) { u.Set("boss", named...) })
		}
	},
	"move or rename a department": func(e *editor) {
		department, above := e.some(directory.Department, "department"), e.some(directory.Department, "parent")
		if department == nil {
			return
		}
		e.edit(department.Key(), func(d *memory.Entry) {
			if oneIn(e.T, 2, "renamed") {
				d.Set("label", e.pick(labels, "label"))
			}
			if d.Parent = ""; above.ID != d.ID && oneIn(e.T, 2, "below") {
				d.Parent = above.ID
			}
		})
	},
	"swap two departments": func(e *editor) { e.swapDepartments() },
	"delete a department": func(e *editor) {
		if department := e.some(directory.Department, "department"); department != nil {
			if oneIn(e.T, 2, "emptied first") {
				e.empty(department.ID)
			}
			_ = e.of.Delete(department.Key())
		}
	},
	"hide a field": func(e *editor) {
		if user := e.some(directory.User, "user"); user != nil {
			field := e.pick([]string{"position", "mails", "login", "boss", "number"}, "field")
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

// someMark draws a mark: none, somebody else's, or ours for some source entry.
func (e *editor) someMark(kind directory.Kind) *directory.Mark {
	ids := userIDs
	if kind == directory.Department {
		ids = departmentIDs
	}
	switch between(e.T, 0, 5, "mark") {
	case 0:
		return &directory.Mark{Owner: "somebody/else", SourceID: e.pick(ids, "marked")}
	case 1:
		return &directory.Mark{Owner: owner, SourceID: e.pick(ids, "marked")}
	}
	return nil
}

// toggled adds somebody to a list of references, or takes them out: a user, or somebody who is none of this directory.
func (e *editor) toggled(list []string) []string {
	one := "a stranger"
	if user := e.some(directory.User, "user"); user != nil && oneIn(e.T, 2, "of this directory") {
		one = memory.Reference(user.ID)
	}
	if slices.Contains(list, one) {
		return slices.DeleteFunc(list, func(value string) bool { return value == one })
	}
	return append(list, one)
}

// empty takes everybody out of a department.
func (e *editor) empty(id string) {
	for _, entry := range e.of.Snapshot() {
		if entry.Kind == directory.Department && entry.Parent == id {
			e.edit(entry.Key(), func(d *memory.Entry) { d.Parent = "" })
		}
		if slices.Contains(entry.Departments, id) {
			e.edit(entry.Key(), func(u *memory.Entry) {
				u.Departments = slices.DeleteFunc(u.Departments, func(d string) bool { return d == id })
			})
		}
	}
	e.edit(memory.Key{Kind: directory.Department, ID: id}, func(d *memory.Entry) { d.Members = nil })
}
