package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/inspection"
)

// storeExplanation writes an explanation as the answer.
func (i *Inspector) storeExplanation(ctx context.Context, uid string, explained *inspection.Explanation) error {
	return i.writeAnswer(ctx, uid, "", func(writer *artifact.Writer) error {
		data, err := json.Marshal(explained)
		if err != nil {
			return fmt.Errorf("writing the answer as JSON: %w", err)
		}
		_, err = writer.Write(data)
		return err
	})
}

// writeAnswer stores an answer that holds names as a stream of its own. One that is longer than the budget is not stored; narrower says how
// to get a shorter one.
func (i *Inspector) writeAnswer(ctx context.Context, uid, narrower string, write func(*artifact.Writer) error) error {
	scope := artifact.Scope{Run: uid}
	// The pod of an earlier attempt may have left an answer that nobody was told of.
	_, revision, err := artifact.Stat(ctx, i.Store, scope, inspection.AnswerStream)
	if err != nil && !errors.Is(err, artifact.ErrNotFound) {
		return err
	}
	writer, err := artifact.NewWriter(ctx, i.Store, scope, inspection.AnswerStream, revision)
	if err != nil {
		return err
	}
	writer.Limit(i.Budget)
	if err = write(writer); err == nil {
		_, _, err = writer.Commit(ctx)
	}
	if !errors.Is(err, artifact.ErrTooLarge) {
		return err
	}
	if err := artifact.Delete(ctx, i.Store, scope, inspection.AnswerStream); err != nil {
		return err
	}
	return &failure{v1alpha1.ReasonBudgetExceeded, fmt.Sprintf("the answer is too long: it takes more than %d bytes, which is what one run or answer may store, so it is not stored; "+
		"%slet the manager allow more with --run-budget", i.Budget, narrower)}
}
