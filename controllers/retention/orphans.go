package retention

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/time/rate"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition"
	"synccenter.dev/synccenter/internal/artifact/cluster"
)

// eventSwept is the reason of the event about what went because nobody needs it.
const eventSwept = "LeftoversRemoved"

// fate is what becomes of a stored object.
type fate int

const (
	// stays: somebody needs it, or may.
	stays fate = iota
	// orphan: its run is gone.
	orphan
	// leftover: its run has ended, and needs it no longer.
	leftover
	// ownerless: an inspection has stored it, and its task is gone.
	ownerless
)

// swept counts what was removed of a task.
type swept struct {
	objects map[fate]int64
	bytes   int64
}

// removeSuspects removes those of the suspects that nobody needs, the manifests
// first: from then on a stream is absent, and never a part. A removal that the API
// server refuses keeps no other from being made.
func (s *Sweeper) removeSuspects(ctx context.Context, pace *rate.Limiter, f *findings) error {
	verdicts := newJudge(s.Live, s.Clock.Now())
	removed := map[types.NamespacedName]*swept{}
	defer func() { s.tellSwept(ctx, removed) }()
	unknown := map[string]bool{} // namespaces that cannot be asked about
	var wrong failures
	for _, manifests := range []bool{true, false} {
		for _, item := range f.suspects {
			if (item.Kind == cluster.LabelValueManifest) != manifests || unknown[item.Namespace] {
				continue
			}
			found, err := verdicts.of(ctx, item)
			if err != nil {
				unknown[item.Namespace] = true
				wrong.add(err)
			}
			if found == stays {
				continue
			}
			if err := pace.Wait(ctx); err != nil {
				return err
			}
			if err := cluster.Remove(ctx, s.Direct, item.Namespace, item); err != nil {
				wrong.add(err)
				continue
			}
			f.forget(item, removed, found)
		}
	}
	return wrong.all()
}

// forget takes an object that was removed out of the sums.
func (f *findings) forget(item cluster.Item, removed map[types.NamespacedName]*swept, found fate) {
	task := types.NamespacedName{Namespace: item.Namespace, Name: item.Task}
	if !item.Inspection {
		f.tasks[task] -= item.Bytes
		f.namespaces[item.Namespace] -= item.Bytes
	}
	if removed[task] == nil {
		removed[task] = &swept{objects: map[fate]int64{}}
	}
	removed[task].bytes += item.Bytes
	removed[task].objects[found]++
}

// judge finds out about runs and tasks, about each once.
type judge struct {
	reader client.Reader
	now    time.Time
	// runs and tasks are those that exist, by namespace.
	runs  map[string]map[cluster.RunKey]bool
	tasks map[string]map[types.UID]bool
	ended map[cluster.RunKey]ending
}

func newJudge(reader client.Reader, now time.Time) *judge {
	return &judge{
		reader: reader, now: now,
		runs: map[string]map[cluster.RunKey]bool{}, tasks: map[string]map[types.UID]bool{}, ended: map[cluster.RunKey]ending{},
	}
}

// ending is what is known of a run that left a plan or a journal.
type ending struct {
	// exists: it was found under its name. over: it ended so long ago that its pod does not tidy up any more.
	exists, over bool
}

// of says whether the run or the task of an object is gone, or needs the object no
// longer. That is asked of the API server, and both are known by their uid. One
// that was made since they were listed has no object that is old enough.
func (j *judge) of(ctx context.Context, item cluster.Item) (fate, error) {
	if item.Inspection {
		return j.ofInspection(ctx, item)
	}
	key, _ := item.RunKey()
	if isOfUnfinished(item) {
		found, err := j.endingOf(ctx, item, key)
		switch {
		case err != nil:
			return stays, err
		case found.exists && found.over:
			return leftover, nil
		case found.exists:
			return stays, nil
		}
	}
	if j.now.Sub(item.Created) < orphanAge {
		return stays, nil
	}
	if item.Run != "" {
		// Owner and name have to agree, or the object is not what it seems to be.
		if owner, err := cluster.KeyOf(item.Run); err != nil || owner != key {
			return stays, err
		}
	}
	if j.runs[item.Namespace] == nil {
		found, err := existingRuns(ctx, j.reader, item.Namespace)
		if err != nil {
			return stays, err
		}
		j.runs[item.Namespace] = found
	}
	if j.runs[item.Namespace][key] {
		return stays, nil
	}
	return orphan, nil
}

// ofInspection says whether the task that owns what an inspection has stored is gone.
func (j *judge) ofInspection(ctx context.Context, item cluster.Item) (fate, error) {
	if j.tasks[item.Namespace] == nil {
		found := map[types.UID]bool{}
		if err := visitUIDs(ctx, j.reader, v1alpha1.KindSyncTask, item.Namespace, func(uid types.UID) { found[uid] = true }); err != nil {
			return stays, err
		}
		j.tasks[item.Namespace] = found
	}
	if j.tasks[item.Namespace][item.OwnerTask] {
		return stays, nil
	}
	return ownerless, nil
}

// endingOf looks for the run under the name that stands on what it wrote. Where
// none stands, or the run is not found, its uid decides.
func (j *judge) endingOf(ctx context.Context, item cluster.Item, key cluster.RunKey) (ending, error) {
	if known, ok := j.ended[key]; ok || item.Writer == "" {
		return known, nil
	}
	var run v1alpha1.SyncRun
	name := types.NamespacedName{Namespace: item.Namespace, Name: item.Writer}
	err := j.reader.Get(ctx, name, &run)
	switch {
	case apierrors.IsNotFound(err):
		j.ended[key] = ending{}
		return ending{}, nil
	case err != nil:
		return ending{}, fmt.Errorf("reading SyncRun %s: %w", name, err)
	}
	found, err := cluster.KeyOf(run.UID)
	if err != nil || found != key {
		return ending{}, err
	}
	result := ending{exists: true}
	if isLeftover(item, &run) {
		complete := meta.FindStatusCondition(run.Status.Conditions, v1alpha1.ConditionComplete)
		result.over = j.now.Sub(complete.LastTransitionTime.Time) >= leftoverAge
	}
	j.ended[key] = result
	return result, nil
}

// existingRuns are the runs of a namespace that exist.
func existingRuns(ctx context.Context, reader client.Reader, namespace string) (map[cluster.RunKey]bool, error) {
	keys := map[cluster.RunKey]bool{}
	err := visitUIDs(ctx, reader, v1alpha1.KindSyncRun, namespace, func(uid types.UID) {
		if key, err := cluster.KeyOf(uid); err == nil {
			keys[key] = true
		}
	})
	return keys, err
}

// visitUIDs shows the uids of all objects of a kind in a namespace. Their data stays on the server.
func visitUIDs(ctx context.Context, reader client.Reader, kind, namespace string, visit func(types.UID)) error {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind + "List"))
	for {
		if err := reader.List(ctx, list, client.InNamespace(namespace), client.Limit(500), client.Continue(list.Continue)); err != nil {
			return fmt.Errorf("listing the %ss of namespace %s: %w", kind, namespace, err)
		}
		for i := range list.Items {
			visit(list.Items[i].UID)
		}
		if list.Continue == "" {
			return nil
		}
	}
}

// tellSwept says what went, in the log and to the people of each task.
func (s *Sweeper) tellSwept(ctx context.Context, removed map[types.NamespacedName]*swept) {
	for key, what := range removed {
		log.FromContext(ctx).Info("Removed what nobody needs any more", "namespace", key.Namespace, "task", key.Name,
			"ofRunsThatAreGone", what.objects[orphan], "ofRunsThatHaveEnded", what.objects[leftover],
			"ofInspectionsWithoutATask", what.objects[ownerless], "bytes", what.bytes)
		var task v1alpha1.SyncTask
		if err := s.Client.Get(ctx, key, &task); err != nil {
			continue // a task that is gone has nobody to tell
		}
		s.Events.Eventf(&task, nil, corev1.EventTypeNormal, eventSwept, eventAction, "%s", condition.Note(fmt.Sprintf(
			"What nobody needs any more was removed: objects of inspections without a task: %d; stored objects of runs that are gone: %d; plans and journals of runs that have ended: %d; together %s.",
			what.objects[ownerless], what.objects[orphan], what.objects[leftover], mebibytes(what.bytes))))
	}
}
