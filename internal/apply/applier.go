package apply

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

// ErrStopped says that Options.Stop was closed. Operations that were under way have their outcome, unless they waited to be tried again.
var ErrStopped = errors.New("applying was asked to stop")

// ErrFenced says that the right to write ran out: somebody else may be writing now.
var ErrFenced = errors.New("the lease was not renewed in time, so nothing more may be written")

// Fence knows until when this process may write.
type Fence interface {
	// Deadline is the moment by which every call to the target must have ended. It moves on with every renewal of the lease.
	Deadline() time.Time
}

// Options say how a plan is carried out.
type Options struct {
	Target connector.Target
	// Owner is whose mark is written and expected.
	Owner string
	// Links translate the IDs of the source. They are only read.
	Links *state.Links
	// Lost are the source IDs of links whose target entry is gone: they translate to nothing until the plan has made it again.
	Lost map[directory.Kind][]string
	// Salt keys the digests of learned values.
	Salt []byte
	// Ledger holds the outcomes, also those of an earlier attempt.
	Ledger *Ledger
	Fence  Fence
	// Absent looks entries up in the source before they are removed.
	Absent Absent
	// WithoutDepartment does the same for users who are to lose their last department: StillThere says that they have one again.
	WithoutDepartment Absent
	// TurnedOff does the same for users whose account is to be turned off by an update: TurnedOff says that the source still wants that.
	TurnedOff Absent
	// Protected says of a target entry, read with ProtectedFields of its kind, that nothing may be done to it; nil when nothing is protected.
	Protected       func(entry *directory.Entry) (bool, error)
	ProtectedFields func(kind directory.Kind) []string
	// Hide gives an error about a target entry another message, if its own tells a sensitive value of the entry. It is set where Protected is.
	Hide func(entry *directory.Entry, err error) error
	// Secrets looks up the sensitive values that are written. A plan without any needs none.
	Secrets Secrets
	// Concurrency is how many operations are under way at once.
	Concurrency int
	// QPS and Burst bound the calls to the target.
	QPS, Burst int
	// Retries is how often a call is made again after an error that may pass.
	Retries int
	// Stop, when closed, lets no further operation begin. Those under way end.
	Stop <-chan struct{}
	// SettleOnly, when not empty, begins nothing: what is in doubt is settled by reading, and all else that has no outcome is
	// skipped with this sentence. The only writes are those without which somebody would be left with a temporary name, or be named by others at a
	// place that an earlier attempt has moved them away from.
	SettleOnly string
	// Now is the clock.
	Now func() time.Time
}

// Applier carries out one plan.
type Applier struct {
	options Options
	target  connector.Target
	able    directory.Capabilities
	ledger  *Ledger
	targets *targets
	limiter *rate.Limiter
	breaker breaker
	secrets secrets
}

// New makes an applier for one plan.
func New(options Options) *Applier {
	return &Applier{
		options: options,
		target:  options.Target,
		able:    options.Target.Capabilities(),
		ledger:  options.Ledger,
		targets: newTargets(options.Links, options.Lost),
		limiter: rate.NewLimiter(rate.Limit(options.QPS), options.Burst),
		secrets: secrets{held: map[int]secret{}},
	}
}

// Apply carries out the operations, which come in the order of their waves, and returns when each has its outcome in the ledger.
// It ends early with ErrStopped, with ErrFenced, when ctx ends or when the journal cannot be written; what has an outcome by then is in the journal, except in
// the last case. The failure of an operation is its outcome and no error.
func (a *Applier) Apply(ctx context.Context, operations iter.Seq2[plan.Operation, error]) error {
	group, groupCtx := errgroup.WithContext(ctx)
	done := make(chan struct{})
	group.Go(func() error { return a.ledger.keep(groupCtx, done) })
	group.Go(func() error {
		defer close(done)
		return a.applyWaves(groupCtx, operations)
	})
	err := group.Wait()
	if flushErr := a.ledger.Flush(context.WithoutCancel(ctx)); err == nil {
		err = flushErr
	}
	return err
}

func (a *Applier) applyWaves(ctx context.Context, operations iter.Seq2[plan.Operation, error]) error {
	current := a.newWave(ctx)
	for operation, err := range operations {
		if err == nil && operation.Wave != current.number {
			err = current.end()
			current = a.newWave(ctx)
			current.number = operation.Wave
		}
		if err == nil {
			err = current.add(operation)
		}
		if err != nil {
			return errors.Join(err, current.end())
		}
	}
	return current.end()
}

// wave is the operations that may be under way at once.
type wave struct {
	*Applier
	number   uint32
	ctx      context.Context
	group    *errgroup.Group
	removals []plan.Operation
	// secretive are operations that write sensitive values.
	secretive []plan.Operation
}

func (a *Applier) newWave(ctx context.Context) *wave {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(max(a.options.Concurrency, 1))
	return &wave{Applier: a, ctx: groupCtx, group: group}
}

// add begins an operation, as soon as there is room for it. Removals and what writes sensitive values are gathered, since they are looked up
// together.
func (w *wave) add(operation plan.Operation) error {
	if outcome, ok := w.ledger.Outcome(operation.Index); ok {
		w.remember(&operation, outcome)
		return nil
	}
	if err := w.mayBegin(w.ctx); err != nil {
		return err
	}
	if w.options.SettleOnly == "" || endsTemporary(&operation) {
		if err := w.ledger.permit(w.ctx, operation.Index); err != nil {
			return err
		}
	}
	if operation.Removal != "" {
		w.removals = append(w.removals, operation)
		if len(w.removals) < lookupBatch {
			return nil
		}
		return w.remove()
	}
	if writesSecrets(&operation) && w.options.SettleOnly == "" {
		w.secretive = append(w.secretive, operation)
		if len(w.secretive) < lookupBatch {
			return nil
		}
		return w.reveal()
	}
	w.begin(operation, func(ctx context.Context, operation *plan.Operation, doubtful bool) (Outcome, error) {
		return w.carryOut(ctx, operation, doubtful)
	})
	return nil
}

// begin does one operation beside the others of the wave.
func (w *wave) begin(operation plan.Operation, do func(context.Context, *plan.Operation, bool) (Outcome, error)) {
	w.group.Go(func() error {
		if err := w.mayBegin(w.ctx); err != nil {
			return err
		}
		outcome, err := w.unlessRefused(w.ctx, &operation, do)
		if err != nil {
			return err
		}
		outcome.Index, outcome.Time = operation.Index, w.options.Now()
		w.remember(&operation, outcome)
		w.ledger.put(outcome)
		return nil
	})
}

// unlessRefused does an operation unless it is clear already that it must not be begun.
func (w *wave) unlessRefused(ctx context.Context, operation *plan.Operation, do func(context.Context, *plan.Operation, bool) (Outcome, error)) (Outcome, error) {
	doubtful := w.ledger.begin(operation.Index)
	outcome, refused := w.refuse(operation, doubtful)
	var err error
	switch {
	case !refused:
		outcome, err = do(ctx, operation, doubtful)
	case doubtful && w.needsDoubt(operation):
		outcome, err = w.lookBack(ctx, operation, outcome)
	}
	if err != nil {
		return Outcome{}, err
	}
	if outcome.Status != plan.Succeeded {
		return w.giveBack(ctx, operation, outcome)
	}
	if doubtful && outcome.Reason == ReasonGone && operation.Removal == plan.Delete {
		// Most likely an earlier attempt of this run took it away.
		outcome.Reason, outcome.Message = "", "the target entry was gone when the run was taken up again"
	}
	return outcome, nil
}

// end waits for all operations of the wave.
func (w *wave) end() error {
	err := errors.Join(w.reveal(), w.remove())
	return errors.Join(w.group.Wait(), err)
}

// mayBegin says why no further operation may be begun, if so.
func (a *Applier) mayBegin(ctx context.Context) error {
	select {
	case <-a.options.Stop:
		return ErrStopped
	case <-ctx.Done():
		return context.Cause(ctx)
	default:
		return nil
	}
}

// refuse answers for an operation that is not to be begun: something that it needs did not succeed, or the run is over.
func (a *Applier) refuse(operation *plan.Operation, doubtful bool) (Outcome, bool) {
	for _, need := range operation.Needs {
		outcome, _ := a.ledger.Outcome(need)
		switch outcome.Status {
		case plan.Succeeded:
		case plan.Held:
			return Outcome{Status: plan.Held, Reason: plan.ReasonDependsOnHeld, Message: "it needs an operation that is held: " + outcome.Message}, true
		default:
			return Outcome{Status: plan.Skipped, Reason: ReasonDependencyFailed, Message: dependencyMessage(outcome), Cause: outcome.cause()}, true
		}
	}
	if sentence := a.over(); sentence != "" && !doubtful && !operation.Finishes {
		return Outcome{Status: plan.Skipped, Reason: ReasonNotReached, Message: sentence}, true
	}
	return Outcome{}, false
}

func dependencyMessage(needed Outcome) string {
	if needed.Message == "" {
		return "it needs an operation that was not done"
	}
	return "it needs an operation that was not done: " + needed.cause()
}

// over says in a sentence why operations are not begun any more, or is empty.
func (a *Applier) over() string {
	if a.options.SettleOnly != "" {
		return a.options.SettleOnly
	}
	return a.breaker.opened()
}

// remember keeps the ID of an entry that later operations refer to.
func (a *Applier) remember(operation *plan.Operation, outcome Outcome) {
	if outcome.Unsure && isCreate(operation.Kind) {
		a.targets.doubt(operation.Subject, operation.SourceID)
	}
	if outcome.Status != plan.Succeeded || operation.SourceID == "" {
		return
	}
	switch {
	case outcome.TargetID != "":
		a.targets.add(operation.Subject, operation.SourceID, outcome.TargetID)
	case operation.TargetID != "" && operation.Removal == "":
		a.targets.add(operation.Subject, operation.SourceID, operation.TargetID)
	}
}

// carryOut does one operation. An error ends applying; the failure of the operation is its outcome.
func (a *Applier) carryOut(ctx context.Context, operation *plan.Operation, doubtful bool) (Outcome, error) {
	step, err := a.prepare(operation)
	if err != nil {
		outcome, fatal := a.failed(ctx, err)
		if fatal == nil && doubtful && a.refersToDoubt(err, nil) {
			outcome = unsure(outcome)
		}
		return outcome, fatal
	}
	step.finishes = operation.Finishes
	entry, err := a.perform(ctx, &step, doubtful)
	if err != nil {
		return a.failed(ctx, err)
	}
	outcome := a.succeeded(operation, step, entry)
	switch {
	case !doubtful || !a.refersToDoubt(nil, step.pending):
	case isCreate(operation.Kind): // which it is, is known
		outcome.Message = leftOut("whether it is there is not known, since nobody knows whether that was made; the next run compares: "+pendingList(step.pending), step.late)
	default:
		outcome = unsure(outcome)
	}
	return outcome, nil
}

// succeeded is the outcome of a step that was done.
func (a *Applier) succeeded(operation *plan.Operation, step step, entry *directory.Entry) Outcome {
	outcome := Outcome{Status: plan.Succeeded, Pending: slices.Concat(step.pending, step.late)}
	if len(outcome.Pending) > 0 {
		outcome.Reason, outcome.Message = ReasonReferencePending, leftOut(pendingMessage(step.pending), step.late)
	}
	if entry != nil {
		outcome.Learned = a.learn(step.wrote, entry)
		if operation.TargetID == "" {
			outcome.TargetID = entry.ID
		}
	}
	return outcome
}

// failed turns the error of an operation into its outcome, unless it is one that ends applying.
func (a *Applier) failed(ctx context.Context, err error) (Outcome, error) {
	if errors.Is(err, ErrStopped) || errors.Is(err, ErrFenced) {
		return Outcome{}, err
	}
	if ctx.Err() != nil {
		return Outcome{}, context.Cause(ctx)
	}
	var refused *refusal
	var doubt *unsettled
	if errors.As(err, &refused) && (refused.reason == ReasonInDoubt || !errors.As(err, &doubt)) {
		return Outcome{Status: refused.status, Reason: refused.reason, Message: refused.message, Pending: refused.pending, Unsure: refused.reason == ReasonInDoubt}, nil
	}
	message := err.Error()
	if doubtfulAfter(err) {
		message = fmt.Sprintf("%s; whether it was done is not known: the next run reads the entry and puts it right", message)
	}
	reason := reasonOf(err)
	if refused != nil {
		reason = ReasonInDoubt
	}
	return Outcome{Status: plan.Failed, Reason: reason, Message: message, Unsure: doubtfulAfter(err)}, nil
}
