package ldap

import "encoding/hex"

// uuid is an entryUUID. In this form 100,000 of them are small.
type uuid [16]byte

// groups are where the digits of a UUID stand in its text.
var groups = [...]struct{ start, end int }{{0, 8}, {9, 13}, {14, 18}, {19, 23}, {24, 36}}

// parseUUID reads the usual text of 36 characters, in either case.
func parseUUID(text string) (id uuid, ok bool) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return uuid{}, false
	}
	var digits [32]byte
	end := 0
	for _, group := range groups {
		end += copy(digits[end:], text[group.start:group.end])
	}
	_, err := hex.Decode(id[:], digits[:])
	return id, err == nil
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
