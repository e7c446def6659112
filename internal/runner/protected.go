package runner

import (
	"fmt"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/expression"
)

// protected holds the task's filters over target entries that are never adopted, changed or removed.
type protected map[directory.Kind]*expression.Filter

// compileProtected prepares the filters. A kind without one protects nobody.
func compileProtected(spec v1alpha1.Protected, target directory.Schema) (protected, error) {
	filters := protected{}
	for _, one := range []struct {
		kind       directory.Kind
		text, path string
	}{
		{directory.User, spec.Users, "spec.protected.users"},
		{directory.Department, spec.Departments, "spec.protected.departments"},
	} {
		if one.text == "" {
			continue
		}
		filter, err := expression.CompileFilter(one.kind, one.text, target)
		if err != nil {
			return nil, &failure{v1alpha1.ReasonInvalidDefinition, fmt.Sprintf("%s: %v", one.path, err)}
		}
		filters[one.kind] = filter
	}
	return filters, nil
}

// fields lists the target fields that the filter of a kind reads.
func (p protected) fields(kind directory.Kind) []string {
	if p[kind] == nil {
		return nil
	}
	return p[kind].Fields()
}

// holds says whether an entry is protected. After an error that is not known.
func (p protected) holds(entry *directory.Entry) (bool, error) {
	if p[entry.Kind] == nil {
		return false, nil
	}
	holds, err := p[entry.Kind].Holds(entry)
	if err != nil {
		return false, fmt.Errorf("asking the task whether the entry is protected: %w", err)
	}
	return holds, nil
}
