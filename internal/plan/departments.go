package plan

import (
	"maps"
	"slices"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/state"
)

// departments is how the departments of both sides belong together. It is whole in memory: people ask by department all the time.
type departments struct {
	// pairs says for each source department what it is paired with.
	pairs map[string]departmentPair
	// sourceOf gives the source ID for the target ID of every department that is ours.
	sourceOf map[string]string
	// relinked holds source IDs whose target entry now belongs to another source ID.
	relinked map[string]bool
	// awaited holds source IDs that are gone and whose target entry waits for a person to say whose it is.
	awaited map[string]bool
	// refused are departments of ours that cannot get the name and the place that they have in the source.
	refused map[string]*Decision
	// topDown are the source departments, parents before children, and level is their depth.
	topDown []string
	level   map[string]int
	// aside are the departments that get a temporary name first.
	aside map[string]bool
	// takes says whose place a department takes, when that one leaves it.
	takes map[string]string
	// waits says of a department whose place it takes, when that one is to be deleted.
	waits map[string]string
	// blocked says of a department whose place it wants, when the removal of that one is held.
	blocked map[string]string
	// turn is when a department gets its name that takes another's place, or whose place is taken; circles say of the one that opens a circle
	// who get theirs before it, in this order.
	turn    map[string]int
	circles map[string][]string
}

// departmentPair is a source department with its target entry, or with the reason why there is none.
type departmentPair struct {
	target   *mapping.Form
	link     *state.Link
	adopted  bool
	relinks  string
	decision *Decision
}

// pairDepartments finds the target entry of each source department: by its link, by the mark, by the rules, or without
// rules by its name below the target entry of its parent.
func (p *Planner) pairDepartments() {
	p.departments = &departments{pairs: map[string]departmentPair{}, sourceOf: map[string]string{}, relinked: map[string]bool{}, awaited: map[string]bool{}}
	p.departments.order(p.sourceDepartments)
	matcher := p.newMatcher(directory.Department)
	for link := range p.options.Links.Sorted(directory.Department) {
		p.departments.sourceOf[link.TargetID] = link.SourceID
		if p.departmentPresent(link.SourceID) && !p.departmentStands(&link) {
			p.output.lose(link)
		}
	}
	for _, id := range p.departments.topDown {
		form := p.sourceDepartments[id]
		if pair, ok := p.linkedDepartment(id); ok {
			p.departments.pairs[id] = pair
			continue
		}
		matcher.add(id, form.Name, form.Keys)
	}
	for _, id := range slices.Sorted(maps.Keys(p.targetDepartments)) {
		form, linked := p.targetDepartments[id], p.departments.sourceOf[id]
		var own func() []string
		if source := p.sourceDepartments[linked]; source != nil {
			own = func() []string { return source.Keys }
		}
		matcher.see(id, form.Name, form.Keys, form.Mark, linked, own)
	}
	found := matcher.resolve(p.departmentPresent)
	for id, match := range found {
		if match.target != "" || match.decision != nil {
			p.pairDepartment(id, match)
			delete(found, id)
		}
	}
	p.pairByName(found)
	p.refuseRivals()
}

// linkedDepartment is the pair that a link makes; false when its target entry is gone.
func (p *Planner) linkedDepartment(id string) (departmentPair, bool) {
	link, ok := p.options.Links.BySource(directory.Department, id)
	if !ok {
		return departmentPair{}, false
	}
	if target := p.targetDepartments[link.TargetID]; target != nil {
		return departmentPair{target: target, link: &link}, true
	}
	if entry, unknown := p.unknownTargets[entryKey{directory.Department, link.TargetID}]; unknown {
		return departmentPair{link: &link, decision: targetUnknown(entry)}, true
	}
	return departmentPair{}, false
}

// departmentStands reports that the target entry of a link is there.
func (p *Planner) departmentStands(link *state.Link) bool {
	_, unknown := p.unknownTargets[entryKey{directory.Department, link.TargetID}]
	return unknown || p.targetDepartments[link.TargetID] != nil
}

func targetUnknown(entry unknownEntry) *Decision {
	return &Decision{Failed, ReasonTargetUnknown, "the linked target entry could not be understood: " + entry.cause.Error()}
}

func (p *Planner) departmentPresent(id string) bool {
	_, unknown := p.unknown[entryKey{directory.Department, id}]
	return unknown || p.sourceDepartments[id] != nil
}

func (p *Planner) pairDepartment(id string, found match) {
	p.departments.pairs[id] = departmentPair{
		target: p.targetDepartments[found.target], adopted: found.target != "", relinks: found.relinks, decision: found.decision,
	}
	if found.target != "" {
		p.departments.sourceOf[found.target] = id
	}
	if found.relinks != "" {
		p.departments.relinked[found.relinks] = true
	}
	if found.holds != "" {
		p.departments.awaited[found.holds] = true
	}
}

// pairByName pairs what is left by parent and name, from the top down, since a parent must be paired first. Only where the
// task has no rules of its own for departments.
func (p *Planner) pairByName(left map[string]match) {
	free := map[string][]*mapping.Form{}
	for _, form := range p.targetDepartments {
		if p.departments.sourceOf[form.ID] == "" {
			key := p.placeKey(form.Parent, form)
			free[key] = append(free[key], form)
		}
	}
	siblings := map[string]int{}
	for id := range left {
		form := p.sourceDepartments[id]
		siblings[p.placeKey(form.Parent, form)]++
	}
	for _, id := range p.departments.topDown {
		if _, ok := left[id]; !ok {
			continue
		}
		form := p.sourceDepartments[id]
		parent, known := p.targetParent(form)
		var candidates []*mapping.Form
		if known && len(form.Keys) == 0 && siblings[p.placeKey(form.Parent, form)] == 1 {
			candidates = free[p.placeKey(parent, form)]
		}
		if len(candidates) != 1 {
			p.departments.pairs[id] = departmentPair{}
			continue
		}
		only := candidates[0]
		matcher := p.newMatcher(directory.Department)
		matcher.add(id, form.Name, []string{"name"})
		matcher.see(only.ID, only.Name, []string{"name"}, only.Mark, "", nil)
		p.pairDepartment(id, matcher.resolve(p.departmentPresent)[id])
	}
}

// placeKey is what no two departments of a target can share: the parent and the name.
func (p *Planner) placeKey(parent string, form *mapping.Form) string {
	if !p.options.Capabilities.Nested {
		parent = ""
	}
	return parent + "\x00" + p.departmentNameKey(form)
}

func (p *Planner) departmentNameKey(form *mapping.Form) string {
	name, equality := form.Name, directory.IgnoreCase
	if field, ok := p.options.Mapper.Field(directory.Department, p.options.Capabilities.DepartmentName); ok {
		if values := form.Fields.Get(field.Name); len(values) > 0 {
			name, equality = values[0], field.Equality
		}
	}
	return equality.Key(name)
}

// targetParent is the target ID of a department's parent; false when the parent has no target entry yet.
func (p *Planner) targetParent(form *mapping.Form) (string, bool) {
	if form.Parent == "" || !p.options.Capabilities.Nested {
		return "", true
	}
	if pair, ok := p.departments.pairs[form.Parent]; ok {
		if pair.target == nil {
			return "", false
		}
		return pair.target.ID, true
	}
	link, ok := p.options.Links.BySource(directory.Department, form.Parent)
	return link.TargetID, ok
}

// order puts the source departments top down. What stands below a department that is not there, or in a circle, is at the top.
func (d *departments) order(forms map[string]*mapping.Form) {
	d.level = make(map[string]int, len(forms))
	for id := range forms {
		depth := 0
		for at := forms[id]; at.Parent != "" && forms[at.Parent] != nil && depth <= len(forms); at = forms[at.Parent] {
			depth++
		}
		d.level[id] = depth
	}
	d.topDown = slices.SortedFunc(maps.Keys(forms), func(a, b string) int {
		if d.level[a] != d.level[b] {
			return d.level[a] - d.level[b]
		}
		return strings.Compare(a, b)
	})
}

// departmentPath says for people where a source department stands.
func (p *Planner) departmentPath(id string) string {
	var names []string
	for at := p.sourceDepartments[id]; at != nil && len(names) <= len(p.sourceDepartments); at = p.sourceDepartments[at.Parent] {
		names = append(names, strings.ReplaceAll(at.Name, "/", "\\/"))
	}
	if len(names) == 0 {
		if link, ok := p.options.Links.BySource(directory.Department, id); ok && link.Name != "" {
			return link.Name
		}
		return id
	}
	slices.Reverse(names)
	return strings.Join(names, "/")
}

func (p *Planner) departmentPaths(ids []string) []string {
	if len(ids) == 0 {
		return nil
	}
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = p.departmentPath(id)
	}
	return out
}
