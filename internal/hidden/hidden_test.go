package hidden_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"synccenter.dev/synccenter/internal/hidden"
)

func TestTells(t *testing.T) {
	const secret = "Pa$$ wörd-4711"
	cases := map[string]struct {
		message, value string
		want           bool
	}{
		"as it is":              {"value #0 (" + secret + ") is too weak", secret, true},
		"quoted":                {fmt.Sprintf("%q is no value", `a"b\c`+secret), `a"b\c` + secret, true},
		"in another case":       {"PA$$ WÖRD-4711 was used before", secret, true},
		"bytes quoted":          {fmt.Sprintf("%q is no value", "\xff\xfe\xfd\xfc"), "\xff\xfe\xfd\xfc", true},
		"in base64":             {"userPassword:: UGEkJCB3w7ZyZC00NzEx", secret, true},
		"in hexadecimal":        {"octets 50612424207763b67264", "Pa$$ wc\xb6rd", true},
		"cut":                   {"what begins with abcdefghijklmno… is too long", "abcdefghijklmnopqrstuvwxyz", true},
		"a short one":           {"there are 3 of them", "3", true},
		"signs alone":           {"it ends with ***", "***", true},
		"not at all":            {"the account lacks a right (result 50)", secret, false},
		"another one":           {"Pa$$ is too weak", secret, false},
		"no value":              {"the account lacks a right", "", false},
		"signs that are not in": {"the account lacks a right", "***", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := hidden.Tells(c.message, []string{"something else", c.value}); got != c.want {
				t.Errorf("%q tells %q: %v, want %v", c.message, c.value, got, c.want)
			}
		})
	}
}

// FuzzTells puts a value into messages as errors do.
func FuzzTells(f *testing.F) {
	for _, seed := range []string{"Pa$$ wörd", "***", "\xff\x00", `a"b\c`, " ", "李", "ſtrange K"} {
		f.Add(seed, "before", "after")
	}
	f.Fuzz(func(t *testing.T, value, before, after string) {
		if value == "" {
			return
		}
		for _, written := range []string{value, fmt.Sprintf("%q", value), fmt.Sprintf("%+q", value), fmt.Sprintf("%x", value)} {
			if message := before + written + after; !hidden.Tells(message, []string{value}) {
				t.Errorf("the message %q tells %q", message, value)
			}
		}
	})
}

func TestErrorHidesTheMessageAndKeepsTheError(t *testing.T) {
	cause := errors.New("Secret4711 is too weak")
	err := hidden.Error(fmt.Errorf("creating li: %w", cause), []string{"secret4711"})
	if strings.Contains(err.Error(), "4711") {
		t.Errorf("the message tells the value: %v", err)
	}
	if !errors.Is(err, cause) {
		t.Error("the error is another one for the program")
	}
	if plain := hidden.Error(cause, []string{"other"}); plain.Error() != cause.Error() {
		t.Errorf("a message that tells nothing became %q", plain)
	}
	if hidden.Error(nil, []string{"x"}) != nil {
		t.Error("no error became one")
	}
}
