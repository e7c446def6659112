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
	if isNormalDN(dn) {
		return dn, true
	}
	rest := strings.TrimSpace(dn)
	if rest == "" {
		return "", true // the root
	}
	result := make([]byte, 0, len(rest)+8)
	for {
		appended, after, ok := appendRDN(result, rest)
		if !ok {
			return "", false
		}
		result = appended
		if after == "" {
			return string(result), true
		}
		result = append(result, ',')
		rest = after[1:]
	}
}

// isNormalDN recognises most of the names that are normal already, since 100,000 of them are normalised in a row.
func isNormalDN(dn string) bool {
	name := true // within the type, or at its beginning
	previous := byte(',')
	for i := range len(dn) {
		c := dn[i]
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
		case c == '=':
			if !name || previous == ',' {
				return false
			}
			name = false
		case c == ',':
			if name {
				return false
			}
			name = true
		case name || c != '@' && c != '\'' && c != '/' && c != ':':
			return false
		}
		previous = c
	}
	return !name
}

// appendRDN reads one RDN and appends its normalised assertions. What follows begins with the separator.
func appendRDN(result []byte, text string) (normal []byte, after string, ok bool) {
	var starts []int // of the assertions after the first
	begin := len(result)
	for {
		if result, text, ok = appendAssertion(result, text); !ok {
			return nil, "", false
		}
		if text == "" || text[0] != '+' {
			break
		}
		text = text[1:]
		result = append(result, '+')
		starts = append(starts, len(result))
	}
	if len(starts) > 0 {
		assertions := make([]string, 0, len(starts)+1)
		from := begin
		for _, start := range starts {
			assertions = append(assertions, string(result[from:start-1]))
			from = start
		}
		assertions = append(assertions, string(result[from:]))
		slices.Sort(assertions)
		result = append(result[:begin], strings.Join(assertions, "+")...)
	}
	return result, text, true
}

// appendAssertion reads one "type=value".
func appendAssertion(result []byte, text string) (normal []byte, after string, ok bool) {
	name, rest, found := strings.Cut(text, "=")
	name = strings.TrimSpace(name)
	if !found || !validType(name) {
		return nil, "", false
	}
	rest = strings.TrimLeft(rest, " ")
	end, escaped := 0, false
	for end < len(rest) && !strings.ContainsRune(",+;", rune(rest[end])) {
		switch rest[end] {
		case '\\':
			escaped = true
			end++ // what follows is part of the value, whatever it is
		case '"', '<', '>', 0:
			return nil, "", false
		}
		end++
	}
	if end > len(rest) {
		return nil, "", false // a backslash at the very end
	}
	value := rest[:end]
	result = append(append(result, strings.ToLower(name)...), '=')
	if escaped {
		if value, ok = unescape(value); !ok {
			return nil, "", false
		}
	} else if strings.HasPrefix(value, "#") { // an encoded value, not text
		return append(result, strings.ToLower(strings.TrimRight(value, " "))...), rest[end:], true
	}
	return append(result, escape(fold(value))...), rest[end:], true
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
