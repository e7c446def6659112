package plan

import (
	"encoding/json"
	"fmt"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/spool"
	"synccenter.dev/synccenter/internal/state"
)

// output collects what planning found, in no order; its spools put it in order.
type output struct {
	// decisions are by subject and source ID, operations by wave, subject and source ID.
	decisions, operations *spool.Spool
	links, lost           []LinkChange
	// protected are target entries that nothing is done to.
	protected map[entryKey]bool
	buffer    []byte
	// held: the removal of an entry is held by what planning decided.
	held bool
}

func newOutput(protected map[entryKey]bool) output {
	return output{decisions: spool.New(spool.BlockSize), operations: spool.New(spool.BlockSize), protected: protected}
}

// LinkChange is a change of the link table that needs no write to the target. It belongs to the plan and is stored with it.
type LinkChange struct {
	Link state.Link `json:"link"`
	// Drop removes the link.
	Drop bool `json:"drop,omitempty"`
	// LossEnds forgets that the loss of the last department is held, and changes nothing else.
	LossEnds bool `json:"lossEnds,omitempty"`
	// OffEnds does the same for the turning off of the account.
	OffEnds bool `json:"offEnds,omitempty"`
	// Lost says that the target entry is gone while the source has its own: until the plan makes it again, nothing can refer to it. The
	// link stays as it is.
	Lost bool `json:"lost,omitempty"`
}

// len counts what was added.
func (o *output) len() int { return o.decisions.Len() + o.operations.Len() }

func (o *output) link(link state.Link) { o.links = append(o.links, LinkChange{Link: link}) }

func (o *output) lossEnds(link state.Link) {
	o.links = append(o.links, LinkChange{Link: link, LossEnds: true})
}

func (o *output) offEnds(link state.Link) {
	o.links = append(o.links, LinkChange{Link: link, OffEnds: true})
}

func (o *output) lose(link state.Link) { o.lost = append(o.lost, LinkChange{Link: link, Lost: true}) }

func (o *output) drop(link state.Link) { o.links = append(o.links, LinkChange{Link: link, Drop: true}) }

// The first byte of a spooled decision.
const (
	encodedOperation = 'o'
	encodedNoUpdate  = 'n'
)

// decided adds an operation whose outcome is known.
func (o *output) decided(operation Operation, status Status, reason, message string) error {
	operation.Index = -1
	o.held = o.held || status == Held
	operation.Decision = &Decision{Status: status, Reason: reason, Message: message}
	return o.add(o.decisions, decisionKey(operation.Subject, operation.SourceID), operation)
}

// unchanged adds a NoUpdate. There is one for nearly every entry of most runs, so it takes a short form.
func (o *output) unchanged(subject directory.Kind, source, target, name, note string) error {
	o.buffer = append(o.buffer[:0], encodedNoUpdate)
	for _, text := range [...]string{string(subject), source, target, name, note} {
		o.buffer = appendText(o.buffer, text)
	}
	return o.decisions.Add(decisionKey(subject, source), o.buffer)
}

// protectedMessage says why nothing is done to an entry.
const protectedMessage = "the target entry is protected by the task, so it is never adopted, changed or removed"

// planned adds an operation that is to be done, unless its target entry is protected.
func (o *output) planned(operation Operation, at uint32) error {
	if o.protected[entryKey{operation.Subject, operation.TargetID}] {
		return o.decided(operation, Skipped, ReasonProtected, protectedMessage)
	}
	operation.Wave = at
	return o.add(o.operations, operationKey(&operation), operation)
}

func (o *output) add(to *spool.Spool, key string, operation Operation) error {
	encoded, err := json.Marshal(operation.Pack())
	if err != nil {
		return fmt.Errorf("encoding %s of %q: %w", operation.Kind, operation.SourceID, err)
	}
	o.buffer = append(append(o.buffer[:0], encodedOperation), encoded...)
	return to.Add(key, o.buffer)
}

// decisionKey puts departments before users.
func decisionKey(subject directory.Kind, id string) string {
	if subject == directory.Department {
		return "d" + id
	}
	return "u" + id
}

// operationKey orders operations by wave, then by entry, then by kind: what one entry has in one wave is done in a fixed order.
func operationKey(operation *Operation) string {
	return fmt.Sprintf("%08x%s\x00%s", operation.Wave, decisionKey(operation.Subject, operation.SourceID), operation.Kind)
}

// decode reads a spooled operation.
func decode(value []byte) (Operation, error) {
	if len(value) > 0 && value[0] == encodedNoUpdate {
		scan := scanner{data: value[1:]}
		operation := Operation{
			Index: -1, Kind: NoUpdate, Subject: directory.Kind(scan.text()), SourceID: scan.text(), TargetID: scan.text(),
			Name: scan.text(), Note: scan.text(), Decision: &Decision{Status: Succeeded},
		}
		if scan.bad {
			return Operation{}, errRow
		}
		return operation, nil
	}
	var operation Operation
	if len(value) == 0 {
		return operation, errRow
	}
	if err := json.Unmarshal(value[1:], &operation); err != nil {
		return operation, fmt.Errorf("decoding a spooled operation: %w", err)
	}
	return operation, operation.Unpack()
}
