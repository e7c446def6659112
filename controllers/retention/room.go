package retention

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/report"
)

// recently is how long after the end of a run its report says what is stored.
const recently = 10 * time.Minute

// overBudget names whose details go so that a further run finds room. The last
// run has told how much was stored; only if that leaves too little room, or a look
// through the store has found so, the store itself is asked.
func (r *Reconciler) overBudget(ctx context.Context, o *observed) ([]loss, error) {
	limits, key := marksOf(r.Budget, linksOf(o.task)), client.ObjectKeyFromObject(o.task)
	if !r.crowded.has(key) {
		told, err := r.lastReport(ctx, o)
		if err != nil || told == nil || !limits.over(told) {
			return nil, err
		}
	}
	found, err := r.takeStock(ctx, o)
	if err != nil {
		return nil, err
	}
	histories := []*observed{o}
	if found.all > limits.all {
		if histories, err = r.historiesIn(ctx, o.task.Namespace, o.named); err != nil {
			return nil, err
		}
	}
	losses := makeRoom(o.task.Name, candidatesOf(histories, r.Clock.Now()), found, limits)
	if len(losses) == 0 {
		r.crowded.drop(key) // there is room, or nothing to make it of
	}
	return losses, nil
}

// historiesIn are the histories of all tasks of a namespace. Of a large one that
// is much, so it is asked for only when the namespace stores too much.
func (r *Reconciler) historiesIn(ctx context.Context, namespace string, named map[types.UID]bool) ([]*observed, error) {
	var tasks v1alpha1.SyncTaskList
	if err := r.Client.List(ctx, &tasks, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the SyncTasks of namespace %s: %w", namespace, err)
	}
	runs, err := runsIn(ctx, r.Client, namespace)
	if err != nil {
		return nil, err
	}
	return historiesOf(tasks.Items, runs.Items, named), nil
}

// runsIn are the runs of a namespace that a reader knows of.
func runsIn(ctx context.Context, reader client.Reader, namespace string) (*v1alpha1.SyncRunList, error) {
	var runs v1alpha1.SyncRunList
	if err := reader.List(ctx, &runs, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the SyncRuns of namespace %q: %w", namespace, err)
	}
	return &runs, nil
}

// lastReport is the report of the last run, if it has ended of late.
func (r *Reconciler) lastReport(ctx context.Context, o *observed) (*report.Report, error) {
	last := o.lastRun()
	at := slices.IndexFunc(o.runs, func(run *v1alpha1.SyncRun) bool { return run.UID == last })
	if at < 0 || !isComplete(o.runs[at]) || r.Clock.Since(endOf(o.runs[at])) > recently {
		return nil, nil
	}
	name, err := cluster.ReportName(last)
	if err != nil {
		return nil, err
	}
	var object v1alpha1.SyncArtifact
	key := types.NamespacedName{Namespace: o.task.Namespace, Name: name}
	if err := r.Live.Get(ctx, key, &object); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		return nil, fmt.Errorf("reading SyncArtifact %s: %w", key, err)
	}
	facts, err := cluster.DecodeReport(&object)
	if err != nil {
		return nil, nil //nolint:nilerr // its run shows what is wrong with it
	}
	return &facts, nil
}

// historiesOf are the histories of all tasks of a namespace, those of tasks that
// are gone too: their runs take room as well.
func historiesOf(tasks []v1alpha1.SyncTask, runs []v1alpha1.SyncRun, named map[types.UID]bool) []*observed {
	histories := map[string]*observed{}
	for i := range tasks {
		histories[tasks[i].Name] = &observed{task: &tasks[i], named: named}
	}
	for i := range runs {
		name := runs[i].Spec.TaskRef.Name
		if histories[name] == nil {
			histories[name] = &observed{task: &v1alpha1.SyncTask{}, named: named}
		}
		histories[name].add(&runs[i])
	}
	var result []*observed
	for history := range maps.Values(histories) {
		result = append(result, history)
	}
	return result
}

// isLeftover says whether an object of an ended run is one that only an
// unfinished run needs. Its runner removes it at its end, unless it is killed just then.
func isLeftover(item cluster.Item, run *v1alpha1.SyncRun) bool {
	return isComplete(run) && run.Spec.Type != v1alpha1.RunPlan && isOfUnfinished(item)
}

// isOfUnfinished says whether an object is a piece of a plan or a journal.
func isOfUnfinished(item cluster.Item) bool {
	stream := item.Stream()
	return stream == "plan" || stream == "journal"
}

// takeStock asks the store what is in it, and removes what the runs of a task
// have left over.
func (r *Reconciler) takeStock(ctx context.Context, o *observed) (stock, error) {
	namespace, known := o.task.Namespace, map[types.UID]*v1alpha1.SyncRun{}
	for _, run := range o.runs {
		known[run.UID] = run
	}
	found := stock{runs: map[types.UID]int64{}, tasks: map[string]int64{}}
	var left []cluster.Item
	err := cluster.Visit(ctx, r.Direct, namespace, func(item cluster.Item) {
		if item.Inspection {
			return // no details of runs need to go for it
		}
		if run := known[item.Run]; run != nil && isLeftover(item, run) {
			left = append(left, item)
			return
		}
		if item.Run != "" {
			found.runs[item.Run] += item.Bytes
		}
		found.tasks[item.Task] += item.Bytes
		found.all += item.Bytes
	})
	if err != nil {
		return stock{}, err
	}
	for _, item := range left {
		if err := cluster.Remove(ctx, r.Direct, namespace, item); err != nil {
			return stock{}, err
		}
	}
	if len(left) > 0 {
		log.FromContext(ctx).Info("Removed what ended runs had left over", "objects", len(left))
	}
	return found, nil
}
