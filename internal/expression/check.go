package expression

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/overloads"
	"github.com/google/cel-go/common/types"

	"synccenter.dev/synccenter/internal/directory"
)

// check parses the text and checks its types.
func check(kind directory.Kind, text string) (*cel.Ast, error) {
	env, err := environment(kind)
	if err != nil {
		return nil, fmt.Errorf("preparing the language of expressions: %w", err)
	}
	parsed, issues := env.Parse(text)
	if issues.Err() != nil {
		return nil, issuesError(issues)
	}
	freeNulls(parsed.NativeRep())
	checked, issues := env.Check(parsed)
	if issues.Err() != nil {
		return nil, issuesError(issues)
	}
	return checked, nil
}

// freeNulls makes dyn(null) of every null. Without it CEL refuses what everyone writes first, c ? null : "text", because the two
// alternatives are of different types.
func freeNulls(parsed *ast.AST) {
	var nulls []ast.Expr
	ast.PostOrderVisit(parsed.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.LiteralKind && e.AsLiteral() == types.NullValue {
			nulls = append(nulls, e)
		}
	}))
	factory := ast.NewExprFactory()
	next := ast.MaxID(parsed)
	for _, null := range nulls {
		literal := factory.NewLiteral(next, types.NullValue)
		next++
		null.SetKindCase(factory.NewCall(null.ID(), overloads.TypeConvertDyn, literal))
	}
}

// issuesError says where in the text each problem is.
func issuesError(issues *cel.Issues) error {
	var problems []string
	for _, e := range issues.Errors() {
		message := strings.ReplaceAll(e.Message, " (in container '')", "")
		message, _, _ = strings.Cut(message, " expecting {") // a list of all tokens follows, which helps nobody
		problems = append(problems, fmt.Sprintf("line %d, column %d: %s", e.Location.Line(), e.Location.Column()+1, message))
	}
	return errors.New(strings.Join(problems, "; "))
}
