package plan

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"synccenter.dev/synccenter/internal/directory"
)

// maxNumber is the highest number behind a value; a longer one belongs to the name itself.
const maxNumber = 999_999

// withNumber puts a number behind a value, before its @ if it has one: li, li2, li3. The value is shortened where the target takes no longer
// one. False: nothing of it would be left.
func withNumber(field directory.Field, base string, number int) (string, bool) {
	if number == 1 {
		return base, true
	}
	local, domain := cutDomain(base)
	end := strconv.Itoa(number) + domain
	if room := field.MaxLength - utf8.RuneCountInString(end); field.MaxLength > 0 && utf8.RuneCountInString(local) > room {
		if room < 1 {
			return "", false
		}
		local = string([]rune(local)[:room])
	}
	return local + end, true
}

// numbersOf lists the numbers that a value may end with: li12 is li1 with 2, or li with 12.
func numbersOf(value string) []int {
	local, _ := cutDomain(value)
	var numbers []int
	for at := len(local) - 1; at >= 0 && '0' <= local[at] && local[at] <= '9'; at-- {
		number, err := strconv.Atoi(local[at:])
		if err != nil || number > maxNumber {
			break
		}
		if local[at] != '0' && number > 1 {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// cutDomain splits a mail address before its @. Any other value is whole.
func cutDomain(value string) (local, domain string) {
	if at := strings.LastIndexByte(value, '@'); at > 0 {
		return value[:at], value[at:]
	}
	return value, ""
}
