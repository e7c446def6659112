package runner

import (
	"context"
	"encoding/json"
	"fmt"

	"synccenter.dev/synccenter/internal/apply"
	"synccenter.dev/synccenter/internal/artifact"
)

// journalLine is one line of the journal. Exactly one member is set.
type journalLine struct {
	Outcome *apply.Outcome `json:"outcome,omitempty"`
	// IssuedThrough allows the operations up to this index to be begun.
	IssuedThrough *int `json:"issuedThrough,omitempty"`
}

// journal is apply's journal in the artifact store.
type journal struct{ segments *artifact.Journal }

// Append adds outcomes and says how far the next ones may come.
func (j *journal) Append(ctx context.Context, outcomes []apply.Outcome, issuedThrough int) error {
	lines := make([][]byte, 0, len(outcomes)+1)
	for i := range outcomes {
		line, err := json.Marshal(journalLine{Outcome: &outcomes[i]})
		if err != nil {
			return fmt.Errorf("encoding the outcome of operation %d: %w", outcomes[i].Index, err)
		}
		lines = append(lines, line)
	}
	line, err := json.Marshal(journalLine{IssuedThrough: &issuedThrough})
	if err != nil {
		return fmt.Errorf("encoding how far the plan may be begun: %w", err)
	}
	return j.segments.Append(ctx, append(lines, line))
}

// readJournal reads what the attempts so far have left.
func readJournal(ctx context.Context, store artifact.Store, scope artifact.Scope, attempts int) (apply.Past, error) {
	past := apply.Past{IssuedThrough: -1}
	for data, err := range artifact.ReadJournal(ctx, store, scope, attempts) {
		if err != nil {
			return apply.Past{}, err
		}
		var line journalLine
		if err := json.Unmarshal(data, &line); err != nil {
			return apply.Past{}, fmt.Errorf("reading the journal: %w: %v", artifact.ErrCorrupt, err)
		}
		switch {
		case line.Outcome != nil:
			past.Outcomes = append(past.Outcomes, *line.Outcome)
		case line.IssuedThrough != nil:
			past.IssuedThrough = max(past.IssuedThrough, *line.IssuedThrough)
		}
	}
	return past, nil
}
