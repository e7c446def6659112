package directory_test

import (
	"strings"
	"testing"

	"synccenter.dev/synccenter/internal/directory"
)

func TestEquality(t *testing.T) {
	tests := map[string]struct {
		equality directory.Equality
		a, b     string
		equal    bool // their keys
		same     bool
	}{
		"exact differs by case":             {directory.Exact, "Li", "li", false, false},
		"exact keeps spaces":                {directory.Exact, "a b", "a  b", false, false},
		"ignore case folds case":            {directory.IgnoreCase, "McDonald", "mcdonald", true, false},
		"ignore case folds spaces":          {directory.IgnoreCase, " Ann \t Li ", "ann li", true, false},
		"ignore case folds wide spaces":     {directory.IgnoreCase, "李　雷", "李 雷", true, false},
		"ignore case folds all alphabets":   {directory.IgnoreCase, "ΟΔΥΣΣΕΥΣ", "οδυσσευς", true, false},
		"ignore case knows the Kelvin sign": {directory.IgnoreCase, "\u212A", "k", true, false},
		"ignore case keeps letters apart":   {directory.IgnoreCase, "李雷", "韩梅梅", false, false},
		"ignore case keeps broken bytes":    {directory.IgnoreCase, "A\xff", "A\xfe", false, false},
		"a DN ignores case and spaces":      {directory.DN, "UID=Ann, OU=People,dc=example,dc=com", "uid=ann,ou=people,dc=example,dc=com", true, true},
		"a DN ignores escapes":              {directory.DN, `cn=Li\, Lei,dc=a`, `cn=Li\2C Lei,dc=a`, true, true},
		"a DN ignores escapes of UTF-8":     {directory.DN, `cn=\E6\9D\8E,dc=a`, "cn=李,dc=a", true, true},
		"a DN ignores order in an RDN":      {directory.DN, "uid=a+cn=b,dc=a", "cn=b + uid=a,dc=a", true, true},
		"a DN keeps an escaped comma apart": {directory.DN, `cn=a\,dc=b,dc=c`, "cn=a,dc=b,dc=c", false, false},
		"a DN keeps an escaped plus apart":  {directory.DN, `cn=a\+uid=b`, "cn=a+uid=b", false, false},
		"a DN keeps an encoded value apart": {directory.DN, `cn=\#41`, "cn=#41", false, false},
		"no DN equals itself":               {directory.DN, "not a name", "NOT a name", true, true},
		"a phone ignores layout":            {directory.Phone, "+86 (10) 6552-9988", "+861065529988", true, true},
		"a phone keeps the plus":            {directory.Phone, "+8610", "8610", false, false},
		"a phone keeps an extension apart":  {directory.Phone, "6552 x 1", "65521", false, false},
		"no phone equals itself":            {directory.Phone, "--", "--", true, true},
		"no phones differ":                  {directory.Phone, "-", "--", false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.equality.Key(test.a) == test.equality.Key(test.b); got != test.equal {
				t.Errorf("keys %q and %q: equal %t, want %t", test.equality.Key(test.a), test.equality.Key(test.b), got, test.equal)
			}
			if got := test.equality.Same(test.a, test.b); got != test.same {
				t.Errorf("Same(%q, %q) = %t, want %t", test.a, test.b, got, test.same)
			}
		})
	}
}

func TestNormalDN(t *testing.T) {
	tests := map[string]struct {
		dn, want string
		bad      bool
	}{
		"the root":                 {dn: "", want: ""},
		"parent after the comma":   {dn: `OU=R\, D,DC=x`, want: `ou=r\2c d,dc=x`},
		"spaces at the ends":       {dn: `cn=\20 a \20,dc=x`, want: "cn=a,dc=x"},
		"an empty value":           {dn: "cn=,dc=x", want: "cn=,dc=x"},
		"an old separator":         {dn: "cn=a;dc=x", want: "cn=a,dc=x"},
		"an equals sign inside":    {dn: "cn=a=b", want: `cn=a\3db`},
		"normal already":           {dn: "uid=o'li@x.com,ou=a/b,dc=x", want: "uid=o'li@x.com,ou=a/b,dc=x"},
		"values in order":          {dn: "uid=a+cn=b+l=c,dc=x", want: "cn=b+l=c+uid=a,dc=x"},
		"no type":                  {dn: "=a", bad: true},
		"no equals sign":           {dn: "cn", bad: true},
		"an empty RDN":             {dn: "cn=a,,dc=x", bad: true},
		"a comma at the end":       {dn: "cn=a,", bad: true},
		"a backslash at the end":   {dn: `cn=a\`, bad: true},
		"half an escape":           {dn: `cn=a\2`, bad: true},
		"a quote":                  {dn: `cn="a"`, bad: true},
		"too long to be looked at": {dn: "cn=" + strings.Repeat("a", 10000), bad: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := directory.NormalDN(test.dn)
			if got != test.want || ok == test.bad {
				t.Errorf("NormalDN(%.40q) = %q, %t; want %q, %t", test.dn, got, ok, test.want, !test.bad)
			}
		})
	}
}

func FuzzNormalDN(f *testing.F) {
	for _, seed := range []string{"uid=ann,dc=example,dc=com", `cn=a\2Cb+uid=\ x\ ,ou=李`, "cn=#0401", `a=\\`, "K=\u212a;x=y"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, dn string) {
		normal, ok := directory.NormalDN(dn)
		if !ok {
			return
		}
		if upper, ok := directory.NormalDN(strings.ToUpper(normal)); ok && strings.ToLower(strings.ToUpper(normal)) == normal && upper != normal {
			t.Errorf("upper case changes the normal form %q of %q to %q", normal, dn, upper)
		}
		again, ok := directory.NormalDN(normal)
		if !ok && len(normal) < 8192 || ok && again != normal {
			t.Errorf("the normal form %q of %q has itself the normal form %q", normal, dn, again)
		}
	})
}

func FuzzIgnoreCase(f *testing.F) {
	f.Add("Ann  Li\xff")
	f.Fuzz(func(t *testing.T, value string) {
		key := directory.IgnoreCase.Key(value)
		if again := directory.IgnoreCase.Key(key); again != key {
			t.Errorf("the key %q of %q has itself the key %q", key, value, again)
		}
	})
}
