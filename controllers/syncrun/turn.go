package syncrun

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// errNotItsTurn says that another run was let start since this one was looked at.
var errNotItsTurn = errors.New("another run was let start meanwhile")

// turns lets one run start at a time, and remembers who was let start for as
// long as the cache does not show it: so the limit holds however old the cache
// is. A manager that starts anew begins with a cache that shows everything.
type turns struct {
	mu sync.Mutex
	// let are those runs; nil before the first look.
	let map[types.UID]bool
}

// EndedRuns knows of the runs that have ended what the order of the others follows from.
type EndedRuns interface {
	LastEnd(task types.NamespacedName) time.Time
	LastStart(namespace string) time.Time
}

// observeQueue looks for runs that go first. The run that the task names is
// read live: that makes it certain that a task has one execution at a time.
func (r *Reconciler) observeQueue(ctx context.Context, o *observed) error {
	o.queue.limit = r.MaxConcurrentRuns
	if o.task == nil || o.sequence() > 0 {
		return nil
	}
	var same v1alpha1.SyncRunList
	err := r.going().List(ctx, &same, client.InNamespace(o.run.Namespace), client.MatchingFields{TaskField: o.run.Spec.TaskRef.Name}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return fmt.Errorf("listing the runs of SyncTask %s: %w", taskOf(o.run), err)
	}
	o.queue.blocker, o.queue.blockerStarted = blockedBy(o.run, same.Items)
	if err := r.observeLastRun(ctx, o); err != nil || o.queue.blocker != "" || r.MaxConcurrentRuns == 0 {
		return err
	}
	r.turns.mu.Lock()
	defer r.turns.mu.Unlock()
	return r.observePlace(ctx, o)
}

// observeLastRun reads the run that the task names as the last one.
func (r *Reconciler) observeLastRun(ctx context.Context, o *observed) error {
	last := o.task.Status.LastRun
	if last == nil || last.UID == o.run.UID {
		return nil
	}
	var blocker v1alpha1.SyncRun
	key := types.NamespacedName{Namespace: o.run.Namespace, Name: last.Name}
	switch err := r.Live.Get(ctx, key, &blocker); {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("reading SyncRun %s: %w", key, err)
	}
	if blocker.UID == last.UID && !isComplete(&blocker) {
		o.queue.blocker, o.queue.blockerStarted = blocker.Name, true
	}
	return nil
}

// observePlace finds the place of a run among all that wait. The caller has the lock.
func (r *Reconciler) observePlace(ctx context.Context, o *observed) error {
	line, err := r.line(ctx, o.run)
	if err != nil {
		return err
	}
	o.queue.started, o.queue.place = line.total(), line.place(o.run.UID)
	o.queue.waiting = max(len(line.heads), o.queue.place)
	return nil
}

// takeTurn reserves the run's sequence if it is still its turn. One run after the
// other does so, each with a look at those before it.
func (r *Reconciler) takeTurn(ctx context.Context, o *observed) error {
	if r.MaxConcurrentRuns == 0 {
		return r.reserve(ctx, o)
	}
	r.turns.mu.Lock()
	defer r.turns.mu.Unlock()
	if err := r.observePlace(ctx, o); err != nil {
		return err
	}
	if o.queue.full() {
		return errNotItsTurn
	}
	if err := r.reserve(ctx, o); err != nil {
		return err
	}
	r.turns.let[o.run.UID] = true
	return nil
}

// line looks at all runs that have not ended. A run that asks stands in line
// whatever was last said of it. The caller has the lock.
func (r *Reconciler) line(ctx context.Context, asking *v1alpha1.SyncRun) (*line, error) {
	var runs v1alpha1.SyncRunList
	if err := r.going().List(ctx, &runs, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing SyncRuns: %w", err)
	}
	if err := r.recallTurns(ctx, runs.Items); err != nil {
		return nil, err
	}
	result := &line{started: map[string]int{}, lastStart: map[string]time.Time{}}
	unseen := map[types.UID]bool{}
	busy, first := map[types.NamespacedName]bool{}, map[types.NamespacedName]*v1alpha1.SyncRun{}
	for i := range runs.Items {
		run := &runs.Items[i]
		if isComplete(run) || isCopy(run) {
			continue
		}
		if key := taskOf(run); run.Status.Sequence > 0 || r.turns.let[run.UID] {
			busy[key] = true
			if run.Status.Sequence == 0 {
				unseen[run.UID] = true
			}
			result.add(run, r.Clock.Now())
		} else if first[key] == nil || isOlder(run, first[key]) {
			first[key] = run
		}
	}
	r.turns.let = unseen
	for key, run := range first {
		if !busy[key] && (waitsForTurn(run) || (asking != nil && run.UID == asking.UID)) {
			result.heads = append(result.heads, head{run: run, since: latest(run.CreationTimestamp.Time, r.lastEnd(key))})
		}
	}
	for _, h := range result.heads {
		namespace := h.run.Namespace
		result.lastStart[namespace] = latest(result.lastStart[namespace], r.lastStart(namespace))
	}
	return result, nil
}

// add counts a run that is being executed. One that was let start just now has no time yet.
func (l *line) add(run *v1alpha1.SyncRun, now time.Time) {
	started := now
	if run.Status.StartTime != nil {
		started = run.Status.StartTime.Time
	}
	l.started[run.Namespace]++
	l.lastStart[run.Namespace] = latest(l.lastStart[run.Namespace], started)
}

// recallTurns finds out, once, whom an earlier manager let start and could not
// say so any more: the task names the run, the run does not know yet.
func (r *Reconciler) recallTurns(ctx context.Context, runs []v1alpha1.SyncRun) error {
	if r.turns.let != nil {
		return nil
	}
	let := map[types.UID]bool{}
	for i := range runs {
		run := &runs[i]
		if run.Status.Sequence > 0 || isComplete(run) {
			continue
		}
		var task v1alpha1.SyncTask
		err := r.Client.Get(ctx, taskOf(run), &task)
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("reading SyncTask %s: %w", taskOf(run), err)
		}
		if last := task.Status.LastRun; last != nil && last.UID == run.UID {
			let[run.UID] = true
		}
	}
	r.turns.let = let
	return nil
}

// nextInLine are the runs that may start now that a turn is free, and one more,
// so that a wrong guess ends no waiting.
func (r *Reconciler) nextInLine(ctx context.Context) ([]head, error) {
	if r.MaxConcurrentRuns == 0 {
		return nil, nil
	}
	r.turns.mu.Lock()
	defer r.turns.mu.Unlock()
	line, err := r.line(ctx, nil)
	if err != nil {
		return nil, err
	}
	order := line.order()
	return order[:min(len(order), max(r.MaxConcurrentRuns-line.total(), 0)+1)], nil
}

// going reads the runs that have not ended.
func (r *Reconciler) going() client.Reader {
	if r.Going == nil {
		return r.Client
	}
	return r.Going
}

func (r *Reconciler) lastEnd(task types.NamespacedName) time.Time {
	if r.Ended == nil {
		return time.Time{}
	}
	return r.Ended.LastEnd(task)
}

func (r *Reconciler) lastStart(namespace string) time.Time {
	if r.Ended == nil {
		return time.Time{}
	}
	return r.Ended.LastStart(namespace)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
