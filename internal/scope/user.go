package scope

import (
	"fmt"

	"synccenter.dev/synccenter/internal/directory"
)

// User reports that a person is in scope. After an error it is not known, and the person must be left as they are.
// Linked says that the task knows the person already.
func (s *Scope) User(e *directory.Entry, linked bool) (bool, error) {
	if e.Err != nil {
		return false, e.Err
	}
	if s.excluded[e.ID] {
		return false, nil
	}
	if !s.listed[e.ID] {
		if !linked && !s.includeNewUsers {
			return false, nil
		}
		if in, err := s.belongs(e); !in {
			return false, err
		}
	}
	if s.filter == nil {
		return true, nil
	}
	holds, err := s.filter.Holds(e)
	if err != nil {
		return false, fmt.Errorf("scope.users.filter: %w", err)
	}
	return holds, nil
}

// belongs reports that one of the person's departments is in scope.
func (s *Scope) belongs(e *directory.Entry) (bool, error) {
	switch {
	case s.everyone:
		return true, nil
	case s.onlyPeople:
		return false, nil
	case len(e.Departments)+len(e.Unplaced) == 0:
		return s.homeless, nil
	}
	unplaced := ""
	for _, id := range e.Departments {
		if s.populated[id] {
			return true, nil
		}
		if !s.tree.Contains(id) {
			unplaced = id
		}
	}
	if unplaced != "" {
		return false, fmt.Errorf("the department %s of this person has no place in the tree, so whether they are in scope is not known: correct that department in the source", unplaced)
	}
	if len(e.Unplaced) > 0 {
		return false, fmt.Errorf("%q, which this person names as a department, is none in the source, so whether they are in scope is not known: correct the person's value or the department's name", e.Unplaced[0])
	}
	return false, nil
}
