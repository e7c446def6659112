package state

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"synccenter.dev/synccenter/internal/directory"
)

// A packed link is a row of codes and, in a block, its texts, each behind its length: source ID, target ID, name, and for a link that
// has more to say since, run, reason, the same three of a held loss and of a held turning off if there is one, and three texts for each thing learned.
const (
	partSource = iota
	partTarget
	partName
	partSince
	partRun
	partReason
	partMore
)

var (
	kinds   = []directory.Kind{directory.Department, directory.User}
	origins = []Origin{Created, Adopted}
	states  = []LinkState{Active, Disabled, Held, Released}
)

const unknown = ^uint8(0)

// code is the place of a value in its list, or unknown.
func code[T comparable](list []T, value T) uint8 {
	if i := slices.Index(list, value); i >= 0 {
		return uint8(i)
	}
	return unknown
}

// sinceLayout is the form of a time in a packed link. A link keeps its time to the second.
const sinceLayout = time.RFC3339

func pack(link Link) (row, []byte, error) {
	r := row{kind: code(kinds, link.Kind), origin: code(origins, link.Origin), state: code(states, link.State), off: link.Off, heldLoss: link.HeldLoss != nil, heldOff: link.HeldOff != nil}
	if r.kind == unknown || r.origin == unknown || r.state == unknown || link.SourceID == "" || link.TargetID == "" {
		return row{}, nil, fmt.Errorf("a link of kind %q, origin %q and state %q between source entry %q and target entry %q is not whole",
			link.Kind, link.Origin, link.State, link.SourceID, link.TargetID)
	}
	texts := []string{link.SourceID, link.TargetID, link.Name}
	if link.Since != nil || link.Run != "" || link.Reason != "" || link.HeldLoss != nil || link.HeldOff != nil || len(link.Learned) > 0 {
		since := ""
		if link.Since != nil {
			since = link.Since.UTC().Format(sinceLayout)
		}
		texts = append(texts, since, link.Run, link.Reason)
		for _, hold := range []*Hold{link.HeldLoss, link.HeldOff} {
			if hold != nil {
				texts = append(texts, hold.Since.UTC().Format(sinceLayout), hold.Run, hold.Reason)
			}
		}
		for _, learned := range link.Learned {
			texts = append(texts, learned.Field, learned.Wrote, learned.Reads)
		}
	}
	packed := binary.AppendUvarint(nil, uint64(len(texts)))
	for _, text := range texts {
		packed = binary.AppendUvarint(packed, uint64(len(text)))
		packed = append(packed, text...)
	}
	return r, packed, nil
}

// text is one of the texts of a packed link.
func text(packed []byte, part int) []byte {
	_, n := binary.Uvarint(packed)
	rest := packed[n:]
	for {
		size, n := binary.Uvarint(rest)
		end := uint64(n) + size
		if part == 0 {
			return rest[n:end]
		}
		rest, part = rest[end:], part-1
	}
}

func unpack(r row, packed []byte) Link {
	link := Link{Kind: kinds[r.kind], Origin: origins[r.origin], State: states[r.state], Off: r.off}
	count, n := binary.Uvarint(packed)
	rest := packed[n:]
	texts := make([]string, count)
	for i := range texts {
		size, n := binary.Uvarint(rest)
		end := uint64(n) + size
		texts[i], rest = string(rest[n:end]), rest[end:]
	}
	link.SourceID, link.TargetID, link.Name = texts[partSource], texts[partTarget], texts[partName]
	if len(texts) == partSince {
		return link
	}
	if since, err := time.Parse(sinceLayout, texts[partSince]); err == nil {
		link.Since = &since
	}
	link.Run, link.Reason = texts[partRun], texts[partReason]
	more := texts[partMore:]
	for _, one := range []struct {
		there bool
		hold  **Hold
	}{{r.heldLoss, &link.HeldLoss}, {r.heldOff, &link.HeldOff}} {
		if one.there {
			*one.hold = &Hold{Run: more[1], Reason: more[2]}
			(*one.hold).Since, _ = time.Parse(sinceLayout, more[0]) // pack wrote it
			more = more[3:]
		}
	}
	for learned := range slices.Chunk(more, 3) {
		link.Learned = append(link.Learned, Learned{Field: learned[0], Wrote: learned[1], Reads: learned[2]})
	}
	return link
}
