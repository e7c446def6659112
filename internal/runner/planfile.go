package runner

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"iter"
	"time"

	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

// planVersion is the version of a stored plan.
const planVersion = 1

// planLine is one line of a stored plan: records of what was decided, then operations, then changes of links, and a summary at the
// end. Exactly one member is set.
type planLine struct {
	Record    *history.Record  `json:"record,omitempty"`
	Operation *plan.Operation  `json:"operation,omitempty"`
	Link      *plan.LinkChange `json:"link,omitempty"`
	Summary   *planSummary     `json:"summary,omitempty"`
}

// planSummary is what finishing a run needs to know of its planning.
type planSummary struct {
	SchemaVersion int `json:"schemaVersion"`
	// Digest is over the operations.
	Digest     string         `json:"digest"`
	Operations int            `json:"operations"`
	Time       time.Time      `json:"time"`
	Identity   state.Identity `json:"identity"`
	// Positions are how far both ends were when they were read, and TargetServer is where the plan is carried out.
	Positions    state.Positions `json:"positions,omitzero"`
	TargetServer string          `json:"targetServer,omitempty"`
	// Read is the size of the source.
	Read state.Size `json:"read"`
	// RemovalsDefinition is the definition's digest. When the run is complete, all that the definition takes away is done or on the list of what is held.
	RemovalsDefinition string `json:"removalsDefinition,omitempty"`
	Notice             string `json:"notice,omitempty"`
	// Unplaced counts the people who name a department that the source does not have.
	Unplaced int64 `json:"unplaced,omitempty"`
	// State is the revision of the state that the plan was made over.
	State string `json:"state,omitempty"`
	// Salt keys the digests of the plan when the state is a new one, which is not stored yet: another attempt would make another salt.
	Salt []byte `json:"salt,omitempty"`
	// Present are source IDs that the read found: one of them must be found by every look-up before removals.
	Present presentSample `json:"present"`
	// lost are the links of the plan whose target entry is gone.
	lost map[directory.Kind][]string
}

// note takes from a change of a link what carrying out the plan must know.
func (s *planSummary) note(change *plan.LinkChange) {
	if change.Lost {
		if s.lost == nil {
			s.lost = map[directory.Kind][]string{}
		}
		s.lost[change.Link.Kind] = append(s.lost[change.Link.Kind], change.Link.SourceID)
	}
}

// planWriter stores a plan.
type planWriter struct {
	writer  *artifact.Writer
	buffer  bytes.Buffer
	encoder *history.Encoder
	digest  hash.Hash
	summary planSummary
}

func newPlanWriter(ctx context.Context, store artifact.Store, scope artifact.Scope, summary planSummary) (*planWriter, error) {
	_, revision, err := artifact.Stat(ctx, store, scope, planStream)
	if err != nil && !errors.Is(err, artifact.ErrNotFound) {
		return nil, err
	}
	writer, err := artifact.NewWriter(ctx, store, scope, planStream, revision)
	if err != nil {
		return nil, err
	}
	summary.SchemaVersion = planVersion
	w := &planWriter{writer: writer, digest: sha256.New(), summary: summary}
	w.encoder = history.NewEncoder(&w.buffer)
	return w, nil
}

// record stores a record in the words of history, so that it reads later as it would read now.
func (w *planWriter) record(record *history.Record) error {
	w.buffer.Reset()
	w.buffer.WriteString(`{"record":`)
	if err := w.encoder.Encode(record); err != nil {
		return err
	}
	line := append(bytes.TrimRight(w.buffer.Bytes(), "\n"), '}')
	return w.writer.WriteLine(line)
}

func (w *planWriter) operation(operation *plan.Operation) error {
	packed := operation.Pack()
	line, err := json.Marshal(planLine{Operation: &packed})
	if err != nil {
		return fmt.Errorf("encoding operation %d of the plan: %w", operation.Index, err)
	}
	w.digest.Write(line)
	w.summary.Operations++
	return w.writer.WriteLine(line)
}

func (w *planWriter) link(change plan.LinkChange) error {
	w.summary.note(&change)
	line, err := json.Marshal(planLine{Link: &change})
	if err != nil {
		return fmt.Errorf("encoding a change of a link: %w", err)
	}
	return w.writer.WriteLine(line)
}

// commit makes the plan whole.
func (w *planWriter) commit(ctx context.Context) (planSummary, artifact.Content, error) {
	w.summary.Digest = "sha256:" + hex.EncodeToString(w.digest.Sum(nil))
	line, err := json.Marshal(planLine{Summary: &w.summary})
	if err != nil {
		return planSummary{}, artifact.Content{}, fmt.Errorf("encoding the summary of the plan: %w", err)
	}
	if err := w.writer.WriteLine(line); err != nil {
		return planSummary{}, artifact.Content{}, err
	}
	content, _, err := w.writer.Commit(ctx)
	return w.summary, content, err
}

// planLines reads a stored plan.
func planLines(ctx context.Context, store artifact.Store, scope artifact.Scope) iter.Seq2[planLine, error] {
	return func(yield func(planLine, error) bool) {
		reader, err := artifact.Open(ctx, store, scope, planStream)
		if err != nil {
			yield(planLine{}, err)
			return
		}
		for data, err := range artifact.Lines(reader) {
			var line planLine
			if err == nil {
				err = json.Unmarshal(data, &line)
			}
			if err == nil && line.Operation != nil {
				err = line.Operation.Unpack()
			}
			if err != nil {
				yield(planLine{}, fmt.Errorf("reading the stored plan: %w", err))
				return
			}
			if !yield(line, nil) {
				return
			}
		}
	}
}

// loadPlan checks a stored plan as a whole and answers with its summary. artifact.ErrNotFound says that none is stored.
func loadPlan(ctx context.Context, store artifact.Store, scope artifact.Scope) (planSummary, error) {
	var summary *planSummary
	var links planSummary
	digest := sha256.New()
	operations := func(yield func(plan.Operation, error) bool) {
		for line, err := range planLines(ctx, store, scope) {
			switch {
			case err != nil:
				yield(plan.Operation{}, err)
				return
			case line.Summary != nil:
				summary = line.Summary
			case line.Link != nil:
				links.note(line.Link)
			case line.Operation != nil:
				packed := line.Operation.Pack()
				encoded, err := json.Marshal(planLine{Operation: &packed})
				if err != nil {
					yield(plan.Operation{}, fmt.Errorf("encoding operation %d of the plan: %w", line.Operation.Index, err))
					return
				}
				digest.Write(encoded)
				if !yield(*line.Operation, nil) {
					return
				}
			}
		}
	}
	for _, err := range plan.Validated(operations) {
		if err != nil {
			return planSummary{}, err
		}
	}
	switch {
	case summary == nil:
		return planSummary{}, fmt.Errorf("reading the stored plan: %w: it has no end", artifact.ErrCorrupt)
	case summary.SchemaVersion > planVersion:
		return planSummary{}, fmt.Errorf("the stored plan has schema version %d and this program knows %d: %w", summary.SchemaVersion, planVersion, artifact.ErrNewer)
	case summary.Digest != "sha256:"+hex.EncodeToString(digest.Sum(nil)):
		return planSummary{}, fmt.Errorf("reading the stored plan: %w: its operations are not those that were stored", artifact.ErrCorrupt)
	}
	summary.lost = links.lost
	return *summary, nil
}

// storedOperations are the operations of a stored plan that are to be done.
func storedOperations(ctx context.Context, store artifact.Store, scope artifact.Scope) iter.Seq2[plan.Operation, error] {
	return func(yield func(plan.Operation, error) bool) {
		for line, err := range planLines(ctx, store, scope) {
			switch {
			case err != nil:
				yield(plan.Operation{}, err)
				return
			case line.Operation != nil:
				if !yield(*line.Operation, nil) {
					return
				}
			}
		}
	}
}
