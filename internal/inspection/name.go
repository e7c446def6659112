package inspection

import (
	"crypto/sha256"
	"encoding/hex"
)

// words are what kinds are called in the names of Jobs and pods. With a task's name of 40 characters a name has at most 56, as that of a run.
var words = map[Kind]string{KindCheck: "check", KindExplain: "explain", KindUnmanaged: "list"}

// UID identifies an inspection: the same for the same task and ID.
func UID(taskUID, id string) string {
	sum := sha256.Sum256([]byte(taskUID + "/" + id))
	return hex.EncodeToString(sum[:16])
}

// Name is what an inspection is called: the beginning of the names of its Job and its pod, and the value of the label
// synccenter.dev/run on all that it writes, which lets its pod write that and nothing else.
func Name(task string, kind Kind, uid string) string {
	return task + "-" + words[kind] + "-" + uid[:7]
}
