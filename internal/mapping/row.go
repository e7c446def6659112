package mapping

import (
	"errors"
	"fmt"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/expression"
)

// row is a compiled Row: one of from, expression and constant gives the values.
type row struct {
	// path is where the row stands in the task.
	path string
	// field is the target field with what the row overrides.
	field      directory.Field
	from       string
	expression *expression.Expression
	constant   []string
	onCreate   bool
	numbered   bool
	sensitive  bool
}

// errRequired is what an entry without a value for a required field fails with.
var errRequired = errors.New("the entry has no value for this field, and the field is required")

// values gives the canonical values of the target field. They are not known when the row needs an unreadable field.
func (r *row) values(e *directory.Entry) (values []string, known bool, err error) {
	switch {
	case r.expression != nil:
		values, err = r.expression.Values(e)
		if _, ok := errors.AsType[*expression.UnreadableError](err); ok {
			return nil, false, nil
		}
		if err == nil {
			values, err = canonical(r.field, values)
		} else if r.sensitive {
			err = withoutCause(err)
		}
	case r.from != "":
		if isUnreadable(e, r.from) {
			return nil, false, nil
		}
		values, err = canonical(r.field, e.Attributes.Get(r.from))
	default:
		values = r.constant
	}
	switch {
	case err != nil:
	case len(values) == 0 && r.field.Required:
		err = errRequired
	case len(values) > 1 && r.numbered:
		err = fmt.Errorf("the entry has %d values, and a row with doubles: Number takes one: choose one with an expression, as in user.mail for the first", len(values))
	}
	return values, true, err
}

// reads lists the source fields that the row may read.
func (r *row) reads() []string {
	switch {
	case r.expression != nil:
		return r.expression.Fields()
	case r.from != "":
		return []string{r.from}
	default:
		return nil
	}
}
