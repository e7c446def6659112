package cli

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// plain gives text that is safe on a terminal: names and messages come from directories, and whoever fills in a directory must not be
// able to move the cursor, change colours or turn the direction of the text. Line ends and tabs become spaces.
func plain(text string) string {
	if isPrintableASCII(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\u2028' || r == '\u2029':
			return ' '
		case r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r) || unicode.IsControl(r):
			return -1
		}
		return r
	}, text)
}

func isPrintableASCII(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// displayWidth is how many columns of a terminal the text takes: Chinese characters take two, combining marks none.
func displayWidth(text string) int {
	columns := 0
	for _, r := range text {
		columns += runeWidth(r)
	}
	return columns
}

func runeWidth(r rune) int {
	if r < 0x300 {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	if kind := width.LookupRune(r).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
		return 2
	}
	return 1
}

// shortened cuts text that takes more columns of a terminal than the limit, and ends it with a mark that says so.
func shortened(text string, limit int) string {
	if displayWidth(text) <= limit {
		return text
	}
	columns := 0
	for i, r := range text {
		columns += runeWidth(r)
		if columns >= limit {
			return strings.TrimRight(text[:i], " ") + "…"
		}
	}
	return text
}
