package modeltest

import (
	"slices"
	"strconv"

	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/state"
)

// standing is how a source entry stands to a task.
type standing string

const (
	// absent: a read does not give it.
	absent standing = "absent"
	// out: it is there and the task is not about it.
	out standing = "out of scope"
	// in: the task is about it.
	in standing = "in scope"
	// unknown: it is there and nothing can be told of it.
	unknown standing = "unknown"
)

// view is the source as a run must see it, worked out without the engine.
type view struct {
	*world
	entries map[memory.Key]*memory.Entry
	links   *state.Links
	// lost: the scope names a department that has no place, so nothing may be done.
	lost bool
	// synced departments are in scope, populated are those that bring their people.
	synced, populated map[string]bool
}

func (w *world) view(entries map[memory.Key]*memory.Entry, links *state.Links) *view {
	v := &view{world: w, entries: entries, links: links, synced: map[string]bool{}, populated: map[string]bool{}}
	scope := w.task.Spec.Scope
	for _, id := range slices.Concat(scope.Departments.Include, scope.Departments.Exclude) {
		v.lost = v.lost || !v.placed(id)
	}
	for key := range entries {
		if key.Kind != directory.Department || !v.placed(key.ID) {
			continue
		}
		chosen := len(scope.Departments.Include) == 0
		for _, root := range scope.Departments.Include {
			chosen = chosen || slices.Contains(v.line(key.ID), root)
		}
		for _, root := range scope.Departments.Exclude {
			chosen = chosen && !slices.Contains(v.line(key.ID), root)
		}
		if !chosen {
			continue
		}
		v.populated[key.ID] = len(scope.Departments.Include) > 0 || len(scope.Users.Include) == 0
		for _, above := range v.line(key.ID) {
			v.synced[above] = true
		}
	}
	return v
}

// line is a department with those above it, as far as they are there.
func (v *view) line(id string) (ids []string) {
	for id != "" && len(ids) < 20 {
		ids = append(ids, id)
		entry := v.entries[memory.Key{Kind: directory.Department, ID: id}]
		if entry == nil {
			break
		}
		id = entry.Parent
	}
	return ids
}

// placed: the department and all above it can be understood, up to the top.
func (v *view) placed(id string) bool {
	line := v.line(id)
	for _, above := range line {
		entry := v.entries[memory.Key{Kind: directory.Department, ID: above}]
		if entry == nil || entry.Broken != "" || entry.Filtered {
			return false
		}
	}
	return len(line) < 20
}

// standing says how an entry stands.
func (v *view) standing(key memory.Key) standing {
	entry := v.entries[key]
	switch {
	case entry == nil || entry.Filtered:
		return absent
	case entry.Broken != "":
		return unknown
	case key.Kind == directory.Department && !v.placed(key.ID):
		return unknown
	case key.Kind == directory.User:
		return v.userStanding(entry)
	case v.synced[key.ID]:
		return v.mapped(entry)
	}
	return out
}

func (v *view) userStanding(user *memory.Entry) standing {
	scope := v.task.Spec.Scope
	listed := slices.Contains(scope.Users.Include, user.ID)
	if slices.Contains(scope.Users.Exclude, user.ID) {
		return out
	}
	if !listed {
		if scope.IncludeNewUsers != nil && !*scope.IncludeNewUsers && !v.links.Has(directory.User, user.ID) {
			return out
		}
		if belongs := v.belongs(user); belongs != in {
			return belongs
		}
	}
	if scope.Users.Filter != "" {
		level, err := strconv.Atoi(user.First("level"))
		switch {
		case err != nil, slices.Contains(user.Hidden, "level"):
			return unknown
		case level >= 5:
			return out
		}
	}
	return v.mapped(user)
}

// belongs says whether a user is in scope by a department.
func (v *view) belongs(user *memory.Entry) standing {
	scope := v.task.Spec.Scope
	everybody := len(scope.Departments.Include)+len(scope.Users.Include) == 0
	switch {
	case everybody && (len(scope.Departments.Exclude) == 0 || len(user.Departments) == 0):
		return in
	case slices.ContainsFunc(user.Departments, func(id string) bool { return v.populated[id] }):
		return in
	case len(scope.Departments.Include) == 0 && len(scope.Users.Include) > 0:
		return out
	case slices.ContainsFunc(user.Departments, func(id string) bool { return !v.placed(id) }):
		return unknown
	}
	return out
}

// mapped: what the target can take has at most one value where there is room for one, and a value where one is demanded.
func (v *view) mapped(entry *memory.Entry) standing {
	schema := v.target.Config().Schema
	for from, to := range pairs[entry.Kind] {
		field, _ := schema.Field(entry.Kind, to)
		if slices.Contains(entry.Hidden, from) {
			continue
		}
		if values := entry.Fields[from]; !field.Multiple && len(values) > 1 || field.Required && len(values) == 0 {
			return unknown
		}
	}
	return in
}

// departments are those of a user of the source that the task answers for, the main one first. Complete says that all is known of them.
func (v *view) departments(user *memory.Entry) (ids []string, complete bool) {
	complete = true
	for _, id := range user.Departments {
		switch v.standing(memory.Key{Kind: directory.Department, ID: id}) {
		case in:
			ids = append(ids, id)
		case unknown:
			complete = false
		case absent:
			complete = complete && v.entries[memory.Key{Kind: directory.Department, ID: id}] == nil
		case out:
		}
	}
	return ids, complete
}
