package inspection

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition"
	"synccenter.dev/synccenter/controllers/runnerjob"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/inspection"
)

// eventAction and reasonRefused are those of the event about a request that is refused.
const (
	eventAction   = "Inspect"
	reasonRefused = "InspectionRefused"
)

// act makes the one change of a step. Making it again is making it once.
func (r *Reconciler) act(ctx context.Context, o *observed, s step) error {
	switch s.action {
	case doNothing:
		return nil
	case begin:
		return r.begin(ctx, o.task, s.request)
	case makeJob:
		return r.makeJob(ctx, o.task, s.look)
	case tellTrouble:
		return r.note(ctx, o.task, s, false)
	case giveUp:
		return r.note(ctx, o.task, s, true)
	case forget:
		return r.inspections(o.task, s.look).Delete(ctx)
	case drop:
		return r.dropRequest(ctx, o.task)
	case refuse:
		if err := r.dropRequest(ctx, o.task); err != nil {
			return err
		}
		r.Events.Eventf(o.task, nil, corev1.EventTypeWarning, reasonRefused, eventAction, "%s", condition.Note(s.words))
		return nil
	}
	return fmt.Errorf("step %d of SyncTask %s/%s is not known", s.action, o.task.Namespace, o.task.Name)
}

func (r *Reconciler) inspections(task *v1alpha1.SyncTask, l look) *cluster.Inspections {
	return cluster.NewInspections(cluster.OptionsOf(r.Direct, task, l.Name, l.UID, l.Kind))
}

// begin stores what is to be done, with the definition as it is now, and makes
// the Job. What is stored comes first: a manager that is killed between the two
// finds it, and makes the Job then.
func (r *Reconciler) begin(ctx context.Context, task *v1alpha1.SyncTask, request inspection.Request) error {
	uid := inspection.UID(string(task.UID), request.ID)
	run := &v1alpha1.SyncRun{Spec: v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: task.Name}}}
	run.Name, run.UID = inspection.Name(task.Name, request.Kind(), uid), types.UID(uid)
	asked, err := inspection.New(request, definition.New(task, run, 0), r.Clock.Now())
	if err != nil {
		return err
	}
	begun := look{InspectionHead: cluster.InspectionHead{Name: asked.Name, UID: uid, Kind: request.Kind()}}
	if begun.Kind == inspection.KindCheck {
		if err := r.places.take(client.ObjectKeyFromObject(task), begun.Name, uid); err != nil {
			return err
		}
	}
	log.FromContext(ctx).Info("Looking at the directories", "inspection", begun.Name, "kind", begun.Kind)
	if err := r.inspections(task, begun).Create(ctx, asked); err != nil {
		return err
	}
	return r.makeJob(ctx, task, begun)
}

// makeJob makes the Job from the stored definition, unless the answer is there.
func (r *Reconciler) makeJob(ctx context.Context, task *v1alpha1.SyncTask, l look) error {
	asked, _, err := r.inspections(task, l).Load(ctx)
	if errors.Is(err, artifact.ErrNotFound) || (err == nil && asked.Ended != nil) {
		return nil
	}
	var taken definition.Definition
	if err == nil {
		taken, err = asked.TaskDefinition()
	}
	if errors.Is(err, inspection.ErrUnreadable) {
		return r.note(ctx, task, step{look: l, words: fmt.Sprintf("What is to be looked at was stored and cannot be read any more, so no pod is started: %v.", err)}, true)
	}
	if err != nil {
		return err
	}
	job := runnerjob.BuildInspection(task, &taken.TaskSpec, runnerjob.Inspection{Name: l.Name, UID: l.UID, Kind: l.Kind}, r.Jobs)
	err = r.Client.Create(ctx, job)
	switch {
	case err == nil, apierrors.IsAlreadyExists(err):
		return nil
	case refused(err):
		return r.note(ctx, task, step{look: l, words: fmt.Sprintf("The API server refuses the Job %q: %v.", job.Name, err)}, true)
	}
	return fmt.Errorf("making Job %s/%s: %w", job.Namespace, job.Name, err)
}

// refused says whether trying again at once would be in vain: a quota, a policy
// or a webhook stands against it.
func refused(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsInternalError(err)
}

// note says in the inspection why there is no answer. An answer that is there
// stays, and so does the trouble of a pod that is gone at the end.
func (r *Reconciler) note(ctx context.Context, task *v1alpha1.SyncTask, s step, final bool) error {
	stored := r.inspections(task, s.look)
	told, revision, err := stored.Load(ctx)
	if errors.Is(err, inspection.ErrUnreadable) {
		told, err, final = s.look.unread(), nil, true // no pod could read it either
	}
	if errors.Is(err, artifact.ErrNotFound) || (err == nil && told.Ended != nil) {
		return nil
	}
	if err != nil {
		return err
	}
	words := s.words
	if final && s.look.trouble == "" && told.Trouble != "" {
		words += " Before that: " + told.Trouble
	}
	told.Trouble = condition.Bound(words, condition.MessageLimit)
	if final {
		now := r.Clock.Now().UTC()
		told.Ended, told.Definition = &now, nil
	}
	log.FromContext(ctx).Info("The directories could not be looked at", "inspection", s.look.Name, "why", told.Trouble)
	return stored.Replace(ctx, told, revision)
}

// unread takes the place of a document that cannot be read.
func (l look) unread() *inspection.Inspection {
	return &inspection.Inspection{SchemaVersion: inspection.SchemaVersion, Name: l.Name, UID: l.UID, Begun: l.Begun, Checked: l.Checked}
}

// dropRequest takes the request from the task, unless there is a newer one.
func (r *Reconciler) dropRequest(ctx context.Context, task *v1alpha1.SyncTask) error {
	changed := task.DeepCopy()
	delete(changed.Annotations, v1alpha1.AnnotationInspect)
	patch := client.MergeFromWithOptions(task, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, changed, patch); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("taking the annotation %s from SyncTask %s/%s: %w", v1alpha1.AnnotationInspect, task.Namespace, task.Name, err)
	}
	return nil
}
