package mapping

import (
	"cmp"
	"slices"

	"synccenter.dev/synccenter/internal/directory"
)

// Mapper maps the entries of one task. It may be used by several goroutines at once.
type Mapper struct {
	users, departments *kindMapper
	account            account
}

// kindMapper maps the entries of one kind. Rows are in the order of their target fields.
type kindMapper struct {
	fields, onCreate, references []row
	// numberedOnCreate are those of onCreate whose doubles get a number.
	numberedOnCreate []row
	// sensitive are those of fields and onCreate whose values are shown nowhere.
	sensitive []row
	rules     []rule
	// effective holds the target fields that rows and rules name, with what the rows override.
	effective                  map[string]directory.Field
	sourceFields, targetFields []string
}

func (m *Mapper) of(kind directory.Kind) *kindMapper {
	if kind == directory.Department {
		return m.departments
	}
	return m.users
}

// SourceFields lists the fields of source entries that mapping and matching read. The caller must not change it.
func (m *Mapper) SourceFields(kind directory.Kind) []string { return m.of(kind).sourceFields }

// TargetFields lists the fields of target entries that Observe reads. The caller must not change it.
func (m *Mapper) TargetFields(kind directory.Kind) []string { return m.of(kind).targetFields }

// Field describes a target field that is mapped or matched, with what the task overrides. Required includes what the task demands.
func (m *Mapper) Field(kind directory.Kind, name string) (directory.Field, bool) {
	field, ok := m.of(kind).effective[name]
	return field, ok
}

// Numbered lists the fields of users whose doubles get a number, in the order of their names: what Map gives for them is a base.
func (m *Mapper) Numbered() []directory.Field {
	var fields []directory.Field
	for _, group := range [][]row{m.users.fields, m.users.onCreate} {
		for i := range group {
			if group[i].numbered {
				fields = append(fields, group[i].field)
			}
		}
	}
	slices.SortFunc(fields, func(a, b directory.Field) int { return cmp.Compare(a.Name, b.Name) })
	return fields
}

// Map turns a source entry into the form that the target should hold. An error is an *EntryError: the entry is unknown.
// The form shares memory with the entry.
func (m *Mapper) Map(e directory.Entry) (Form, error) {
	if e.Err != nil {
		return Form{}, &EntryError{Cause: e.Err}
	}
	k := m.of(e.Kind)
	form := Form{Kind: e.Kind, ID: e.ID, Name: e.Name, Parent: e.Parent, Departments: e.Departments, Leaders: e.Leaders, Unplaced: e.Unplaced}
	var err error
	if form.Fields, err = mapRows(k.fields, &e, &form.Unreadable); err != nil {
		return Form{}, err
	}
	if e.Kind == directory.User {
		m.account.settle(form.Fields)
	}
	if form.References, err = mapRows(k.references, &e, &form.Unreadable); err != nil {
		return Form{}, err
	}
	if form.OnCreate, err = mapRows(k.onCreate, &e, &form.Unreadable); err != nil {
		return Form{}, err
	}
	form.OnCreate = slices.DeleteFunc(form.OnCreate, func(a directory.Attribute) bool { return len(a.Values) == 0 })
	slices.Sort(form.Unreadable)
	form.Keys = k.keys(&e, func(p pair) string { return p.source })
	return form, nil
}

// mapRows evaluates rows on an entry. Fields whose value is not known are added to unreadable instead.
func mapRows(rows []row, e *directory.Entry, unreadable *[]string) (directory.Attributes, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	attributes := make(directory.Attributes, 0, len(rows))
	for i := range rows {
		r := &rows[i]
		values, known, err := r.values(e)
		if err != nil {
			return nil, &EntryError{Row: r.path, Field: r.field.Name, Cause: err}
		}
		if !known {
			*unreadable = append(*unreadable, r.field.Name)
			continue
		}
		attributes = append(attributes, directory.Attribute{Name: r.field.Name, Values: values})
	}
	return attributes, nil
}

// Observe turns a target entry into a form of the same shape. It takes values as they are, also those that mapping would refuse.
// The form shares memory with the entry.
func (m *Mapper) Observe(e directory.Entry) Form {
	k := m.of(e.Kind)
	form := Form{
		Kind: e.Kind, ID: e.ID, Name: e.Name, Parent: e.Parent, Departments: e.Departments, Leaders: e.Leaders,
		Mark: e.Mark, Disabled: e.Disabled,
	}
	form.Fields = observeRows(k.fields, &e, &form.Unreadable)
	form.References = observeRows(k.references, &e, &form.Unreadable)
	slices.Sort(form.Unreadable)
	if len(k.numberedOnCreate) > 0 {
		var ignored []string
		form.OnCreate = observeRows(k.numberedOnCreate, &e, &ignored)
	}
	form.Keys = k.keys(&e, func(p pair) string { return p.field.Name })
	return form
}

// observeRows collects the target fields of rows from a target entry.
func observeRows(rows []row, e *directory.Entry, unreadable *[]string) directory.Attributes {
	if len(rows) == 0 {
		return nil
	}
	attributes := make(directory.Attributes, 0, len(rows))
	for i := range rows {
		field := rows[i].field
		if isUnreadable(e, field.Name) {
			*unreadable = append(*unreadable, field.Name)
			continue
		}
		attributes = append(attributes, directory.Attribute{Name: field.Name, Values: observed(field, e.Attributes.Get(field.Name))})
	}
	return attributes
}

func isUnreadable(e *directory.Entry, name string) bool {
	return len(e.Unreadable) > 0 && slices.Contains(e.Unreadable, name)
}
