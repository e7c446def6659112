package scope

import (
	"errors"
	"fmt"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
)

// chooseDepartments works out which departments are synced.
func (s *Scope) chooseDepartments(spec Spec) error {
	names := directoryNames{tree: s.tree}
	include, err := names.resolveAll("scope.departments.include", spec.DepartmentsInclude)
	exclude, errExclude := names.resolveAll("scope.departments.exclude", spec.DepartmentsExclude)
	if err := errors.Join(err, errExclude); err != nil {
		return err
	}
	chosen := subtrees(s.tree, include)
	if len(include) == 0 {
		chosen = set(s.tree.TopDown())
	}
	out := subtrees(s.tree, exclude)
	for id := range chosen {
		if out[id] {
			continue
		}
		s.synced[id] = true
		s.populated[id] = !s.onlyPeople // then every department keeps its place and none brings its people
		for _, above := range s.tree.Ancestors(id) {
			s.synced[above] = true
		}
	}
	for _, id := range s.tree.TopDown() {
		if s.synced[id] {
			s.departments = append(s.departments, id)
		}
	}
	return nil
}

// subtrees is the set of some departments and all below them.
func subtrees(tree *directory.Tree, roots []string) map[string]bool {
	members := map[string]bool{}
	for _, root := range roots {
		members[root] = true
		for _, id := range tree.Descendants(root) {
			members[id] = true
		}
	}
	return members
}

// directoryNames finds departments by what a task calls them.
type directoryNames struct {
	tree *directory.Tree
	// byPath is made when the first path is looked up.
	byPath map[string][]string
}

// resolveAll turns IDs and paths into IDs. Each that names no department is an error: a typing error must not take people out of scope.
func (n *directoryNames) resolveAll(list string, names []string) ([]string, error) {
	var ids []string
	var problems []error
	for i, name := range names {
		id, err := n.resolve(name)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s[%d]: %w", list, i, err))
			continue
		}
		ids = append(ids, id)
	}
	return ids, errors.Join(problems...)
}

// resolve finds one department. An ID is preferred to a path, and a path may begin with a slash.
func (n *directoryNames) resolve(name string) (string, error) {
	if n.tree.Contains(name) {
		return name, nil
	}
	for _, problem := range n.tree.Problems() {
		if problem.ID == name {
			return "", fmt.Errorf("the department %q has no place in the tree: %w", name, problem.Err)
		}
	}
	if n.byPath == nil {
		n.byPath = map[string][]string{}
		for _, id := range n.tree.TopDown() {
			path := n.tree.Path(id)
			n.byPath[path] = append(n.byPath[path], id)
		}
	}
	switch ids := n.byPath[strings.TrimPrefix(name, "/")]; len(ids) {
	case 0:
		return "", fmt.Errorf("the source has no department with the ID or path %q: a path gives the names from the top, as in Headquarters/Sales; "+
			"if the department was renamed or moved, give its ID, which stays the same", name)
	case 1:
		return ids[0], nil
	default:
		return "", fmt.Errorf("the path %q leads to %d departments (%s): give the ID of one of them", name, len(ids), strings.Join(ids[:min(len(ids), 5)], ", "))
	}
}
