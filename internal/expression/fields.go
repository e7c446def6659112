package expression

import (
	"slices"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"

	"synccenter.dev/synccenter/internal/directory"
)

// The names after the variable that are no fields.
const (
	nameAll         = "all"
	nameID          = "id"
	nameName        = "name"
	nameDepartments = "departments"
	nameParent      = "parent"
)

// reserved reports that a name after the variable is not a field.
func reserved(kind directory.Kind, name string) bool {
	switch name {
	case nameAll, nameID, nameName:
		return true
	case nameDepartments:
		return kind == directory.User
	case nameParent:
		return kind == directory.Department
	default:
		return false
	}
}

// used is what an expression reads of an entry.
type used struct {
	names []string
	// any: the name of a field is computed, so it may be any of them.
	any bool
}

// usedFields finds the fields that an expression names.
func usedFields(kind directory.Kind, checked *cel.Ast) used {
	var found used
	root := ast.NavigateAST(checked.NativeRep())
	entries := ast.MatchDescendants(root, func(e ast.NavigableExpr) bool {
		return e.Kind() == ast.IdentKind && e.AsIdent() == variable(kind)
	})
	for _, entry := range entries {
		name, access, ok := selected(entry)
		if ok && name == nameAll {
			name, _, ok = selected(access)
		} else if ok && reserved(kind, name) {
			continue
		}
		if !ok {
			found.any = true
			continue
		}
		found.names = append(found.names, name)
	}
	slices.Sort(found.names)
	found.names = slices.Compact(found.names)
	return found
}

// selected returns the name in x.name or x["name"] and that whole expression, for an x that is one of these.
func selected(x ast.NavigableExpr) (name string, access ast.NavigableExpr, ok bool) {
	parent, ok := x.Parent()
	if !ok {
		return "", nil, false
	}
	switch parent.Kind() {
	case ast.SelectKind:
		return parent.AsSelect().FieldName(), parent, true
	case ast.CallKind:
		call := parent.AsCall()
		if call.FunctionName() != operators.Index || call.Args()[0].ID() != x.ID() || call.Args()[1].Kind() != ast.LiteralKind {
			return "", nil, false
		}
		literal, ok := call.Args()[1].AsLiteral().(types.String)
		return string(literal), parent, ok
	default:
		return "", nil, false
	}
}

// Names lists the fields that an expression names, whatever the directory has. Nothing is listed for an expression that does not compile.
func Names(kind directory.Kind, text string) []string {
	checked, err := check(kind, text)
	if err != nil {
		return nil
	}
	return usedFields(kind, checked).names
}
