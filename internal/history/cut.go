package history

import (
	"fmt"
	"unicode/utf8"
)

// cut shortens text to at most limit bytes, never inside a character, and ends it with a mark that says so.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	mark := fmt.Sprintf("… (cut, %d bytes in all)", len(text))
	end := max(limit-len(mark), 0)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}
