package syncrun

import (
	"cmp"
	"container/heap"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// queue is what else is being executed, or waits.
type queue struct {
	// blocker is the run of the same task that goes first, and whether it has started.
	blocker        string
	blockerStarted bool
	// started counts the runs that are being executed.
	started int
	// place is that of the run among those that wait for the limit alone, the
	// first is 1; waiting counts them.
	place, waiting int
	// limit is how many may be executed at once; 0 is any number.
	limit int
}

// full says whether a run must wait.
func (q queue) full() bool {
	return q.limit > 0 && q.started+q.place > q.limit
}

// blockedBy finds the run of the same task that goes first: the one that has
// started, else the oldest. The runs may be shared with the cache and are not changed.
func blockedBy(run *v1alpha1.SyncRun, runs []v1alpha1.SyncRun) (blocker string, started bool) {
	var first *v1alpha1.SyncRun
	for i := range runs {
		other := &runs[i]
		if other.UID == run.UID || isComplete(other) || isCopy(other) || taskOf(other) != taskOf(run) {
			continue
		}
		if other.Status.Sequence > 0 {
			return other.Name, true
		}
		if isOlder(other, run) && (first == nil || isOlder(other, first)) {
			first, blocker = other, other.Name
		}
	}
	return blocker, false
}

// taskOf names the task of a run.
func taskOf(run *v1alpha1.SyncRun) types.NamespacedName {
	return types.NamespacedName{Namespace: run.Namespace, Name: run.Spec.TaskRef.Name}
}

// line is what the order of waiting runs follows from.
type line struct {
	// started counts the runs that are being executed, by namespace.
	started map[string]int
	// lastStart is when a run of a namespace last started.
	lastStart map[string]time.Time
	// heads are the runs that only the limit keeps from starting, one for each task.
	heads []head
}

// head is a run that may start, and since when: a run of a task that was being
// executed may start since that ended.
type head struct {
	run   *v1alpha1.SyncRun
	since time.Time
}

// total is how many runs are being executed.
func (l *line) total() int {
	sum := 0
	for _, number := range l.started {
		sum += number
	}
	return sum
}

// order is who starts next, and then, if none of those that are being executed
// ends: the namespace with the fewest executions, then the one that has waited
// longest since its last start, and within a namespace the run that has waited
// longest. So neither a task with many runs nor a namespace with many tasks
// keeps the others waiting.
func (l *line) order() []head {
	byNamespace := map[string]*lane{}
	for _, h := range l.heads {
		namespace := h.run.Namespace
		if byNamespace[namespace] == nil {
			byNamespace[namespace] = &lane{started: l.started[namespace], lastStart: l.lastStart[namespace]}
		}
		byNamespace[namespace].heads = append(byNamespace[namespace].heads, h)
	}
	var lanes lanes
	var latest time.Time
	for _, n := range byNamespace {
		slices.SortFunc(n.heads, compareHeads)
		lanes = append(lanes, n)
		if n.lastStart.After(latest) {
			latest = n.lastStart
		}
	}
	heap.Init(&lanes)
	result := make([]head, 0, len(l.heads))
	for len(lanes) > 0 {
		next := lanes[0]
		result = append(result, next.heads[0])
		latest = latest.Add(1)
		next.started, next.lastStart, next.heads = next.started+1, latest, next.heads[1:]
		if len(next.heads) == 0 {
			heap.Pop(&lanes)
			continue
		}
		heap.Fix(&lanes, 0)
	}
	return result
}

// place finds a run in the order; the first is 1. One that the cache does not
// show yet comes last.
func (l *line) place(uid types.UID) int {
	order := l.order()
	if at := slices.IndexFunc(order, func(h head) bool { return h.run.UID == uid }); at >= 0 {
		return at + 1
	}
	return len(order) + 1
}

func compareHeads(a, b head) int {
	return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.run.Namespace, b.run.Namespace), cmp.Compare(a.run.Name, b.run.Name))
}

// lane are the waiting runs of a namespace.
type lane struct {
	started   int
	lastStart time.Time
	heads     []head
}

// lanes is a heap with the namespace on top whose turn it is.
type lanes []*lane

func (l lanes) Len() int      { return len(l) }
func (l lanes) Swap(i, j int) { l[i], l[j] = l[j], l[i] }
func (l *lanes) Push(x any)   { *l = append(*l, x.(*lane)) }
func (l lanes) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(l[i].started, l[j].started), l[i].lastStart.Compare(l[j].lastStart), compareHeads(l[i].heads[0], l[j].heads[0])) < 0
}

func (l *lanes) Pop() any {
	last := (*l)[len(*l)-1]
	*l = (*l)[:len(*l)-1]
	return last
}

// waitsForTurn says whether nothing but the manager's limit keeps a run from
// starting, as far as anybody has looked at it.
func waitsForTurn(run *v1alpha1.SyncRun) bool {
	complete := meta.FindStatusCondition(run.Status.Conditions, v1alpha1.ConditionComplete)
	return complete == nil || complete.Reason == string(v1alpha1.ReasonTooManyRuns)
}
