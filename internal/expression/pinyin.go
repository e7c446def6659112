package expression

import (
	"strings"
	"unicode"

	"github.com/mozillazg/go-pinyin"
)

// toPinyin writes Chinese characters in Latin letters without tones, a syllable each, and leaves everything else as it is: "李文静" becomes
// "li wen jing". A character with several readings gets its most frequent one, and ü is written v, as it is typed.
func toPinyin(text string) string {
	readings := pinyin.NewArgs()
	var out strings.Builder
	syllable := false
	for _, char := range text {
		var reading []string
		if unicode.Is(unicode.Han, char) {
			reading = pinyin.SinglePinyin(char, readings)
		}
		if len(reading) == 0 {
			if syllable && !unicode.IsSpace(char) {
				out.WriteByte(' ')
			}
			out.WriteRune(char)
			syllable = false
			continue
		}
		if out.Len() > 0 && !strings.HasSuffix(out.String(), " ") {
			out.WriteByte(' ')
		}
		out.WriteString(reading[0])
		syllable = true
	}
	return out.String()
}
