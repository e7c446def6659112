package mapping

import (
	"errors"
	"fmt"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/expression"
)

// CheckExpressions reports what is wrong with the rows of a Spec, as far as it can be known without the directories: mistakes in
// expressions, and rows with more or less than one giver.
func CheckExpressions(spec Spec) Problems {
	return append(checkRows(directory.User, spec.Users), checkRows(directory.Department, spec.Departments)...)
}

func checkRows(kind directory.Kind, rows []Row) Problems {
	var problems Problems
	for i, r := range rows {
		if err := checkRow(kind, r); err != nil {
			problems = append(problems, Problem{Path: rowPath(kind, i), Field: r.To, Message: err.Error()})
		}
	}
	return problems
}

func checkRow(kind directory.Kind, r Row) error {
	if err := oneGiver(r); err != nil {
		return err
	}
	if err := r.mayBeSensitive(); err != nil {
		return err
	}
	if err := r.mayBeNumbered(kind); err != nil {
		return err
	}
	if r.Expression == "" {
		return nil
	}
	if err := expression.Check(kind, r.Expression); err != nil {
		return fmt.Errorf("expression: %w", err)
	}
	return nil
}

// mayBeNumbered checks whether doubles of the row's values can be told apart by a number. The type is known only if the row says it.
func (r *Row) mayBeNumbered(kind directory.Kind) error {
	switch {
	case !r.Numbered:
		return nil
	case kind != directory.User:
		return errors.New("doubles: Number is for rows of users; departments are told apart by their parents")
	case r.Type != "" && r.Type != directory.String:
		return fmt.Errorf("doubles: Number appends a number to a text, and the field is of type %s: leave it out, or give the row the type String", r.Type)
	}
	return nil
}

// oneGiver checks that exactly one part of a row gives its values.
func oneGiver(r Row) error {
	givers := 0
	for _, given := range []bool{r.From != "", r.Value != nil, r.Expression != ""} {
		if given {
			givers++
		}
	}
	if givers != 1 {
		return errors.New("exactly one of from, value and expression must be set")
	}
	return nil
}
