package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition"
	"synccenter.dev/synccenter/internal/artifact/cluster"
)

const (
	// atOnce is short enough for nobody to notice, and no loop without a pause.
	atOnce = 10 * time.Millisecond
	// eventAction is the event's action, for tools: what the manager did with the history.
	eventAction = "Retain"
)

// act does as much as one reconcile may, and says whether more is left. What
// cannot be done to one run keeps nothing from being done to the others.
func (r *Reconciler) act(ctx context.Context, losses []loss) (more bool, err error) {
	left := map[extent]int{whole: wholeLimit, details: detailLimit, plainRecords: plainLimit}
	var failures []error
	for _, loss := range losses {
		if left[loss.extent] == 0 {
			more = true
			continue
		}
		left[loss.extent]--
		if err := r.carryOut(ctx, loss); err != nil {
			failures = append(failures, err)
		}
	}
	return more || len(failures) > 0, errors.Join(failures...)
}

func (r *Reconciler) carryOut(ctx context.Context, loss loss) error {
	var run v1alpha1.SyncRun
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(loss.run), &run); err != nil {
		return client.IgnoreNotFound(err)
	}
	// Somebody may have asked for it to stay since, or it is another run of this name.
	if run.UID != loss.run.UID || isSafe(&run, nil, r.Clock.Now()) {
		return nil
	}
	if loss.extent == whole && !mayGo(&run) {
		// Somebody has applied it under this name since.
		if !hasDetails(&run) {
			return nil
		}
		loss.extent = details
	}
	switch loss.extent {
	case whole:
		return r.deleteRun(ctx, &run, loss)
	case details:
		return r.removeDetails(ctx, &run, loss)
	case plainRecords:
		return r.countPlain(ctx, &run, loss)
	}
	return nil
}

// deleteRun deletes a run as it was read: one that has changed since, such as
// by the annotation that keeps it, is looked at again. What it owns goes with it.
func (r *Reconciler) deleteRun(ctx context.Context, run *v1alpha1.SyncRun, loss loss) error {
	seen := client.Preconditions{UID: &run.UID, ResourceVersion: &run.ResourceVersion}
	err := r.Client.Delete(ctx, &v1alpha1.SyncRun{ObjectMeta: metav1.ObjectMeta{Namespace: run.Namespace, Name: run.Name}},
		client.PropagationPolicy(metav1.DeletePropagationBackground), seen)
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("deleting SyncRun %s/%s, which its task keeps no longer: %w", run.Namespace, run.Name, err)
	}
	log.FromContext(ctx).Info("Run removed from the history", "run", run.Name, "sequence", run.Status.Sequence, "message", loss.message)
	return nil
}

// removeItems removes what a run owns and the caller wants gone. The manifests
// go first: from then on a stream is absent, and never a part.
func (r *Reconciler) removeItems(ctx context.Context, run *v1alpha1.SyncRun, unwanted func(cluster.Item) bool) error {
	var first, then []cluster.Item
	err := cluster.Visit(ctx, r.Direct, run.Namespace, func(item cluster.Item) {
		switch {
		case item.Run != run.UID || !unwanted(item):
		case item.Kind == cluster.LabelValueManifest:
			first = append(first, item)
		default:
			then = append(then, item)
		}
	}, client.MatchingLabels{v1alpha1.LabelRun: run.Name})
	if err != nil {
		return err
	}
	for _, item := range append(first, then...) {
		if err := cluster.Remove(ctx, r.Direct, run.Namespace, item); err != nil {
			return err
		}
	}
	return nil
}

// removeDetails removes all that is stored of a run, and its export.
func (r *Reconciler) removeDetails(ctx context.Context, run *v1alpha1.SyncRun, loss loss) error {
	if err := r.removeItems(ctx, run, func(cluster.Item) bool { return true }); err != nil {
		return err
	}
	set := r.conditions(run)
	if err := r.removeExport(ctx, run, set); err != nil {
		return err
	}
	set.Set(v1alpha1.ConditionDetailsKept, metav1.ConditionFalse, loss.reason, loss.message)
	if err := r.writeStatus(ctx, run); err != nil {
		return err
	}
	log.FromContext(ctx).Info("Details removed from the history", "run", run.Name, "sequence", run.Status.Sequence, "message", loss.message)
	if loss.reason == v1alpha1.ReasonBudgetReached {
		r.tellTask(ctx, run, loss)
	}
	return nil
}

// removeExport deletes the file of a run, which holds the same names as its records.
func (r *Reconciler) removeExport(ctx context.Context, run *v1alpha1.SyncRun, set condition.Setter) error {
	export := run.Status.Export
	if export == nil || export.ConfigMap == nil {
		return nil
	}
	configMap := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: run.Namespace, Name: export.ConfigMap.Name}}
	// One that is no longer owned by a run, as after a restored backup, is somebody else's to remove.
	if err := r.Client.Delete(ctx, configMap); client.IgnoreNotFound(err) != nil && !apierrors.IsForbidden(err) {
		return fmt.Errorf("deleting ConfigMap %s/%s with the export of SyncRun %s: %w", run.Namespace, configMap.Name, run.Name, err)
	}
	run.Status.Export = nil
	set.Set(v1alpha1.ConditionExported, metav1.ConditionFalse, v1alpha1.ReasonExportGone, "The file was removed with the details of the run.")
	return nil
}

func (r *Reconciler) conditions(run *v1alpha1.SyncRun) condition.Setter {
	return condition.Setter{Conditions: &run.Status.Conditions, Generation: run.Generation, Now: r.Clock.Now().Truncate(time.Second)}
}

func (r *Reconciler) writeStatus(ctx context.Context, run *v1alpha1.SyncRun) error {
	if err := r.Client.Status().Update(ctx, run); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("writing the status of SyncRun %s/%s: %w", run.Namespace, run.Name, err)
	}
	return nil
}

// tellTask tells the people of a task that details went because of a budget.
func (r *Reconciler) tellTask(ctx context.Context, run *v1alpha1.SyncRun, loss loss) {
	var task v1alpha1.SyncTask
	if err := r.Client.Get(ctx, client.ObjectKey{Namespace: run.Namespace, Name: run.Spec.TaskRef.Name}, &task); err != nil {
		return // a task that is gone has nobody to tell
	}
	r.Events.Eventf(&task, run, corev1.EventTypeWarning, string(loss.reason), eventAction, "%s",
		condition.Note(fmt.Sprintf("The details of run %s were removed; its counts stay. %s", run.Name, loss.message)))
}
