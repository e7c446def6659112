package state

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// Digest stands for the values of a field where the values themselves must not be kept. It is keyed with the state's salt, so that
// nobody without the state can try values against it, and 128 bits long. The values are a set: their order does not matter.
func Digest(salt []byte, field string, values []string) string {
	mac := hmac.New(sha256.New, salt)
	for _, text := range append([]string{field}, slices.Sorted(slices.Values(values))...) {
		mac.Write(binary.AppendUvarint(nil, uint64(len(text))))
		mac.Write([]byte(text))
	}
	return base64.RawStdEncoding.EncodeToString(mac.Sum(nil)[:16])
}
