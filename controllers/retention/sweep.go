package retention

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/past"
	"synccenter.dev/synccenter/internal/artifact/cluster"
)

const (
	// sweepFirst is when a manager that has begun to lead looks through the store
	// first, and sweepEvery how often it does so then. Both come with a jitter.
	sweepFirst = 5 * time.Minute
	sweepEvery = 6 * time.Hour
	// sweepAgain is how soon a look that did not come to its end is repeated.
	sweepAgain = time.Hour
	// pagesPerSecond is how many pages of the store, and how many removals, a second has at most: nobody waits for them.
	pagesPerSecond = 10
	// orphanAge is how old an object is at least that goes because its run is gone.
	orphanAge = 6 * time.Hour
	// leftoverAge is how long after its end a run's own pod has time to tidy up.
	leftoverAge = 10 * time.Minute
	// findingsLimit is how many objects one look removes at most. The next one goes on.
	findingsLimit = 10_000
)

// Sweeper looks through all that is stored, now and then: for what runs have
// left over, for what belongs to runs that are gone, and for tasks that store so
// much that their next run would find no room. It is a Runnable of the manager
// and needs its leader.
type Sweeper struct {
	*Reconciler
	// Going reads runs that have not ended from the cache, and Ended are the
	// others: what they know needs no further look. Without them every object of a
	// run gets one.
	Going client.Reader
	Ended *past.Runs
	// Namespaces are those to look through; empty is all.
	Namespaces []string
	// First is when to look first; 0 is the default.
	First time.Duration
}

// Start looks through the store until the context ends.
func (s *Sweeper) Start(ctx context.Context) error {
	wait := s.First
	if wait == 0 {
		wait = sweepFirst + rand.N(sweepFirst)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		wait = sweepEvery - sweepEvery/12 + rand.N(sweepEvery/6)
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "Looking for what runs have left behind")
			wait = sweepAgain
		}
	}
}

// findings are what one look through the store has found.
type findings struct {
	// suspects are objects that may have to go.
	suspects []cluster.Item
	// tasks is what each task stores, states what of it outlives runs.
	tasks, states map[types.NamespacedName]int64
	// namespaces is what the tasks of each namespace store together.
	namespaces map[string]int64
}

// Sweep looks through the store once. What goes wrong with one namespace or object
// is told, and keeps nothing from the others.
func (s *Sweeper) Sweep(ctx context.Context) error {
	pace := rate.NewLimiter(pagesPerSecond, pagesPerSecond)
	known, err := s.known(ctx)
	if err != nil {
		return err
	}
	f, err := s.look(ctx, pace, known)
	return errors.Join(err, s.removeSuspects(ctx, pace, f), s.hint(ctx, f))
}

// look adds up what is stored. It reads the metadata alone.
func (s *Sweeper) look(ctx context.Context, pace *rate.Limiter, known *cached) (*findings, error) {
	f := &findings{tasks: map[types.NamespacedName]int64{}, states: map[types.NamespacedName]int64{}, namespaces: map[string]int64{}}
	var wrong failures
	namespaces := s.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	for _, namespace := range namespaces {
		err := cluster.Visit(ctx, paced{s.Direct, pace}, namespace, func(item cluster.Item) { s.see(f, known, item) })
		if err != nil {
			wrong.add(err)
		}
	}
	return f, wrong.all()
}

// cached is what this manager knows of, so that it needs no further look.
type cached struct {
	// runs says of each run whether it goes on.
	runs  map[cluster.RunKey]bool
	tasks map[types.UID]bool
}

// known asks the caches.
func (s *Sweeper) known(ctx context.Context) (*cached, error) {
	result := &cached{runs: map[cluster.RunKey]bool{}, tasks: map[types.UID]bool{}}
	var tasks v1alpha1.SyncTaskList
	if err := s.Client.List(ctx, &tasks, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the tasks to find what belongs to none of them: %w", err)
	}
	for i := range tasks.Items {
		result.tasks[tasks.Items[i].UID] = true
	}
	add := func(uid types.UID, going bool) {
		if key, err := cluster.KeyOf(uid); err == nil {
			result.runs[key] = going
		}
	}
	if s.Ended == nil || s.Going == nil {
		return result, nil
	}
	going, err := runsIn(ctx, s.Going, "")
	if err != nil {
		return nil, err
	}
	for i := range going.Items {
		add(going.Items[i].UID, true)
	}
	s.Ended.Visit(func(uid types.UID) { add(uid, false) })
	return result, nil
}

// see adds up one object, and suspects it if it may have to go.
func (s *Sweeper) see(f *findings, known *cached, item cluster.Item) {
	old := s.Clock.Since(item.Created) >= orphanAge
	if item.Inspection {
		if item.GoesWithTask() && !known.tasks[item.OwnerTask] && old {
			f.suspect(item)
		}
		return // it counts in no budget
	}
	task := types.NamespacedName{Namespace: item.Namespace, Name: item.Task}
	f.tasks[task] += item.Bytes
	f.namespaces[item.Namespace] += item.Bytes
	if item.IsState() {
		f.states[task] += item.Bytes
	}
	key, ofRun := item.RunKey()
	going, isKnown := known.runs[key]
	if ofRun && !going && (isOfUnfinished(item) || (!isKnown && old)) {
		f.suspect(item)
	}
}

func (f *findings) suspect(item cluster.Item) {
	if len(f.suspects) < findingsLimit {
		f.suspects = append(f.suspects, item)
	}
}

// paced is a reader whose lists take their time.
type paced struct {
	client.Reader
	pace *rate.Limiter
}

// List waits for its turn.
func (p paced) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	if err := p.pace.Wait(ctx); err != nil {
		return err
	}
	return p.Reader.List(ctx, list, options...)
}
