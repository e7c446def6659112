package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/inspection"
)

// Inspector looks at the directories of a task and changes nothing: it takes no lease and writes neither to the target nor to the state.
type Inspector struct {
	// Store holds the state, which is read, and takes the answer.
	Store       artifact.Store
	Inspections Inspections
	Connect     Connectors
	// Budget is how many bytes an answer may take in the store.
	Budget int64
	// Now is the clock.
	Now func() time.Time
	Log *slog.Logger
}

// Inspections keeps the document of the inspection.
type Inspections interface {
	Load(ctx context.Context) (*inspection.Inspection, string, error)
	// Replace is refused with artifact.ErrConflict when the revision is not that of what is stored.
	Replace(ctx context.Context, i *inspection.Inspection, revision string) error
}

// Inspect answers one inspection. It returns nil when the answer is stored, whatever it says.
func (i *Inspector) Inspect(ctx context.Context) error {
	asked, _, err := i.Inspections.Load(ctx)
	if err != nil {
		return fmt.Errorf("reading what is asked: %w", err)
	}
	if asked.Ended != nil && asked.Trouble == "" {
		i.Log.Info("the inspection is over already")
		return nil
	}
	taken, err := asked.TaskDefinition()
	if errors.Is(err, definition.ErrNewerSchema) {
		return i.answer(ctx, func(answered *inspection.Inspection) { answered.Failure = err.Error() })
	}
	if err != nil {
		return err
	}
	switch asked.Request.Kind() {
	case inspection.KindCheck:
		found := i.check(ctx, &taken.TaskSpec)
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("the check was ended before it was done: %w", err)
		}
		i.Log.Info("checked", "source", found.Source.Reason, "target", found.Target.Reason)
		return i.answer(ctx, func(answered *inspection.Inspection) { answered.Check = &found })
	case inspection.KindExplain:
		explained, err := i.explain(ctx, taken, *asked.Request.Explain)
		if err == nil {
			err = i.storeExplanation(ctx, asked.UID, explained)
		}
		return i.conclude(ctx, err)
	case inspection.KindUnmanaged:
		return i.conclude(ctx, i.listUnmanaged(ctx, taken, asked.UID))
	}
	return fmt.Errorf("inspection %s asks for nothing", asked.Name)
}

// conclude says that the answer is there, or why there can be none. What trying again may mend is no answer.
func (i *Inspector) conclude(ctx context.Context, err error) error {
	failed, final := asFailure(err)
	if err != nil && !final {
		return err
	}
	return i.answer(ctx, func(answered *inspection.Inspection) {
		if failed != nil {
			answered.Failure = failed.message
		}
	})
}

// answer stores the last word. The manager may write why it takes so long meanwhile: that is void then.
func (i *Inspector) answer(ctx context.Context, say func(*inspection.Inspection)) error {
	for {
		answered, revision, err := i.Inspections.Load(ctx)
		if err != nil {
			return fmt.Errorf("storing the answer: %w", err)
		}
		now := i.Now().UTC()
		answered.Ended, answered.Trouble, answered.Definition = &now, "", nil
		say(answered)
		err = i.Inspections.Replace(ctx, answered, revision)
		if !errors.Is(err, artifact.ErrConflict) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}
