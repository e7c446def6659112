package plan

import (
	"slices"
	"testing"
	"unicode/utf8"

	"synccenter.dev/synccenter/internal/directory"
)

// FuzzNumber puts a number behind a value and finds it again, within the length that the target allows.
func FuzzNumber(f *testing.F) {
	f.Add("lilei", 2, 0)
	f.Add("li.lei@example.com", 17, 20)
	f.Add("李雷", 999_999, 5)
	f.Add("room1", 12, 3)
	f.Add("@", 2, 1)
	f.Add("a@b@c", 3, 0)
	f.Fuzz(func(t *testing.T, base string, number, length int) {
		if number < 2 || number > maxNumber || !utf8.ValidString(base) || length < 0 || length > 0 && utf8.RuneCountInString(base) > length {
			return // mapping gives no such base
		}
		value, fits := withNumber(directory.Field{MaxLength: length}, base, number)
		if !fits {
			return
		}
		if length > 0 && utf8.RuneCountInString(value) > length {
			t.Errorf("%q with the number %d is %q, longer than %d characters", base, number, value, length)
		}
		if !slices.Contains(numbersOf(value), number) {
			t.Errorf("%q with the number %d is %q, which seems to have the numbers %v", base, number, value, numbersOf(value))
		}
		if _, before := cutDomain(base); before != "" {
			if _, after := cutDomain(value); after != before {
				t.Errorf("%q with the number %d is %q, at another domain", base, number, value)
			}
		}
	})
}
