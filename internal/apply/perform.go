package apply

import (
	"context"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

// step is an operation made ready for the target: all its IDs are the target's.
type step struct {
	// write makes the call, and answers with the entry as it reads after it, if there is one to read.
	write func(context.Context) (*directory.Entry, error)
	// done reads whether the operation has been done already. It is nil where reading cannot tell and doing it again is harmless.
	done func(context.Context) (*directory.Entry, bool, error)
	// wrote are the fields that write sets.
	wrote []plan.Change
	// pending are the references that were left out.
	pending []Pending
	// left says what an entry that an earlier attempt made does not refer to, since less was in the target then; nil when that is known anyway.
	left func(*directory.Entry) []string
	// late are those references.
	late []Pending
	// finishes: it is written even in a run that is to end.
	finishes bool
}

// perform does a step. One that may have been done before, by an earlier attempt or by a call that broke, is settled by reading first.
func (a *Applier) perform(ctx context.Context, s *step, doubtful bool) (*directory.Entry, error) {
	var entry *directory.Entry
	// Where reading cannot tell, a write that was in doubt stays so, whatever becomes of the next one.
	unsure := doubtful && s.done == nil
	begun := a.breaker.begin()
	err := a.try(ctx, func() error {
		if doubtful {
			found, done, err := a.settle(ctx, s)
			if err != nil {
				unsure = true
				return err
			}
			if done {
				entry = found
				return nil
			}
			doubtful, unsure = false, unsure && s.done == nil
		}
		if a.options.SettleOnly != "" && !s.finishes {
			return &refusal{status: plan.Skipped, reason: ReasonNotReached, message: a.options.SettleOnly}
		}
		err := a.call(ctx, func(ctx context.Context) (err error) {
			entry, err = s.write(ctx)
			return err
		})
		doubtful = err != nil && doubtfulAfter(err)
		unsure = unsure || doubtful && s.done == nil
		return err
	})
	a.breaker.end(begun, err)
	if err != nil && unsure {
		err = &unsettled{err}
	}
	return entry, err
}

// unsettled is the error of a write that may have been done before, which nobody could tell.
type unsettled struct{ cause error }

func (u *unsettled) Error() string { return u.cause.Error() }

// Unwrap returns the cause.
func (u *unsettled) Unwrap() error { return u.cause }

// settle reads whether a step has been done.
func (a *Applier) settle(ctx context.Context, s *step) (entry *directory.Entry, done bool, err error) {
	if s.done == nil {
		if a.options.SettleOnly != "" {
			return nil, false, &refusal{status: plan.Failed, reason: ReasonInDoubt,
				message: "the run ended while this was under way, and whether it was done is not known: the next run compares and puts it right"}
		}
		return nil, false, nil
	}
	err = a.call(ctx, func(ctx context.Context) error {
		entry, done, err = s.done(ctx)
		return err
	})
	if done && err == nil {
		s.lookAt(entry)
	}
	return entry, done, err
}

// lookAt notes what an entry that was found done lacks.
func (s *step) lookAt(entry *directory.Entry) {
	if s.left == nil || entry == nil || entry.Err != nil {
		return
	}
	if ids := s.left(entry); len(ids) > 0 {
		s.late = []Pending{{Field: plan.FieldDepartments, IDs: ids}}
	}
}
