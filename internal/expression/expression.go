package expression

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"synccenter.dev/synccenter/internal/directory"
)

// Expression gives values for a field. It may be used by several goroutines at once.
type Expression struct {
	kind    directory.Kind
	program cel.Program
	result  *cel.Type
	fields  []directory.Field
	// byName finds a field by the name that the expression uses for it.
	byName map[string]directory.Field
}

// Compile prepares an expression that gives values. The schema tells which fields there are and what their values mean.
func Compile(kind directory.Kind, text string, schema directory.Schema) (*Expression, error) {
	checked, err := check(kind, text)
	if err != nil {
		return nil, err
	}
	if err := givesValues(checked.OutputType()); err != nil {
		return nil, err
	}
	return build(kind, checked, schema)
}

// Check reports what is wrong with an expression that gives values, as far as that can be known without the directory.
func Check(kind directory.Kind, text string) error {
	checked, err := check(kind, text)
	if err != nil {
		return err
	}
	return givesValues(checked.OutputType())
}

// build makes an expression of what has passed check.
func build(kind directory.Kind, checked *cel.Ast, schema directory.Schema) (*Expression, error) {
	env, err := environment(kind)
	if err != nil {
		return nil, fmt.Errorf("preparing the language of expressions: %w", err)
	}
	program, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(costLimit))
	if err != nil {
		return nil, fmt.Errorf("preparing the expression: %w", err)
	}
	x := &Expression{kind: kind, program: program, result: checked.OutputType(), byName: map[string]directory.Field{}}
	used := usedFields(kind, checked)
	for _, name := range used.names {
		field, ok := schema.Field(kind, name)
		if !ok {
			return nil, fmt.Errorf("the directory has no field %q for a %s", name, variable(kind))
		}
		x.byName[name] = field
	}
	if used.any {
		for _, field := range schema.Fields(kind) {
			x.byName[field.Name] = field
		}
	}
	seen := map[string]bool{}
	for _, field := range x.byName {
		if !seen[field.Name] {
			seen[field.Name] = true
			x.fields = append(x.fields, field)
		}
	}
	slices.SortFunc(x.fields, func(a, b directory.Field) int { return strings.Compare(a.Name, b.Name) })
	return x, nil
}

// Fields lists the names of the fields that the expression may read, in the directory's spelling. One that computes the name of a
// field may read all of them.
func (x *Expression) Fields() []string {
	names := make([]string, len(x.fields))
	for i, field := range x.fields {
		names[i] = field.Name
	}
	return names
}

// Type is the type of the values, or empty when only an evaluation can tell.
func (x *Expression) Type() directory.Type {
	result := x.result
	if result.Kind() == types.ListKind {
		result = result.Parameters()[0]
	}
	return typeNames[result.Kind()]
}

// Values evaluates the expression. Null and the empty list are no values; null within a list is left out.
// An error that is an *UnreadableError means that the answer is not known.
func (x *Expression) Values(e *directory.Entry) ([]string, error) {
	result, err := x.evaluate(e)
	if err != nil {
		return nil, err
	}
	return values(result)
}

// evaluate runs the program on an entry.
func (x *Expression) evaluate(e *directory.Entry) (ref.Val, error) {
	result, _, err := x.program.Eval(&activation{entryValue{x, e}})
	if err == nil {
		return result, nil
	}
	var unreadable *UnreadableError
	if errors.As(err, &unreadable) {
		return nil, unreadable
	}
	return nil, x.explain(e, err)
}

// maxMessage bounds what an evaluation error says: parts of it come from the entry.
const maxMessage = 300

// explain adds to an evaluation error which of the fields have no value: that is nearly always the cause.
func (x *Expression) explain(e *directory.Entry, err error) error {
	message := strings.ToValidUTF8(err.Error(), "?")
	if runes := []rune(message); len(runes) > maxMessage {
		message = string(runes[:maxMessage]) + "..."
	}
	var absent []string
	for _, field := range x.fields {
		if len(e.Attributes.Get(field.Name)) == 0 && len(absent) < 5 {
			absent = append(absent, variable(x.kind)+"."+field.Name)
		}
	}
	return &EvaluationError{message: message, absent: absent}
}

// EvaluationError says that an expression cannot be evaluated on an entry. Its message may quote values of the entry.
type EvaluationError struct {
	message string
	absent  []string
}

func (e *EvaluationError) Error() string {
	return "the expression cannot be evaluated: " + e.message + e.Advice()
}

// Advice is the part of the message that quotes no value: which of the fields have none. It may be empty.
func (e *EvaluationError) Advice() string {
	if len(e.absent) == 0 {
		return ""
	}
	return fmt.Sprintf("; this entry has no value for %s: test with has(%s)", strings.Join(e.absent, ", "), e.absent[0])
}

// UnreadableError says that an expression needed a field that could not be read.
type UnreadableError struct {
	Field string
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("the field %q could not be read", e.Field)
}
