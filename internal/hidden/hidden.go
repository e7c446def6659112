// Package hidden keeps sensitive values out of what people read: it says whether a message tells one, and puts a mask in its place.
//
// It works on text and knows neither entries nor plans.
package hidden

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Mask stands where a sensitive value would stand.
const Mask = "(hidden)"

// Error is err, with another message if its own tells one of the values. What the error is stays the same for the program.
func Error(err error, values []string) error {
	if err == nil || !Tells(err.Error(), values) {
		return err
	}
	return &masked{err}
}

// masked is an error whose message is not for people.
type masked struct{ cause error }

func (m *masked) Error() string {
	return "what went wrong is not shown, since the message tells a sensitive value of this entry"
}

func (m *masked) Unwrap() error { return m.cause }

// told is how much of a value must stand in a message to tell it: messages cut what is long.
const told = 12

// Tells reports that a message holds one of the values, or the beginning of one, in any of the ways in which messages write values. It would
// rather be wrong than miss one.
func Tells(message string, values []string) bool {
	plain := letters(message)
	for _, value := range values {
		if value == "" {
			continue
		}
		if strings.Contains(message, value) {
			return true
		}
		for _, written := range []string{value, strconv.Quote(value), strconv.QuoteToASCII(value), base64.StdEncoding.EncodeToString([]byte(value)), hex.EncodeToString([]byte(value))} {
			if beginning := first(letters(written), told); beginning != "" && strings.Contains(plain, beginning) {
				return true
			}
		}
	}
	return false
}

// letters leaves letters and digits, regardless of case: quotes, escapes and blanks differ from message to message.
func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

func first(text string, count int) string {
	for i := range text {
		if count == 0 {
			return text[:i]
		}
		count--
	}
	return text
}
