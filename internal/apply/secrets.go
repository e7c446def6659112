package apply

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/hidden"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

// A plan holds only digests of sensitive values. Just before the write the source is asked for the entry again, and what it maps to is
// written if it is still what was planned.

// Secrets maps source entries again and answers with the values of their sensitive fields. An entry of which nothing can be told is left out.
type Secrets func(ctx context.Context, kind directory.Kind, sourceIDs []string) (map[string]directory.Attributes, error)

// secrets are the sensitive values of the operations that are under way. It is safe for concurrent use.
type secrets struct {
	mu   sync.Mutex
	held map[int]secret
}

// secret is what one operation writes, or why it does not.
type secret struct {
	values  directory.Attributes
	refused *refusal
}

func (s *secrets) put(index int, one secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[index] = one
}

func (s *secrets) drop(index int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, index)
}

// of is what an operation writes of sensitive fields.
func (s *secrets) of(operation *plan.Operation) (directory.Attributes, error) {
	if !writesSecrets(operation) {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.held[operation.Index]
	switch {
	case !ok:
		return nil, &refusal{status: plan.Skipped, reason: ReasonLookupFailed, message: "not written: its sensitive values were not looked up"}
	case one.refused != nil:
		return nil, one.refused
	}
	return one.values, nil
}

// isSecret reports that a change writes values of which the plan has only a digest. Clearing a field needs none.
func isSecret(change plan.Change) bool { return change.Sensitive && len(change.After) > 0 }

func writesSecrets(operation *plan.Operation) bool {
	return slices.ContainsFunc(operation.Changes, isSecret)
}

// reveal looks up what the gathered operations write, and begins them.
func (w *wave) reveal() error {
	gathered := w.secretive
	w.secretive = nil
	for _, kind := range []directory.Kind{directory.Department, directory.User} {
		batch := slices.DeleteFunc(slices.Clone(gathered), func(o plan.Operation) bool { return o.Subject != kind })
		if err := w.revealBatch(kind, batch); err != nil {
			return err
		}
	}
	return nil
}

func (w *wave) revealBatch(kind directory.Kind, batch []plan.Operation) error {
	if len(batch) == 0 {
		return nil
	}
	ids := make([]string, len(batch))
	for i, operation := range batch {
		ids[i] = operation.SourceID
	}
	var found map[string]directory.Attributes
	lookupErr := w.try(w.ctx, func() (err error) {
		found, err = w.options.Secrets(w.ctx, kind, ids)
		return err
	})
	if err := w.endsApplying(lookupErr); err != nil {
		return err
	}
	for _, operation := range batch {
		w.secrets.put(operation.Index, w.revealed(&operation, found, lookupErr))
		w.begin(operation, func(ctx context.Context, operation *plan.Operation, doubtful bool) (Outcome, error) {
			defer w.secrets.drop(operation.Index)
			return w.carryOut(ctx, operation, doubtful)
		})
	}
	return nil
}

// revealed holds what was found against the plan.
func (a *Applier) revealed(operation *plan.Operation, found map[string]directory.Attributes, lookupErr error) secret {
	refuse := func(reason, format string, args ...any) secret {
		return secret{refused: &refusal{status: plan.Skipped, reason: reason, message: "not written: " + fmt.Sprintf(format, args...)}}
	}
	if lookupErr != nil {
		return refuse(ReasonLookupFailed, "looking the sensitive values up in the source: %v", lookupErr)
	}
	entry, ok := found[operation.SourceID]
	if !ok {
		return refuse(ReasonSensitiveChanged, "the source entry, whose sensitive values are looked up just before the write, is gone or cannot be mapped any more; the next run looks at it afresh")
	}
	var values directory.Attributes
	for _, change := range operation.Changes {
		if !isSecret(change) {
			continue
		}
		value := entry.Get(change.Field)
		if !slices.Equal(a.digest(change.Field, value), change.After) {
			return refuse(ReasonSensitiveChanged, "the value of the sensitive field %q is another than when the plan was made; the next run compares afresh", change.Field)
		}
		values = append(values, directory.Attribute{Name: change.Field, Values: value})
	}
	return secret{values: values}
}

// digest is what a plan has in place of sensitive values.
func (a *Applier) digest(field string, values []string) []string {
	if len(values) == 0 {
		return nil
	}
	return []string{state.Digest(a.options.Salt, field, values)}
}

// holdsSecrets reports that an entry reads as the sensitive changes want it. A field that cannot be read is taken to be as it should.
func (a *Applier) holdsSecrets(entry *directory.Entry, operation *plan.Operation) bool {
	for _, change := range operation.Changes {
		if isSecret(change) && !unreadable(entry, change.Field) && !slices.Equal(a.digest(change.Field, entry.Attributes.Get(change.Field)), change.After) {
			return false
		}
	}
	return true
}

// merged is both lists in the order of their names.
func merged(a, b directory.Attributes) directory.Attributes {
	both := slices.Concat(a, b)
	slices.SortFunc(both, func(x, y directory.Attribute) int {
		if x.Name < y.Name {
			return -1
		}
		return 1
	})
	return both
}

// withoutSecrets is an error of the target whose message tells none of the values that were written.
func withoutSecrets(err error, written directory.Attributes) error {
	var values []string
	for _, attribute := range written {
		values = append(values, attribute.Values...)
	}
	return hidden.Error(err, values)
}
