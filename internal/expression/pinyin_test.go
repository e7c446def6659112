package expression

import "testing"

func TestPinyin(t *testing.T) {
	for text, want := range map[string]string{
		"李文静":      "li wen jing",
		"Li 文静":    "Li wen jing",
		"李 Ann":    "li Ann",
		"吕布(a)":    "lv bu (a)",
		"Zoë O'Ea": "Zoë O'Ea",
		"":         "",
	} {
		if got := toPinyin(text); got != want {
			t.Errorf("pinyin of %q is %q, want %q", text, got, want)
		}
	}
}
