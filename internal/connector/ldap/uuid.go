package ldap

import (
	"encoding/hex"
	"strings"
)

// uuid is an entryUUID. In this form 100,000 of them are small.
type uuid [16]byte

// parseUUID reads the usual text of 36 characters, in either case.
func parseUUID(text string) (id uuid, ok bool) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return uuid{}, false
	}
	digits := strings.ReplaceAll(text, "-", "")
	n, err := hex.Decode(id[:], []byte(digits))
	return id, err == nil && n == len(id)
}

func (id uuid) String() string {
	var text [36]byte
	hex.Encode(text[:8], id[:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:], id[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}
