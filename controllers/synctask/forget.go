package synctask

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/definition"
)

// forgetLimit is how many runs one reconcile deletes at most.
const forgetLimit = 50

// forgetting is what goes with a task whose history is not to outlive it.
type forgetting struct {
	runs  []*v1alpha1.SyncRun
	state []cluster.Item
}

// observeForgetting looks for what a deleted task takes along: its runs, and
// when they are gone its state, unless another task has the same people. The runs
// were read from the API server: as long as one could still execute, nothing goes.
func (r *Reconciler) observeForgetting(ctx context.Context, o *observed) error {
	policy := definition.Resolve(&o.task.Spec).History.OnTaskDeletion
	if policy != v1alpha1.OnTaskDeletionDelete || o.executing() != nil {
		return nil
	}
	for i := range o.runs {
		// A run that was made after its task was deleted waits for the next task of that name.
		run := &o.runs[i]
		if !isKept(run) && run.DeletionTimestamp.IsZero() && !run.CreationTimestamp.After(o.task.DeletionTimestamp.Time) {
			o.forgetting.runs = append(o.forgetting.runs, run)
		}
	}
	if len(o.forgetting.runs) > 0 {
		return nil
	}
	alone, err := r.ownsAlone(ctx, o.task)
	if err != nil || !alone {
		return err
	}
	return cluster.Visit(ctx, r.Direct, o.task.Namespace, func(item cluster.Item) {
		if item.IsOf(definition.Owner(o.task)) {
			o.forgetting.state = append(o.forgetting.state, item)
		}
	})
}

// isKept says whether somebody wants a run to stay whatever becomes of its task.
func isKept(run *v1alpha1.SyncRun) bool {
	_, byAnnotation := run.Annotations[v1alpha1.AnnotationKeep]
	_, byLabel := run.Labels[v1alpha1.AnnotationKeep]
	return byAnnotation || byLabel
}

// ownsAlone says whether no other task has the owner of this one. It asks the
// API server: a state that somebody else has taken over must not go.
func (r *Reconciler) ownsAlone(ctx context.Context, task *v1alpha1.SyncTask) (bool, error) {
	var tasks v1alpha1.SyncTaskList
	if err := r.Live.List(ctx, &tasks, client.InNamespace(task.Namespace)); err != nil {
		return false, fmt.Errorf("listing the SyncTasks of namespace %s: %w", task.Namespace, err)
	}
	for i := range tasks.Items {
		if tasks.Items[i].UID != task.UID && definition.Owner(&tasks.Items[i]) == definition.Owner(task) {
			return false, nil
		}
	}
	return true, nil
}

// isDone says whether nothing is left to forget.
func (f forgetting) isDone() bool { return len(f.runs)+len(f.state) == 0 }

// forget removes some of what goes with a task. What cannot be removed, such as
// by a policy, does not keep the task from going when its patience is over.
func (r *Reconciler) forget(ctx context.Context, o *observed) error {
	err := r.forgetSome(ctx, o)
	if err == nil || apierrors.IsConflict(err) || r.Clock.Since(o.task.DeletionTimestamp.Time) < deletionPatience {
		return err
	}
	log.FromContext(ctx).Error(err, "The history stays behind its task, since it cannot be removed")
	return r.changeFinalizer(ctx, o.task, controllerutil.RemoveFinalizer)
}

// forgetSome deletes some runs, or the state, whose manifests go first: from then on it is absent.
func (r *Reconciler) forgetSome(ctx context.Context, o *observed) error {
	for _, run := range o.forgetting.runs[:min(len(o.forgetting.runs), forgetLimit)] {
		if err := r.forgetRun(ctx, run); err != nil {
			return err
		}
	}
	for _, manifests := range []bool{true, false} {
		for _, item := range o.forgetting.state {
			if (item.Kind == cluster.LabelValueManifest) != manifests {
				continue
			}
			if err := cluster.Remove(ctx, r.Direct, o.task.Namespace, item); err != nil {
				return err
			}
		}
	}
	log.FromContext(ctx).Info("History removed with its task", "runs", min(len(o.forgetting.runs), forgetLimit), "state", len(o.forgetting.state))
	return nil
}

// forgetRun deletes a run as it is now: whoever asked for it to stay in the last moment is heard.
func (r *Reconciler) forgetRun(ctx context.Context, seen *v1alpha1.SyncRun) error {
	var run v1alpha1.SyncRun
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(seen), &run); err != nil {
		return client.IgnoreNotFound(err)
	}
	if run.UID != seen.UID || isKept(&run) {
		return nil
	}
	// A run that starts in this moment has changed, so it is not deleted.
	object := &v1alpha1.SyncRun{ObjectMeta: metav1.ObjectMeta{Namespace: run.Namespace, Name: run.Name}}
	err := r.Client.Delete(ctx, object, client.PropagationPolicy(metav1.DeletePropagationBackground),
		client.Preconditions{UID: &run.UID, ResourceVersion: &run.ResourceVersion})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting SyncRun %s/%s with its task: %w", run.Namespace, run.Name, err)
	}
	return nil
}
