package retention

import (
	"context"
	"errors"
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

// swept counts what was removed of a task.
type swept struct {
	orphans, leftovers, bytes int64
}

// removeSuspects removes those of the suspects that nobody needs, the manifests
// first: from then on a stream is absent, and never a part. A removal that the API
// server refuses keeps no other from being made.
func (s *Sweeper) removeSuspects(ctx context.Context, pace *rate.Limiter, f *findings) error {
	verdicts := judge{reader: s.Live, now: s.Clock.Now(), alive: map[string]map[cluster.RunKey]struct{}{}, ended: map[cluster.RunKey]ending{}}
	removed := map[types.NamespacedName]*swept{}
	defer func() { s.tellSwept(ctx, removed) }()
	var refusals []error
	for _, manifests := range []bool{true, false} {
		for _, item := range f.suspects {
			if (item.Kind == cluster.LabelValueManifest) != manifests {
				continue
			}
			orphan, leftover, err := verdicts.of(ctx, item)
			if err != nil {
				return err
			}
			if !orphan && !leftover {
				continue
			}
			if err := pace.Wait(ctx); err != nil {
				return err
			}
			switch err := cluster.Remove(ctx, s.Direct, item.Namespace, item); {
			case err == nil:
				f.forget(item, removed, orphan)
			case len(refusals) == refusalsLimit:
				return errors.Join(refusals...)
			default:
				refusals = append(refusals, err)
			}
		}
	}
	return errors.Join(refusals...)
}

// forget takes an object that was removed out of the sums.
func (f *findings) forget(item cluster.Item, removed map[types.NamespacedName]*swept, orphan bool) {
	task := types.NamespacedName{Namespace: item.Namespace, Name: item.Task}
	f.tasks[task] -= item.Bytes
	f.namespaces[item.Namespace] -= item.Bytes
	if removed[task] == nil {
		removed[task] = &swept{}
	}
	removed[task].bytes += item.Bytes
	if orphan {
		removed[task].orphans++
	} else {
		removed[task].leftovers++
	}
}

// judge finds out about runs, each once.
type judge struct {
	reader client.Reader
	now    time.Time
	// alive are the runs that exist, by namespace.
	alive map[string]map[cluster.RunKey]struct{}
	ended map[cluster.RunKey]ending
}

// ending is what is known of a run that left a plan or a journal.
type ending struct {
	// exists: it was found under its name. over: it ended so long ago that its pod does not tidy up any more.
	exists, over bool
}

// of says whether the run of an object is gone, or needs the object no longer.
// Both are asked of the API server, and a run is known by its uid. A run that was
// made since the runs were listed has no object that is old enough.
func (j *judge) of(ctx context.Context, item cluster.Item) (orphan, leftover bool, err error) {
	key, _ := item.RunKey()
	if isOfUnfinished(item) {
		found, err := j.endingOf(ctx, item, key)
		if err != nil || found.exists {
			return false, found.over, err
		}
	}
	if j.now.Sub(item.Created) < orphanAge {
		return false, false, nil
	}
	if item.Run != "" {
		// Owner and name have to agree, or the object is not what it seems to be.
		if owner, err := cluster.KeyOf(item.Run); err != nil || owner != key {
			return false, false, err
		}
	}
	if j.alive[item.Namespace] == nil {
		if j.alive[item.Namespace], err = aliveIn(ctx, j.reader, item.Namespace); err != nil {
			return false, false, err
		}
	}
	_, exists := j.alive[item.Namespace][key]
	return !exists, false, nil
}

// endingOf looks for the run under the name that stands on what it wrote.
func (j *judge) endingOf(ctx context.Context, item cluster.Item, key cluster.RunKey) (ending, error) {
	if known, ok := j.ended[key]; ok {
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

// aliveIn are the runs of a namespace that exist. Their data stays on the server.
func aliveIn(ctx context.Context, reader client.Reader, namespace string) (map[cluster.RunKey]struct{}, error) {
	keys := map[cluster.RunKey]struct{}{}
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(v1alpha1.KindSyncRun + "List"))
	for {
		if err := reader.List(ctx, list, client.InNamespace(namespace), client.Limit(500), client.Continue(list.Continue)); err != nil {
			return nil, fmt.Errorf("listing the SyncRuns of namespace %s: %w", namespace, err)
		}
		for i := range list.Items {
			key, err := cluster.KeyOf(list.Items[i].UID)
			if err != nil {
				return nil, err
			}
			keys[key] = struct{}{}
		}
		if list.Continue == "" {
			return keys, nil
		}
	}
}

// tellSwept says what went, in the log and to the people of each task.
func (s *Sweeper) tellSwept(ctx context.Context, removed map[types.NamespacedName]*swept) {
	for key, what := range removed {
		log.FromContext(ctx).Info("Removed what nobody needs any more", "namespace", key.Namespace, "task", key.Name,
			"ofRunsThatAreGone", what.orphans, "ofRunsThatHaveEnded", what.leftovers, "bytes", what.bytes)
		var task v1alpha1.SyncTask
		if err := s.Client.Get(ctx, key, &task); err != nil {
			continue // a task that is gone has nobody to tell
		}
		s.Events.Eventf(&task, nil, corev1.EventTypeNormal, eventSwept, eventAction, "%s", condition.Note(fmt.Sprintf(
			"What nobody needs any more was removed: stored objects of runs that are gone: %d; plans and journals of runs that have ended: %d; together %s.",
			what.orphans, what.leftovers, mebibytes(what.bytes))))
	}
}
