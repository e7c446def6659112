package synctask

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/schedule"
)

// createRun makes the run of a scheduled time. One that is there already was
// made by a manager that died before it could write so: making it again is
// making it once, since its name follows from the time.
func (r *Reconciler) createRun(ctx context.Context, task *v1alpha1.SyncTask, at time.Time) error {
	run := &v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: task.Namespace,
			Name:      schedule.RunName(task.Name, at),
			Labels: map[string]string{
				v1alpha1.LabelTask:    task.Name,
				v1alpha1.LabelTrigger: string(v1alpha1.TriggerScheduled),
			},
		},
		Spec: v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: task.Name}, Type: v1alpha1.RunSync},
	}
	err := r.Client.Create(ctx, run)
	if err == nil {
		return nil
	}
	key := client.ObjectKeyFromObject(run)
	if !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating SyncRun %s for the scheduled time %s: %w", key, clockText(at), err)
	}
	var existing v1alpha1.SyncRun
	if err := r.Live.Get(ctx, key, &existing); err != nil {
		return fmt.Errorf("reading SyncRun %s, which exists already: %w", key, err)
	}
	if _, ours := scheduledTime(task.Name, &existing); !ours || existing.Spec.TaskRef.Name != task.Name {
		return fmt.Errorf("creating SyncRun %s for the scheduled time %s: somebody else made a run of that name; delete it if the schedule should run", key, clockText(at))
	}
	return nil
}
