package mapping

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"synccenter.dev/synccenter/internal/directory"
)

// Bounds on what one entry may bring: what a directory holds is not under our control, and one entry must not fill the memory.
const (
	maxValues     = 20_000
	maxValueBytes = 1 << 20
	maxIntDigits  = 100
)

// canonical checks values against the target field and gives them as the form holds them: empty ones left out, each written in the one
// way of its type, sorted, and without values that are equal. The result may share memory with values, which stays as it is.
// Messages tell sizes and never the value itself: it may be secret.
func canonical(field directory.Field, values []string) ([]string, error) {
	if len(values) > maxValues {
		return nil, fmt.Errorf("the entry has %d values for this field, at most %d are supported", len(values), maxValues)
	}
	var failure error
	set := convert(field, values, func(value string) string {
		written, err := normal(field, value)
		failure = cmp.Or(failure, err)
		return written
	})
	if failure != nil {
		return nil, failure
	}
	if len(set) > 1 && !field.Multiple {
		return nil, fmt.Errorf("the entry has %d values and the target takes one: choose one with an expression, as in user.mail for the first", len(set))
	}
	return set, nil
}

// observed gives the values of a target entry in the same order and writing. A value that is not what the field promises stays as it is.
func observed(field directory.Field, values []string) []string {
	return convert(field, values, func(value string) string {
		written, err := normal(field, value)
		if err != nil {
			return value
		}
		return written
	})
}

// convert writes each value with the given function and makes a set of them.
func convert(field directory.Field, values []string, write func(string) string) []string {
	result, copied := values, false
	for i, value := range values {
		written := write(value)
		if written != value && !copied {
			result, copied = slices.Clone(values), true
		}
		if copied {
			result[i] = written
		}
	}
	if slices.Contains(result, "") {
		result = slices.DeleteFunc(slices.Clone(result), func(value string) bool { return value == "" })
	}
	return asSet(field.Equality, result)
}

// asSet sorts values and leaves out those that are equal to an earlier one. It does not change the values it was given.
func asSet(equality directory.Equality, values []string) []string {
	if len(values) == 0 {
		return nil
	}
	if len(values) == 1 {
		return values
	}
	if !slices.IsSorted(values) {
		values = slices.Sorted(slices.Values(values))
	}
	seen := make(map[string]bool, len(values))
	isDouble := func(value string) bool {
		key := equality.Key(value)
		double := seen[key]
		seen[key] = true
		return double
	}
	if !slices.ContainsFunc(values, isDouble) {
		return values
	}
	clear(seen)
	return slices.DeleteFunc(slices.Clone(values), isDouble)
}

// normal writes a value in the one way of its type, or says what is wrong with it.
func normal(field directory.Field, value string) (string, error) {
	if value == "" {
		return "", nil
	}
	if len(value) > maxValueBytes {
		return "", fmt.Errorf("a value has %d bytes, at most %d are supported", len(value), maxValueBytes)
	}
	if field.Type == directory.Bytes {
		if field.MaxLength > 0 && len(value) > field.MaxLength {
			return "", fmt.Errorf("a value has %d bytes, the target takes at most %d", len(value), field.MaxLength)
		}
		return value, nil
	}
	if !utf8.ValidString(value) {
		return "", errors.New("a value is not text in UTF-8: give the row the type Bytes if the field holds bytes")
	}
	written, err := normalText(field.Type, value)
	if err != nil {
		return "", err
	}
	if field.MaxLength > 0 && len(written) > field.MaxLength && utf8.RuneCountInString(written) > field.MaxLength {
		return "", fmt.Errorf("a value has %d characters, the target takes at most %d", utf8.RuneCountInString(written), field.MaxLength)
	}
	return written, nil
}

// normalText writes text in the one way of its type.
func normalText(t directory.Type, value string) (string, error) {
	switch t {
	case directory.Bool:
		if lower := strings.ToLower(value); lower == "true" || lower == "false" {
			return lower, nil
		}
		return "", errors.New("a value is neither true nor false")
	case directory.Int:
		if number, err := strconv.ParseInt(value, 10, 64); err == nil {
			return strconv.FormatInt(number, 10), nil
		}
		if number, ok := new(big.Int).SetString(value[:min(len(value), maxIntDigits)], 10); ok && len(value) <= maxIntDigits {
			return number.String(), nil
		}
		return "", fmt.Errorf("a value is no whole number of at most %d digits", maxIntDigits)
	case directory.Time:
		instant, err := time.Parse(time.RFC3339, value)
		if err != nil {
			return "", errors.New("a value is no time as RFC 3339 writes it (2026-01-31T08:00:00Z)")
		}
		return instant.UTC().Format(time.RFC3339Nano), nil
	default:
		return value, nil
	}
}

// same reports that a field does not differ: exactly, but for DN and Phone. Both are sets as asSet makes them.
func same(field directory.Field, a, b []string) bool {
	if slices.Equal(a, b) {
		return true
	}
	if len(a) != len(b) {
		return false
	}
	return slices.Equal(comparison(field.Equality, a), comparison(field.Equality, b))
}

// comparison gives what decides whether a field differs, sorted: the values themselves, or their keys for DN and Phone.
func comparison(equality directory.Equality, values []string) []string {
	if equality != directory.DN && equality != directory.Phone {
		if slices.IsSorted(values) {
			return values
		}
		return slices.Sorted(slices.Values(values))
	}
	keys := make([]string, len(values))
	for i, value := range values {
		keys[i] = equality.Key(value)
	}
	slices.Sort(keys)
	return keys
}
