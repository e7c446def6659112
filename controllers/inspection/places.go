package inspection

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/runnerjob"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/inspection"
)

// places are those of the checks that go on. All checks are made here, one after
// the other, and each takes its place before anything of it is stored: so the
// limit holds however old the cache is. Only a manager that starts anew asks the
// cache which checks there are; it shows everything then.
type places struct {
	// taken are the checks that go on, by the name of their inspection; nil before the first look.
	taken map[types.NamespacedName]place
	// line are the tasks whose check waits for a place.
	line line
}

// place is what goes on for a check: the object that tells of it, and its Job.
type place struct {
	task types.NamespacedName
	// head is the object's name; empty for one that is over already.
	head string
	job  string
}

// take gives a check its place. Taking it again changes nothing.
func (p *places) take(task types.NamespacedName, name, uid string) error {
	head, err := cluster.InspectionObject(uid)
	if err != nil {
		return fmt.Errorf("naming the object of inspection %q: %w", name, err)
	}
	p.taken[types.NamespacedName{Namespace: task.Namespace, Name: name}] = place{task: task, head: head, job: runnerjob.Name(name, 1)}
	return nil
}

// free is how many checks may begin. It is below zero when people ask for more
// checks than there are places.
func (p *places) free(limit int) int { return limit - len(p.taken) }

// observePlaces finds out which checks of a task are over, and how many of all
// tasks go on.
func (r *Reconciler) observePlaces(ctx context.Context, task types.NamespacedName) error {
	if err := r.recallPlaces(ctx); err != nil {
		return err
	}
	for name, taken := range r.places.taken {
		if taken.task != task {
			continue
		}
		over, err := r.isOver(ctx, task.Namespace, taken)
		if err != nil {
			return err
		}
		if over {
			delete(r.places.taken, name)
		}
	}
	return nil
}

// isOver says whether a check has its last word, or nobody who sees to it, and no Job any more that works.
func (r *Reconciler) isOver(ctx context.Context, namespace string, taken place) (bool, error) {
	if taken.head != "" {
		var head v1alpha1.SyncArtifact
		found, err := r.find(ctx, types.NamespacedName{Namespace: namespace, Name: taken.head}, &head)
		if err == nil && found {
			found, err = r.isOpen(ctx, &head)
		}
		if err != nil || found {
			return false, err
		}
	}
	var job batchv1.Job
	found, err := r.find(ctx, types.NamespacedName{Namespace: namespace, Name: taken.job}, &job)
	return err == nil && (!found || finishedBy(&job) != ""), err
}

// isOpen says whether the last word about a check is still to come. One that
// lost its task, as after a restore, gets none: it holds no place for ever.
func (r *Reconciler) isOpen(ctx context.Context, head *v1alpha1.SyncArtifact) (bool, error) {
	owner := metav1.GetControllerOf(head)
	if cluster.HeadOf(head).Ended != nil || owner == nil {
		return false, nil
	}
	var task v1alpha1.SyncTask
	found, err := r.find(ctx, types.NamespacedName{Namespace: head.Namespace, Name: owner.Name}, &task)
	return found && task.UID == owner.UID, err
}

// find reads an object from the cache. One that it does not show may be too new
// for it, so the API server is asked whether that is gone.
func (r *Reconciler) find(ctx context.Context, key types.NamespacedName, object client.Object) (bool, error) {
	err := r.Client.Get(ctx, key, object)
	if apierrors.IsNotFound(err) {
		err = r.Live.Get(ctx, key, object)
	}
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking whether the check of %q is over: %w", key, err)
	}
	return true, nil
}

// recallPlaces finds out, once, which checks an earlier manager has left.
func (r *Reconciler) recallPlaces(ctx context.Context) error {
	if r.places.taken != nil {
		return nil
	}
	found := places{taken: map[types.NamespacedName]place{}}
	ofChecks := client.MatchingLabels{v1alpha1.LabelInspection: string(inspection.KindCheck)}
	var jobs batchv1.JobList
	if err := r.Client.List(ctx, &jobs, ofChecks, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing the Jobs of checks: %w", err)
	}
	for i := range jobs.Items {
		if job := &jobs.Items[i]; finishedBy(job) == "" {
			task := types.NamespacedName{Namespace: job.Namespace, Name: job.Labels[v1alpha1.LabelTask]}
			found.taken[types.NamespacedName{Namespace: job.Namespace, Name: job.Labels[v1alpha1.LabelRun]}] = place{task: task, job: job.Name}
		}
	}
	var heads v1alpha1.SyncArtifactList
	ofHeads := client.MatchingLabels{v1alpha1.LabelArtifact: cluster.LabelValueInspection}
	if err := r.Client.List(ctx, &heads, ofChecks, ofHeads, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing the checks of all SyncTasks: %w", err)
	}
	for i := range heads.Items {
		open, err := r.isOpen(ctx, &heads.Items[i])
		if err != nil {
			return err
		}
		if !open {
			continue
		}
		head := cluster.HeadOf(&heads.Items[i])
		task := types.NamespacedName{Namespace: heads.Items[i].Namespace, Name: heads.Items[i].Labels[v1alpha1.LabelTask]}
		if err := found.take(task, head.Name, head.UID); err != nil {
			return err
		}
	}
	r.places.taken = found.taken
	return nil
}
