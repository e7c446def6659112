package runner

import (
	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/scope"
)

// compileScope prepares the task's scope for the departments that were read.
func compileScope(d *definition.Definition, tree *directory.Tree, source directory.Schema) (*scope.Scope, error) {
	chosen, err := scope.Compile(scopeOf(&d.TaskSpec.Scope), tree, source)
	if err != nil {
		return nil, &failure{v1alpha1.ReasonInvalidDefinition, err.Error()}
	}
	return chosen, nil
}

// treeOf is the tree of the departments that could be understood.
func treeOf(entries []directory.Entry) *directory.Tree {
	nodes := make([]directory.Node, 0, len(entries))
	for i := range entries {
		if entries[i].Err == nil {
			nodes = append(nodes, directory.Node{ID: entries[i].ID, Parent: entries[i].Parent, Name: entries[i].Name})
		}
	}
	return directory.NewTree(nodes)
}

// includes says whether an entry of the source is in the task's scope. After an error it is not known.
func (e *execution) includes(entry *directory.Entry) (bool, error) {
	if entry.Err != nil {
		return false, entry.Err
	}
	if entry.Filtered {
		return false, nil
	}
	if entry.Kind == directory.Department {
		return e.chosen.Department(entry.ID), nil
	}
	return e.chosen.User(entry, e.state.Links.Has(directory.User, entry.ID))
}
