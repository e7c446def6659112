package directory

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Equality says when two values of a field are the same.
type Equality string

// The equalities. IgnoreCase folds case and runs of spaces for matching and uniqueness; whether a field differs is exact but for
// DN and Phone, which ignore what has no meaning in them.
const (
	Exact      Equality = "Exact"
	IgnoreCase Equality = "IgnoreCase"
	DN         Equality = "DN"
	Phone      Equality = "Phone"
)

// Key turns a value into its comparison key: two values are equal when their keys are. Matching, uniqueness and duplicates within a
// field go by it. A key is for comparing only: it may not be a valid value.
func (e Equality) Key(value string) string {
	switch e {
	case IgnoreCase:
		return fold(value)
	case DN:
		if normal, ok := NormalDN(value); ok {
			return normal
		}
		return fold(value) // text that is no DN still equals itself
	case Phone:
		return dialled(value)
	default:
		return value
	}
}

// Same reports that a field does not differ between a and b. It is exact but for DN and Phone: "mcdonald" and "McDonald" are
// one login, and yet changing one to the other is an update.
func (e Equality) Same(a, b string) bool {
	if a == b {
		return true
	}
	switch e {
	case DN, Phone:
		return e.Key(a) == e.Key(b)
	default:
		return false
	}
}

// fold removes what IgnoreCase ignores: case, spaces at both ends, and how long a run of spaces is.
func fold(value string) string {
	if folded(value) {
		return value
	}
	var b strings.Builder
	b.Grow(len(value))
	space := false
	for i, r := range value {
		if unicode.IsSpace(r) {
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		if r == utf8.RuneError {
			// Bytes that are not text must not all become one replacement character, or different values would be equal.
			if _, size := utf8.DecodeRuneInString(value[i:]); size == 1 {
				b.WriteByte(value[i])
				continue
			}
		}
		b.WriteRune(foldRune(r))
	}
	return b.String()
}

// folded reports that a value is plain lower-case text without two spaces in a row, as most are: then fold changes nothing.
func folded(value string) bool {
	previous := byte(' ')
	for i := range len(value) {
		c := value[i]
		if c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' || c < ' ' || c == ' ' && previous == ' ' {
			return false
		}
		previous = c
	}
	return value == "" || previous != ' '
}

// foldRune maps all runes that differ only by case to one of them, as strings.EqualFold does.
func foldRune(r rune) rune {
	if r >= utf8.RuneSelf {
		smallest := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			smallest = min(smallest, next)
		}
		r = smallest
	}
	if 'A' <= r && r <= 'Z' {
		r += 'a' - 'A'
	}
	return r
}

// dialled keeps what matters when a number is dialled: digits, a leading plus, and letters (an extension is written with them).
func dialled(value string) string {
	var b strings.Builder
	b.Grow(len(value))
	for _, r := range value {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '+' && b.Len() == 0 {
			b.WriteRune(foldRune(r))
		}
	}
	if b.Len() == 0 {
		return fold(value)
	}
	return b.String()
}
