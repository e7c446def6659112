package mapping

import (
	"errors"
	"slices"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/expression"
)

// mayBeSensitive checks whether a row's values can be kept from everybody: not those that name things, nor one that stands in the task.
func (r *Row) mayBeSensitive() error {
	switch {
	case !r.Sensitive:
		return nil
	case r.Value != nil:
		return errors.New("a constant stands in the task itself, for everyone who may read it, so it cannot be sensitive: leave out sensitive, or take the value from the source")
	case r.Numbered:
		return errors.New("a sensitive value gets no number, since plan and records would tell of it: leave out doubles or sensitive")
	case r.Type == directory.Reference:
		return errors.New("a reference names people by IDs that stand in links and records, so it cannot be sensitive: leave out sensitive")
	}
	return nil
}

// Sensitive reports that the values of a target field are shown nowhere.
func (m *Mapper) Sensitive(kind directory.Kind, field string) bool {
	return slices.ContainsFunc(m.of(kind).sensitive, func(r row) bool { return r.field.Name == field })
}

// MapSensitive maps only the sensitive fields of a source entry, whenever they are written. A field whose value is not known is left out.
func (m *Mapper) MapSensitive(e directory.Entry) (directory.Attributes, error) {
	if e.Err != nil {
		return nil, &EntryError{Cause: e.Err}
	}
	var unreadable []string
	return mapRows(m.of(e.Kind).sensitive, &e, &unreadable)
}

// SecretsOfSource lists the values of a source entry that sensitive rows read: no message may tell them.
func (m *Mapper) SecretsOfSource(e *directory.Entry) []string {
	return secrets(e, m.of(e.Kind).sensitive, (*row).reads)
}

// SecretsOfTarget lists the values of a target entry that sensitive rows write.
func (m *Mapper) SecretsOfTarget(e *directory.Entry) []string {
	return secrets(e, m.of(e.Kind).sensitive, func(r *row) []string { return []string{r.field.Name} })
}

func secrets(e *directory.Entry, rows []row, fields func(*row) []string) []string {
	var values []string
	for i := range rows {
		for _, name := range fields(&rows[i]) {
			values = append(values, e.Attributes.Get(name)...)
			if refused, ok := errors.AsType[*directory.ValueError](e.Err); ok && refused.Field == name {
				values = append(values, refused.Value)
			}
		}
	}
	return values
}

// withoutCause is the error of an expression without what went wrong, which may quote the values that were worked with.
func withoutCause(err error) error {
	failed, ok := errors.AsType[*expression.EvaluationError](err)
	if !ok {
		return err
	}
	return errors.New("the expression cannot be evaluated, and why is not shown, since the row is sensitive" + failed.Advice())
}
