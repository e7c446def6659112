package directory

import (
	"encoding/hex"
	"slices"
	"strings"
)

// maxDN is the longest distinguished name, in bytes, that is taken apart. Longer ones come from broken or hostile servers.
const maxDN = 8192

// NormalDN writes a distinguished name (RFC 4514) so that all spellings of one name are the same text: case, spaces, escapes and
// the order within a multi-valued RDN no longer matter. In the result a comma always stands between two RDNs, so that what
// follows the first one is the name of the parent. False: the text is not a distinguished name, or too long for one.
func NormalDN(dn string) (string, bool) {
	if len(dn) > maxDN {
		return "", false
	}
	rest := strings.TrimSpace(dn)
	if rest == "" {
		return "", true // the root
	}
	result := make([]byte, 0, len(rest)+8)
	for {
		assertions, after, ok := cutRDN(rest)
		if !ok {
			return "", false
		}
		if len(assertions) > 1 {
			slices.Sort(assertions)
		}
		for i, assertion := range assertions {
			if i > 0 {
				result = append(result, '+')
			}
			result = append(result, assertion...)
		}
		if after == "" {
			return string(result), true
		}
		result = append(result, ',')
		rest = after[1:]
	}
}

// cutRDN reads one RDN and returns its normalised assertions and what follows, beginning with the separator.
func cutRDN(text string) (assertions []string, after string, ok bool) {
	for {
		assertion, rest, ok := cutAssertion(text)
		if !ok {
			return nil, "", false
		}
		assertions = append(assertions, assertion)
		if rest == "" || rest[0] != '+' {
			return assertions, rest, true
		}
		text = rest[1:]
	}
}

// cutAssertion reads one "type=value".
func cutAssertion(text string) (assertion, after string, ok bool) {
	name, rest, found := strings.Cut(text, "=")
	name = strings.TrimSpace(name)
	if !found || !validType(name) {
		return "", "", false
	}
	rest = strings.TrimLeft(rest, " ")
	end, escaped := 0, false
	for end < len(rest) && !strings.ContainsRune(",+;", rune(rest[end])) {
		switch rest[end] {
		case '\\':
			escaped = true
			end++ // what follows is part of the value, whatever it is
		case '"', '<', '>', 0:
			return "", "", false
		}
		end++
	}
	if end > len(rest) {
		return "", "", false // a backslash at the very end
	}
	value := rest[:end]
	if escaped {
		if value, ok = unescape(value); !ok {
			return "", "", false
		}
	} else if strings.HasPrefix(value, "#") {
		return strings.ToLower(name + "=" + strings.TrimRight(value, " ")), rest[end:], true // an encoded value, not text
	}
	return strings.ToLower(name) + "=" + escape(fold(value)), rest[end:], true
}

func validType(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_') {
			return false
		}
	}
	return name != ""
}

// unescape resolves \, and \2C alike.
func unescape(value string) (string, bool) {
	result := make([]byte, 0, len(value))
	for i := 0; i < len(value); i++ {
		if value[i] != '\\' {
			result = append(result, value[i])
			continue
		}
		i++
		if strings.IndexByte(` "#+,;<=>\`, value[i]) >= 0 {
			result = append(result, value[i])
			continue
		}
		if i+2 > len(value) {
			return "", false
		}
		pair, err := hex.DecodeString(value[i : i+2])
		if err != nil {
			return "", false
		}
		result = append(result, pair...)
		i++
	}
	return string(result), true
}

// special are the characters that are escaped, always as a backslash and two digits, so that they never look like a separator.
const special = ",+;\"\\<>=\x00"

func escape(value string) string {
	if !strings.ContainsAny(value, special) && !strings.HasPrefix(value, "#") {
		return value
	}
	var b strings.Builder
	for i := range len(value) {
		if c := value[i]; strings.IndexByte(special, c) >= 0 || c == '#' && i == 0 {
			b.WriteByte('\\')
			b.WriteString(hex.EncodeToString([]byte{c}))
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
