package mapping

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/expression"
)

// Example is a user of a source, and what the rows must make of it.
type Example struct {
	Name         string
	Source, Want map[string][]string
}

// CheckExamples maps each example by the rows for users and reports where the result is not what the example wants, or what is wrong with the
// rows themselves. It needs no directory: every field is taken as text with any number of values, unless a row says otherwise.
func CheckExamples(rows []Row, examples []Example) Problems {
	if len(examples) == 0 {
		return nil
	}
	source, target := exampleSchemas(rows, examples)
	mapper, err := Compile(Spec{Users: rows}, source, target, directory.Capabilities{})
	var problems Problems
	if errors.As(err, &problems) {
		return problems
	}
	for i, example := range examples {
		report := func(format string, arguments ...any) {
			problems = append(problems, Problem{Path: fmt.Sprintf("mappings.tests[%d] (%s)", i, example.Name), Message: fmt.Sprintf(format, arguments...)})
		}
		form, err := mapper.Map(example.entry())
		if err != nil {
			report("%v", err)
			continue
		}
		got := slices.Concat(form.Fields, form.OnCreate, form.References)
		for _, name := range slices.Sorted(maps.Keys(example.Want)) {
			at := slices.IndexFunc(got, func(a directory.Attribute) bool { return strings.EqualFold(a.Name, name) })
			if mapper.hides(name) {
				if at < 0 && len(example.Want[name]) > 0 || at >= 0 && !sameSet(got[at].Values, example.Want[name]) {
					report("%q is not what the example wants; the values are not shown, since the row is sensitive", name)
				}
				continue
			}
			switch {
			case at < 0 && mapper.gives(name) && len(example.Want[name]) == 0:
			case at < 0 && mapper.gives(name):
				report("%q has no value, want %q", name, example.Want[name])
			case at < 0:
				report("no row gives %q", name)
			case !sameSet(got[at].Values, example.Want[name]):
				report("%q is %q, want %q", name, got[at].Values, example.Want[name])
			}
		}
	}
	return problems
}

// gives reports that a row for users gives a field.
func (m *Mapper) gives(name string) bool {
	for field := range m.users.effective {
		if strings.EqualFold(field, name) {
			return true
		}
	}
	return false
}

// hides reports that a row for users gives a field and is sensitive.
func (m *Mapper) hides(name string) bool {
	return slices.ContainsFunc(m.users.sensitive, func(r row) bool { return strings.EqualFold(r.field.Name, name) })
}

func (x *Example) entry() directory.Entry {
	entry := directory.Entry{Kind: directory.User, ID: "example", Name: x.Name}
	for _, name := range slices.Sorted(maps.Keys(x.Source)) {
		entry.Attributes = append(entry.Attributes, directory.Attribute{Name: name, Values: x.Source[name]})
	}
	return entry
}

// exampleSchemas are two directories that have whatever rows and examples name.
func exampleSchemas(rows []Row, examples []Example) (source, target directory.Schema) {
	read := map[string]directory.Type{}
	note := func(name string, is directory.Type) {
		if read[name] != directory.Reference {
			read[name] = is
		}
	}
	for _, example := range examples {
		for name := range example.Source {
			note(name, directory.String)
		}
	}
	source.FoldNames, target.FoldNames = true, true
	for _, r := range rows {
		if r.From != "" && r.Type == directory.Reference {
			note(r.From, directory.Reference)
		} else if r.From != "" {
			note(r.From, directory.String)
		}
		for _, name := range expression.Names(directory.User, r.Expression) {
			note(name, directory.String)
		}
		target.Users = append(target.Users, directory.Field{Name: r.To, Type: directory.String, Multiple: true, Equality: directory.Exact})
	}
	for _, name := range slices.Sorted(maps.Keys(read)) {
		source.Users = append(source.Users, directory.Field{Name: name, Type: read[name], Multiple: true, Equality: directory.Exact})
	}
	return source, target
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b))))
}
