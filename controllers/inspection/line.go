package inspection

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"
)

// line is the order in which tasks get a place for their check: who has waited
// longest is first.
type line struct {
	waiting []waiting
	// call asks for a look at a task; nil where nobody listens.
	call func(task types.NamespacedName)
}

type waiting struct {
	task types.NamespacedName
	// called: it was told that it is its turn, and has not answered yet.
	called bool
}

func (l *line) find(task types.NamespacedName) int {
	return slices.IndexFunc(l.waiting, func(w waiting) bool { return w.task == task })
}

// ahead is how many go before a task.
func (l *line) ahead(task types.NamespacedName) int {
	if at := l.find(task); at >= 0 {
		return at
	}
	return len(l.waiting)
}

// join puts a task at the end, unless it stands in the line.
func (l *line) join(task types.NamespacedName) {
	if at := l.find(task); at >= 0 {
		l.waiting[at].called = false
		return
	}
	l.waiting = append(l.waiting, waiting{task: task})
}

// leave takes a task out.
func (l *line) leave(task types.NamespacedName) {
	if at := l.find(task); at >= 0 {
		l.waiting = slices.Delete(l.waiting, at, at+1)
	}
}

// callNext calls as many of the first as there are places, each once.
func (l *line) callNext(free int) {
	if l.call == nil {
		return
	}
	for i := range min(free, len(l.waiting)) {
		if next := &l.waiting[i]; !next.called {
			next.called = true
			l.call(next.task)
		}
	}
}
