package expression

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"synccenter.dev/synccenter/internal/directory"
)

// activation gives the entry to a program. Nothing is converted before the expression asks for it.
type activation struct {
	entry entryValue
}

func (a *activation) ResolveName(name string) (any, bool) {
	if name != variable(a.entry.expression.kind) {
		return nil, false
	}
	return &a.entry, true
}

func (a *activation) Parent() cel.Activation { return nil }

// entryValue is an entry as a CEL value: user in user.mail.
type entryValue struct {
	expression *Expression
	entry      *directory.Entry
}

// allValue is the entry in user.all.mail.
type allValue struct {
	entry *entryValue
}

var (
	entryType = types.NewObjectType("entry", traits.IndexerType|traits.FieldTesterType)
	allType   = types.NewObjectType("entry.all", traits.IndexerType|traits.FieldTesterType)
)

// Get returns the first value of a field, or null.
func (v *entryValue) Get(index ref.Val) ref.Val {
	name, ok := index.(types.String)
	if !ok {
		return types.NewErr("the name of a field is text, not %s", index.Type().TypeName())
	}
	switch e := v.entry; {
	case name == nameAll:
		return &allValue{v}
	case name == nameID:
		return types.String(e.ID)
	case name == nameName:
		return types.String(e.Name)
	case name == nameDepartments && e.Kind == directory.User:
		return types.NewStringList(types.DefaultTypeAdapter, e.Departments)
	case name == nameParent && e.Kind == directory.Department && e.Parent == "":
		return types.NullValue
	case name == nameParent && e.Kind == directory.Department:
		return types.String(e.Parent)
	}
	field, values, err := v.field(string(name))
	if err != nil {
		return types.WrapErr(err)
	}
	if len(values) == 0 {
		return types.NullValue
	}
	return value(field, values[0])
}

// IsSet answers has(user.mail).
func (v *entryValue) IsSet(index ref.Val) ref.Val {
	found := v.Get(index)
	if types.IsError(found) {
		return found
	}
	return types.Bool(found != types.NullValue)
}

// field finds the values of a field by the name that the expression gives it.
func (v *entryValue) field(name string) (directory.Field, []string, error) {
	field, ok := v.expression.byName[name]
	if !ok {
		return field, nil, nil
	}
	if len(v.entry.Unreadable) > 0 && slices.Contains(v.entry.Unreadable, field.Name) {
		return field, nil, &UnreadableError{field.Name}
	}
	return field, v.entry.Attributes.Get(field.Name), nil
}

// Get returns the list of the values of a field.
func (v *allValue) Get(index ref.Val) ref.Val {
	name, ok := index.(types.String)
	if !ok {
		return types.NewErr("the name of a field is text, not %s", index.Type().TypeName())
	}
	field, texts, err := v.entry.field(string(name))
	if err != nil {
		return types.WrapErr(err)
	}
	if field.Type == directory.String || len(texts) == 0 {
		return types.NewStringList(types.DefaultTypeAdapter, texts)
	}
	list := make([]ref.Val, len(texts))
	for i, text := range texts {
		list[i] = value(field, text)
		if types.IsError(list[i]) {
			return list[i]
		}
	}
	return types.NewRefValList(types.DefaultTypeAdapter, list)
}

// IsSet answers has(user.all.mail).
func (v *allValue) IsSet(index ref.Val) ref.Val {
	return v.entry.has(index)
}

// has reports whether a field has a value, also one with a reserved name.
func (v *entryValue) has(index ref.Val) ref.Val {
	name, ok := index.(types.String)
	if !ok {
		return types.NewErr("the name of a field is text, not %s", index.Type().TypeName())
	}
	_, values, err := v.field(string(name))
	if err != nil {
		return types.WrapErr(err)
	}
	return types.Bool(len(values) > 0)
}

// An entry is no value by itself: it can be neither converted nor compared.

func (v *entryValue) ConvertToNative(reflect.Type) (any, error) { return nil, errNoValue(entryType) }
func (v *entryValue) ConvertToType(ref.Type) ref.Val            { return types.WrapErr(errNoValue(entryType)) }
func (v *entryValue) Equal(ref.Val) ref.Val                     { return types.WrapErr(errNoValue(entryType)) }
func (v *entryValue) Type() ref.Type                            { return entryType }
func (v *entryValue) Value() any                                { return v.entry }

func (v *allValue) ConvertToNative(reflect.Type) (any, error) { return nil, errNoValue(allType) }
func (v *allValue) ConvertToType(ref.Type) ref.Val            { return types.WrapErr(errNoValue(allType)) }
func (v *allValue) Equal(ref.Val) ref.Val                     { return types.WrapErr(errNoValue(allType)) }
func (v *allValue) Type() ref.Type                            { return allType }
func (v *allValue) Value() any                                { return v.entry.entry }

func errNoValue(t *types.Type) error {
	return fmt.Errorf("%s is not a value: name one of its fields", t.TypeName())
}
