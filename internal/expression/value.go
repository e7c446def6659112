package expression

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"synccenter.dev/synccenter/internal/directory"
)

// typeNames are the types that values of an expression can have.
var typeNames = map[types.Kind]directory.Type{
	types.StringKind:    directory.String,
	types.BytesKind:     directory.Bytes,
	types.BoolKind:      directory.Bool,
	types.IntKind:       directory.Int,
	types.UintKind:      directory.Int,
	types.TimestampKind: directory.Time,
}

// value turns the canonical text of a field into a CEL value.
func value(field directory.Field, text string) ref.Val {
	switch field.Type {
	case directory.Bool:
		if text == "true" || text == "false" {
			return types.Bool(text == "true")
		}
	case directory.Int:
		if number, err := strconv.ParseInt(text, 10, 64); err == nil {
			return types.Int(number)
		}
	case directory.Time:
		if instant, err := time.Parse(time.RFC3339, text); err == nil {
			return types.Timestamp{Time: instant}
		}
	case directory.Bytes:
		return types.Bytes(text)
	default:
		return types.String(text)
	}
	return types.NewErr("a value of the field %q is no %s", field.Name, field.Type)
}

// givesValues reports an error when values can never be made of a result of this type.
func givesValues(result *cel.Type) error {
	if result.Kind() == types.ListKind {
		result = result.Parameters()[0]
	}
	switch result.Kind() {
	case types.DynKind, types.AnyKind, types.NullTypeKind, types.TypeParamKind:
		return nil
	}
	if typeNames[result.Kind()] == "" {
		return fmt.Errorf("it gives %s; a field takes text, true or false, whole numbers, times, bytes, null, or a list of these", result)
	}
	return nil
}

// givesTruth reports an error when a result of this type is never true or false.
func givesTruth(result *cel.Type) error {
	switch result.Kind() {
	case types.BoolKind, types.DynKind, types.AnyKind:
		return nil
	}
	return fmt.Errorf("it gives %s; a filter must give true or false", result)
}

// values turns a result into the canonical texts of a field.
func values(result ref.Val) ([]string, error) {
	list, ok := result.(traits.Lister)
	if !ok {
		if result == types.NullValue {
			return nil, nil
		}
		text, err := scalar(result)
		if err != nil {
			return nil, err
		}
		return []string{text}, nil
	}
	size, ok := list.Size().(types.Int)
	if !ok {
		return nil, errors.New("the expression gives a list of unknown length")
	}
	texts := make([]string, 0, int(size))
	for i := range size {
		element := list.Get(i)
		if element == types.NullValue {
			continue
		}
		text, err := scalar(element)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// scalar turns one value into canonical text.
func scalar(value ref.Val) (string, error) {
	switch v := value.(type) {
	case types.String:
		return string(v), nil
	case types.Bytes:
		return string(v), nil
	case types.Bool:
		return strconv.FormatBool(bool(v)), nil
	case types.Int:
		return strconv.FormatInt(int64(v), 10), nil
	case types.Uint:
		return strconv.FormatUint(uint64(v), 10), nil
	case types.Timestamp:
		return v.UTC().Format(time.RFC3339Nano), nil
	case *types.Err:
		return "", v
	default:
		return "", fmt.Errorf("the expression gives %s; a field takes text, true or false, whole numbers, times, bytes, null, or a list of these",
			value.Type().TypeName())
	}
}
