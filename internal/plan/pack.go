package plan

import (
	"encoding/base64"
	"fmt"
	"slices"
	"unicode/utf8"
)

// encodingBase64 says of a stored change that its values are bytes in base64.
const encodingBase64 = "base64"

// Pack gives the operation as it can be stored as JSON, which holds text only: values that are no UTF-8 are written in base64. The
// operation itself stays as it is.
func (o Operation) Pack() Operation {
	isText := func(values []string) bool {
		return !slices.ContainsFunc(values, func(value string) bool { return !utf8.ValidString(value) })
	}
	copied := false
	for i, change := range o.Changes {
		if isText(change.Before) && isText(change.After) {
			continue
		}
		if !copied {
			o.Changes, copied = slices.Clone(o.Changes), true
		}
		o.Changes[i].Encoding = encodingBase64
		o.Changes[i].Before, o.Changes[i].After = toBase64(change.Before), toBase64(change.After)
	}
	return o
}

func toBase64(values []string) []string {
	encoded := make([]string, len(values))
	for i, value := range values {
		encoded[i] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	return encoded
}

// Unpack undoes Pack.
func (o *Operation) Unpack() error {
	for i := range o.Changes {
		change := &o.Changes[i]
		switch change.Encoding {
		case "":
			continue
		case encodingBase64:
		default:
			return fmt.Errorf("the field %q of a stored operation has the unknown encoding %q", change.Field, change.Encoding)
		}
		for _, values := range [][]string{change.Before, change.After} {
			for j, value := range values {
				decoded, err := base64.StdEncoding.DecodeString(value)
				if err != nil {
					return fmt.Errorf("the field %q of a stored operation is no base64: %w", change.Field, err)
				}
				values[j] = string(decoded)
			}
		}
		change.Encoding = ""
	}
	return nil
}
