package scope

import (
	"fmt"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
)

// Why says whether an entry is in scope, as User and Department do, and by which rule. After an error it is not known.
func (s *Scope) Why(e *directory.Entry, linked bool) (in bool, why string, err error) {
	if e.Kind == directory.Department {
		in, why = s.whyDepartment(e.ID)
		return in, why, nil
	}
	if in, err = s.User(e, linked); err != nil {
		return false, "", err
	}
	why, passed := s.whyUser(e, linked)
	switch {
	case s.filter == nil || !passed:
	case in:
		why += ", and scope.users.filter holds"
	default:
		why = "scope.users.filter does not hold"
	}
	return in, why, nil
}

func (s *Scope) whyDepartment(id string) (bool, string) {
	switch {
	case s.populated[id]:
		return true, "it is one of the departments that the scope takes, and so are its people"
	case s.synced[id] && s.onlyPeople:
		return true, "the scope names people alone: departments keep their places and bring nobody along"
	case s.synced[id]:
		return true, "it stands above a department that the scope takes; its own people do not come along"
	case !s.tree.Contains(id):
		return false, "it has no place in the tree"
	}
	return false, "it is not below scope.departments.include, or it is below scope.departments.exclude"
}

// whyUser says which rule decides, but for the filter, and whether it lets the person pass.
func (s *Scope) whyUser(e *directory.Entry, linked bool) (why string, passed bool) {
	switch {
	case s.excluded[e.ID]:
		return "scope.users.exclude names them", false
	case s.listed[e.ID]:
		return "scope.users.include names them", true
	case !linked && !s.includeNewUsers:
		return "they have no link, and scope.users.includeNewUsers is false", false
	case s.everyone:
		return "the scope takes everybody", true
	case s.onlyPeople:
		return "scope.users.include names others, and no department is included", false
	case len(e.Departments) == 0 && s.homeless:
		return "they have no department, and no department is included by name", true
	case len(e.Departments) == 0:
		return "they have no department, and the scope includes departments by name", false
	}
	var out []string
	for _, id := range e.Departments {
		if s.populated[id] {
			return fmt.Sprintf("their department %q is in scope", s.tree.Path(id)), true
		}
		out = append(out, fmt.Sprintf("%q", s.tree.Path(id)))
	}
	return "none of their departments is in scope: " + strings.Join(out, ", "), false
}

// Path is the path of a department, or its ID when it has no place.
func (s *Scope) Path(id string) string {
	if path := s.tree.Path(id); path != "" {
		return path
	}
	return id
}
