package past

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// phaseField is the selectable field by which ended runs are told from the others.
const phaseField = "status.phase"

// IsFinal says whether a run in this phase has ended.
func IsFinal(phase v1alpha1.Phase) bool { return slices.Contains(final, phase) }

// Going selects the runs that have not ended. It is the selector of the
// manager's cache, as what ends leaves it for this package.
func Going() fields.Selector { return not(final) }

// ended selects the runs that have ended.
func ended() fields.Selector { return not(going) }

// The phases of runs that have ended, and of those that have not: empty is one
// that nobody has looked at yet.
var (
	final = []v1alpha1.Phase{v1alpha1.PhaseSucceeded, v1alpha1.PhasePartiallyFailed, v1alpha1.PhaseFailed, v1alpha1.PhaseCancelled}
	going = []v1alpha1.Phase{
		"", v1alpha1.PhasePending, v1alpha1.PhaseReading, v1alpha1.PhasePlanning, v1alpha1.PhaseApplying, v1alpha1.PhaseFollowing, v1alpha1.PhaseExporting,
	}
)

func not(phases []v1alpha1.Phase) fields.Selector {
	var terms []fields.Selector
	for _, phase := range phases {
		terms = append(terms, fields.OneTermNotEqualSelector(phaseField, string(phase)))
	}
	return fields.AndSelectors(terms...)
}

// Watcher fills the runs from the API server and keeps them as they are there.
// It is a Runnable of the manager that needs no leader.
type Watcher struct {
	runs       *Runs
	client     client.WithWatch
	namespaces []string
}

// Watch makes a watcher of some namespaces; without any it is of all.
func (r *Runs) Watch(c client.WithWatch, namespaces []string) *Watcher {
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	for range namespaces {
		r.filled = append(r.filled, make(chan struct{}))
	}
	return &Watcher{runs: r, client: c, namespaces: namespaces}
}

// Start watches until the context ends.
func (w *Watcher) Start(ctx context.Context) error {
	for i, namespace := range w.namespaces {
		store := &store{runs: w.runs, namespace: namespace, filled: w.runs.filled[i]}
		reflector := toolscache.NewReflectorWithOptions(w.listWatch(namespace), &v1alpha1.SyncRun{}, store, toolscache.ReflectorOptions{Name: "runs that have ended"})
		go reflector.RunWithContext(ctx)
	}
	<-ctx.Done()
	return nil
}

// NeedLeaderElection says that the runs are known before this manager leads, as
// those in the cache are.
func (w *Watcher) NeedLeaderElection() bool { return false }

func (w *Watcher) listWatch(namespace string) *toolscache.ListWatch {
	options := func(raw metav1.ListOptions) *client.ListOptions {
		return &client.ListOptions{Namespace: namespace, FieldSelector: ended(), Limit: raw.Limit, Continue: raw.Continue, Raw: &raw}
	}
	return &toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, raw metav1.ListOptions) (runtime.Object, error) {
			list := &v1alpha1.SyncRunList{}
			return list, w.client.List(ctx, list, options(raw))
		},
		WatchFuncWithContext: func(ctx context.Context, raw metav1.ListOptions) (watch.Interface, error) {
			raw.Watch = true
			return w.client.Watch(ctx, &v1alpha1.SyncRunList{}, options(raw))
		},
	}
}

// store is where a reflector puts the runs of a namespace. It sees each object
// before the reflector keeps it, so that a long list is never whole in memory.
type store struct {
	runs      *Runs
	namespace string
	filled    chan struct{}
	full      bool
}

// Transformer makes a record of a run as soon as it is decoded.
func (s *store) Transformer() toolscache.TransformFunc {
	return func(object any) (any, error) { return asRecord(object) }
}

func asRecord(object any) (*record, error) {
	switch object := object.(type) {
	case *record:
		return object, nil
	case *v1alpha1.SyncRun:
		return recordOf(object), nil
	}
	return nil, fmt.Errorf("remembering a run that has ended: the API server sent a %T", object)
}

// Add remembers a run.
func (s *store) Add(object any) error {
	next, err := asRecord(object)
	if err != nil {
		return err
	}
	s.runs.mu.Lock()
	news := s.runs.put(next)
	s.runs.mu.Unlock()
	if news {
		s.runs.tell(next.task())
	}
	return nil
}

// Update remembers a run as it is now.
func (s *store) Update(object any) error { return s.Add(object) }

// Delete forgets a run.
func (s *store) Delete(object any) error {
	gone, err := asRecord(object)
	if err != nil {
		return err
	}
	s.runs.mu.Lock()
	news := s.runs.remove(gone.task(), gone.name)
	s.runs.mu.Unlock()
	if news {
		s.runs.tell(gone.task())
	}
	return nil
}

// Replace takes a whole list: at the start, and when the connection was lost for
// so long that what happened meanwhile is not known.
func (s *store) Replace(objects []any, _ string) error {
	byTask := map[types.NamespacedName][]*record{}
	for _, object := range objects {
		next, err := asRecord(object)
		if err != nil {
			return err
		}
		byTask[next.task()] = append(byTask[next.task()], next)
	}
	changed := s.replace(byTask)
	if !s.full {
		s.full = true
		close(s.filled)
	}
	s.runs.tell(changed...)
	return nil
}

// replace answers with the tasks whose runs are others now.
func (s *store) replace(byTask map[types.NamespacedName][]*record) []types.NamespacedName {
	s.runs.mu.Lock()
	defer s.runs.mu.Unlock()
	var changed []types.NamespacedName
	for task := range s.runs.byTask {
		if _, stays := byTask[task]; !stays && (s.namespace == "" || task.Namespace == s.namespace) {
			delete(s.runs.byTask, task)
			changed = append(changed, task)
		}
	}
	for task, records := range byTask {
		if s.runs.replace(task, records) {
			changed = append(changed, task)
		}
	}
	return changed
}

// Resync has nothing to do.
func (s *store) Resync() error { return nil }

// Tasks is a source of the tasks whose ended runs change. A controller that has
// it starts when all of them are known.
func (r *Runs) Tasks() *Source { return &Source{runs: r, tell: true} }

// Known is a source of nothing: a controller that has it starts when all ended
// runs are known.
func (r *Runs) Known() *Source { return &Source{runs: r} }

// Source gives a controller what it waits for, and what to look at.
type Source struct {
	runs *Runs
	tell bool
}

// Start begins to tell a controller.
func (s *Source) Start(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	if !s.tell {
		return nil
	}
	s.runs.mu.Lock()
	defer s.runs.mu.Unlock()
	s.runs.changed = append(s.runs.changed, func(task types.NamespacedName) { queue.Add(reconcile.Request{NamespacedName: task}) })
	return nil
}

// WaitForSync waits until the first lists are there.
func (s *Source) WaitForSync(ctx context.Context) error {
	for _, filled := range s.runs.filled {
		select {
		case <-filled:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the list of runs that have ended: %w", ctx.Err())
		}
	}
	return nil
}
