package apply

import (
	"context"
	"fmt"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

// unlessOn lets an update turn an account off only if the source, asked once more, still says that it is off.
func (a *Applier) unlessOn(operation *plan.Operation, write func(context.Context) (*directory.Entry, error)) func(context.Context) (*directory.Entry, error) {
	if !operation.TakesAway || operation.Kind != plan.UpdateUser {
		return write
	}
	return func(ctx context.Context) (*directory.Entry, error) {
		verdicts, err := a.ask(ctx, a.options.TurnedOff, []string{operation.SourceID}, account)
		if err != nil {
			return nil, err
		}
		switch verdicts[operation.SourceID] {
		case TurnedOff:
			return write(ctx)
		case StillThere:
			return nil, account.refused(ReasonStillInSource, "the source says again that it is on, as the look-up just before found; the next run looks at it afresh")
		case Gone, OutOfScope:
			return nil, account.refused(ReasonStillInSource, "the user left the source or the scope since it was read; the next run does what deletion.users says")
		}
		return nil, account.refused(ReasonLookupFailed, "the source did not say whether it is off; the next run asks again")
	}
}

// taking is what is taken from people who are in the source, in the words of its messages.
type taking struct {
	asking, not string
}

var (
	lastDepartment = taking{"looking the user up in the source before the loss of the last department", "nobody lost the last department"}
	account        = taking{"looking the user up in the source before turning the account off", "the account was not turned off"}
)

// ask looks users up in the source. An answer that cannot be trusted refuses the operation.
func (a *Applier) ask(ctx context.Context, question Absent, ids []string, about taking) (verdicts map[string]Verdict, err error) {
	err = a.try(ctx, func() (err error) {
		verdicts, err = question(ctx, directory.User, ids)
		return err
	})
	if err == nil {
		return verdicts, nil
	}
	if _, fatal := a.failed(ctx, err); fatal != nil {
		return nil, fatal
	}
	return nil, about.refused(ReasonLookupFailed, fmt.Sprintf("%s: %v", about.asking, err))
}

func (t taking) refused(reason, message string) error {
	return &refusal{status: plan.Skipped, reason: reason, message: t.not + ": " + message}
}
