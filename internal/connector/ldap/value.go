package ldap

import (
	"strings"
	"time"
	"unicode/utf8"

	"synccenter.dev/synccenter/internal/directory"
)

// timeLayouts are the forms of a generalized time (RFC 4517); fractions of a second are read with each of them that has seconds.
var timeLayouts = []string{"20060102150405Z0700", "20060102150405Z07", "200601021504Z0700", "2006010215Z0700"}

// canonical turns a value as LDAP writes it into the text that all directories have in common.
func canonical(field *directory.Field, value string) (string, error) {
	switch field.Type {
	case directory.Bytes:
		return value, nil
	case directory.Bool:
		switch value {
		case "TRUE":
			return "true", nil
		case "FALSE":
			return "false", nil
		}
	case directory.Int:
		if isInteger(value) {
			return value, nil
		}
	case directory.Time:
		for _, layout := range timeLayouts {
			if t, err := time.Parse(layout, value); err == nil {
				return t.UTC().Format(time.RFC3339Nano), nil
			}
		}
	default:
		if utf8.ValidString(value) {
			return value, nil
		}
	}
	return "", &directory.ValueError{Field: field.Name, Value: printable(value), Type: field.Type}
}

// native turns canonical text into what LDAP writes.
func native(field *directory.Field, value string) (string, error) {
	switch field.Type {
	case directory.Bool:
		if value == "true" || value == "false" {
			return strings.ToUpper(value), nil
		}
	case directory.Int:
		if isInteger(value) {
			return value, nil
		}
	case directory.Time:
		if t, err := time.Parse(time.RFC3339Nano, value); err == nil {
			return t.UTC().Format("20060102150405.999999999") + "Z", nil
		}
	default:
		return value, nil
	}
	return "", invalid("%q is no value for %s, which is of type %s: correct the mapping", printable(value), field.Name, field.Type)
}

func isInteger(value string) bool {
	digits := strings.TrimPrefix(value, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// parseMark reads a mark: owner, #, source ID. A value without # is a source ID that somebody else wrote there. Of several
// values it is the one with #, since the others came from elsewhere.
func parseMark(values []string) *directory.Mark {
	for _, value := range values {
		if at := strings.LastIndexByte(value, '#'); at >= 0 {
			id := value[at+1:]
			if strings.Contains(id, "%") { // looking for it costs less than replacing nothing
				id = markUnescaper.Replace(id)
			}
			return &directory.Mark{Owner: value[:at], SourceID: id}
		}
	}
	if len(values) > 0 {
		return &directory.Mark{SourceID: values[0]}
	}
	return nil
}

// formatMark writes a mark so that its last # is the one before the source ID.
func formatMark(mark directory.Mark) string {
	return mark.Owner + "#" + markEscaper.Replace(mark.SourceID)
}

var (
	markEscaper   = strings.NewReplacer("%", "%25", "#", "%23")
	markUnescaper = strings.NewReplacer("%25", "%", "%23", "#")
)
