package scope

import (
	"fmt"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/expression"
)

// Spec is what a task says about its scope.
type Spec struct {
	// DepartmentsInclude and DepartmentsExclude are IDs, or paths as directory.Tree writes them.
	DepartmentsInclude, DepartmentsExclude []string
	// UsersInclude and UsersExclude are source IDs.
	UsersInclude, UsersExclude []string
	// Filter is a CEL expression over user; empty lets everyone through.
	Filter string
	// IncludeNewUsers: people without a link come along.
	IncludeNewUsers bool
}

// Scope is a compiled Spec. It may be used by several goroutines at once.
type Scope struct {
	tree *directory.Tree
	// departments are synced; populated are those of them whose people are in scope.
	departments       []string
	synced, populated map[string]bool
	// everyone: no department is chosen or excluded, and no person chosen. onlyPeople: people are chosen and no departments.
	everyone, onlyPeople bool
	// homeless: people without any department are in scope.
	homeless         bool
	listed, excluded map[string]bool
	filter           *expression.Filter
	includeNewUsers  bool
}

// Compile prepares a scope for the departments that were read. The schema is that of the source.
func Compile(spec Spec, tree *directory.Tree, schema directory.Schema) (*Scope, error) {
	s := &Scope{
		tree: tree, synced: map[string]bool{}, populated: map[string]bool{}, includeNewUsers: spec.IncludeNewUsers,
		listed: set(spec.UsersInclude), excluded: set(spec.UsersExclude),
	}
	s.homeless = len(spec.DepartmentsInclude)+len(spec.UsersInclude) == 0
	s.everyone = s.homeless && len(spec.DepartmentsExclude) == 0
	s.onlyPeople = len(spec.DepartmentsInclude) == 0 && len(spec.UsersInclude) > 0
	if err := s.chooseDepartments(spec); err != nil {
		return nil, err
	}
	if spec.Filter != "" {
		filter, err := expression.CompileFilter(directory.User, spec.Filter, schema)
		if err != nil {
			return nil, fmt.Errorf("scope.users.filter: %w", err)
		}
		s.filter = filter
	}
	return s, nil
}

func set(ids []string) map[string]bool {
	members := make(map[string]bool, len(ids))
	for _, id := range ids {
		members[id] = true
	}
	return members
}

// Fields lists the fields of users that the filter may read.
func (s *Scope) Fields() []string {
	if s.filter == nil {
		return nil
	}
	return s.filter.Fields()
}

// Departments lists the departments that are synced, those above the chosen ones included, every parent before its children.
// The caller must not change it.
func (s *Scope) Departments() []string { return s.departments }

// Knows reports that a department was there when the scope was made.
func (s *Scope) Knows(id string) bool { return s.tree.Contains(id) }

// Department reports that a department is synced, as one of the chosen or above one.
func (s *Scope) Department(id string) bool { return s.synced[id] }
