package expression

import (
	"fmt"

	"github.com/google/cel-go/common/types"

	"synccenter.dev/synccenter/internal/directory"
)

// Filter answers yes or no to an entry. It may be used by several goroutines at once.
type Filter struct {
	expression *Expression
}

// CompileFilter prepares a filter.
func CompileFilter(kind directory.Kind, text string, schema directory.Schema) (*Filter, error) {
	checked, err := check(kind, text)
	if err != nil {
		return nil, err
	}
	if err := givesTruth(checked.OutputType()); err != nil {
		return nil, err
	}
	x, err := build(kind, checked, schema)
	if err != nil {
		return nil, err
	}
	return &Filter{x}, nil
}

// CheckFilter reports what is wrong with a filter, as far as that can be known without the directory.
func CheckFilter(kind directory.Kind, text string) error {
	checked, err := check(kind, text)
	if err != nil {
		return err
	}
	return givesTruth(checked.OutputType())
}

// Fields lists the fields that the filter may read.
func (f *Filter) Fields() []string { return f.expression.Fields() }

// Holds evaluates the filter. After an error the answer is not known; it is not "no".
func (f *Filter) Holds(e *directory.Entry) (bool, error) {
	result, err := f.expression.evaluate(e)
	if err != nil {
		return false, err
	}
	holds, ok := result.(types.Bool)
	if !ok {
		return false, fmt.Errorf("the filter gives %s instead of true or false", result.Type().TypeName())
	}
	return bool(holds), nil
}
