// Package past remembers the runs that have ended, in about 160 bytes each:
// what queueing, the status of a task and retention need of them. The manager's
// cache holds the others. In go the SyncRuns of a list and a watch whose phase
// is final, out come the runs of a task with those fields alone.
//
// It decides nothing, and what it gives is never written back: whoever changes a
// run reads it from the API server.
package past

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// Runs are the runs that have ended.
type Runs struct {
	mu sync.RWMutex
	// byTask are the runs of a task, in the order in which they were seen.
	byTask map[types.NamespacedName][]*record
	// started is when a run of a namespace last started.
	started map[string]uint32
	// changed is told of each task whose runs change; empty before somebody asks.
	changed []func(types.NamespacedName)
	// filled are closed when the first list is there, one for each namespace that is watched.
	filled []chan struct{}
}

// New knows of no run yet.
func New() *Runs {
	return &Runs{
		byTask:  map[types.NamespacedName][]*record{},
		started: map[string]uint32{},
	}
}

// Of are the ended runs of a task. Without a name they are those of all tasks of
// the namespace, and without a namespace all.
func (r *Runs) Of(task types.NamespacedName) []v1alpha1.SyncRun {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var result []v1alpha1.SyncRun
	if task.Name != "" {
		for _, record := range r.byTask[task] {
			result = append(result, record.run())
		}
		return result
	}
	for key, records := range r.byTask {
		if task.Namespace != "" && key.Namespace != task.Namespace {
			continue
		}
		for _, record := range records {
			result = append(result, record.run())
		}
	}
	return result
}

// Visit shows the uid of every run that has ended.
func (r *Runs) Visit(visit func(types.UID)) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, records := range r.byTask {
		for i := range records {
			visit(records[i].uidOf(records[i].shape.Value()))
		}
	}
}

// LastEnd is when a run of a task last ended, or no time.
func (r *Runs) LastEnd(task types.NamespacedName) time.Time {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var last uint32
	for _, record := range r.byTask[task] {
		last = max(last, record.completed)
	}
	return timeOf(last)
}

// LastStart is when a run of a namespace that has ended since last started, or no time.
func (r *Runs) LastStart(namespace string) time.Time {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return timeOf(r.started[namespace])
}

// put adds a run, or replaces what is known of it, and says whether that is news.
func (r *Runs) put(next *record) bool {
	key := next.task()
	records := r.byTask[key]
	r.started[key.Namespace] = max(r.started[key.Namespace], next.started)
	for i, known := range records {
		if known.name == next.name {
			records[i] = next
			return !known.equal(next)
		}
	}
	r.byTask[key] = append(records, next)
	return true
}

// replace takes others for the runs of a task, and says whether that is news.
func (r *Runs) replace(task types.NamespacedName, records []*record) bool {
	known := map[string]*record{}
	for _, record := range r.byTask[task] {
		known[record.name] = record
	}
	news := len(known) != len(records)
	for _, next := range records {
		before := known[next.name]
		news = news || before == nil || !before.equal(next)
		r.started[task.Namespace] = max(r.started[task.Namespace], next.started)
	}
	r.byTask[task] = records
	return news
}

// remove forgets a run, and says whether it was known.
func (r *Runs) remove(task types.NamespacedName, name string) bool {
	records := r.byTask[task]
	for i, known := range records {
		if known.name != name {
			continue
		}
		records[i] = records[len(records)-1]
		records[len(records)-1] = nil
		r.byTask[task] = records[:len(records)-1]
		if len(records) == 1 {
			delete(r.byTask, task)
		}
		return true
	}
	return false
}

// tell says which tasks have changed. It is called without the lock.
func (r *Runs) tell(tasks ...types.NamespacedName) {
	r.mu.RLock()
	listeners := r.changed
	r.mu.RUnlock()
	for _, listener := range listeners {
		for _, task := range tasks {
			listener(task)
		}
	}
}
