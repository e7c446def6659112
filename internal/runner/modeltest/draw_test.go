package modeltest

import (
	"math/bits"

	"pgregory.net/rapid"
)

// The generators of rapid prefer small numbers and the first of a list, which makes for dull lives. These prefer nothing, and still become
// smaller when a failure is made smaller.

// number draws one of 0, 1, … n-1.
func number(t *rapid.T, n int, label string) int {
	width := bits.Len(uint(n)) + 3 // three more, so that none is much more likely than another
	return rapid.Map(rapid.SliceOfN(rapid.Bool(), width, width), func(drawn []bool) int {
		sum := 0
		for _, bit := range drawn {
			if sum <<= 1; bit {
				sum |= 1
			}
		}
		return sum % n
	}).Draw(t, label)
}

// between draws a number from low to high.
func between(t *rapid.T, low, high int, label string) int {
	return low + number(t, high-low+1, label)
}

// oneIn is true once in so many times.
func oneIn(t *rapid.T, n int, label string) bool {
	return number(t, n, label) == n-1
}

// pick draws one of a list.
func pick[T any](t *rapid.T, of []T, label string) T {
	return of[number(t, len(of), label)]
}

// some draws up to so many of a list, each once.
func some[T any](t *rapid.T, of []T, low, high int, label string) []T {
	var chosen []T
	left := append([]T(nil), of...)
	for range between(t, min(low, len(of)), min(high, len(of)), "how many "+label) {
		at := number(t, len(left), label)
		chosen = append(chosen, left[at])
		left = append(left[:at], left[at+1:]...)
	}
	return chosen
}
