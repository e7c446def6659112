package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	artifactcluster "synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/inspection"
)

const (
	// askEvery is the time between two looks for an answer.
	askEvery = 500 * time.Millisecond
	// takenWithin is how long the manager may take to see a request before that is said.
	takenWithin = 30 * time.Second
	// shownWithin is how long the task's status may take to show a check that was taken: longer than any check lasts.
	shownWithin = 5 * time.Minute
)

// question is a request that the manager turns into a short pod, and what is known of it.
type question struct {
	*Options
	cluster *cluster
	task    *v1alpha1.SyncTask
	request inspection.Request
	object  types.NamespacedName
	name    string
	// blind: the person may not read artifacts, so that only the task's status tells.
	blind bool
	// before is the last check that the task's status showed before.
	before string
	// taken is how long the request had waited when it was seen to be taken; 0 before.
	taken time.Duration
	view  *lineView
}

// ask puts a request on the task, with an ID that nobody else has.
func (o *Options) ask(ctx context.Context, cluster *cluster, task string, request inspection.Request) (*question, error) {
	found, err := cluster.task(ctx, task)
	if err != nil {
		return nil, err
	}
	if err := notReady(found); err != nil {
		return nil, err
	}
	id := make([]byte, 10)
	_, _ = rand.Read(id) // it never fails
	request.ID = hex.EncodeToString(id)
	uid := inspection.UID(string(found.UID), request.ID)
	object, err := artifactcluster.InspectionObject(uid)
	if err != nil {
		return nil, err
	}
	q := &question{
		Options: o, cluster: cluster, task: found, request: request, name: inspection.Name(task, request.Kind(), uid),
		object: types.NamespacedName{Namespace: found.Namespace, Name: object}, view: &lineView{out: o.ErrOut, rewrite: o.OutputIsTerminal},
	}
	_, err = q.read(ctx)
	switch {
	case apierrors.IsForbidden(err) && request.Check:
		q.blind = true
	case apierrors.IsForbidden(err):
		return nil, cluster.mayNotRead("the answer", found.Namespace, err)
	case err != nil:
		return nil, err
	}
	if err := q.put(ctx); err != nil {
		return nil, err
	}
	if last := q.task.Status.LastCheck; last != nil {
		q.before = last.Name
	}
	return q, nil
}

// notReady is the error of a task whose directories the manager does not look at.
func notReady(task *v1alpha1.SyncTask) error {
	ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.ObservedGeneration != task.Generation || ready.Status != metav1.ConditionFalse {
		return nil
	}
	return fmt.Errorf("task %q is not Ready, so its directories cannot be looked at: %s", task.Name, ready.Message)
}

// put writes the annotation, when that of somebody else is gone.
func (q *question) put(ctx context.Context) error {
	text, err := q.request.Encode()
	if err != nil {
		return fmt.Errorf("asking about task %q: %w", q.task.Name, err)
	}
	begin := q.Now()
	for {
		if q.task.Annotations[v1alpha1.AnnotationInspect] == "" {
			changed := q.task.DeepCopy()
			metav1.SetMetaDataAnnotation(&changed.ObjectMeta, v1alpha1.AnnotationInspect, text)
			err := q.cluster.Patch(ctx, changed, client.MergeFromWithOptions(q.task, client.MergeFromWithOptimisticLock{}), fieldManager)
			if apierrors.IsForbidden(err) {
				return fmt.Errorf("looking at the directories of task %q needs the right to change the task, since it starts a pod with the task's Secrets: %w", q.task.Name, err)
			}
			if err == nil || !apierrors.IsConflict(err) {
				return err
			}
		} else if q.Now().Sub(begin) > takenWithin {
			return fmt.Errorf("another request waits in the annotation %s of task %q, and nobody takes it: is the manager running?", v1alpha1.AnnotationInspect, q.task.Name)
		}
		q.view.show("waiting for the request of somebody else")
		if err := pause(ctx, askEvery); err != nil {
			return err
		}
		if q.task, err = q.cluster.task(ctx, q.task.Name); err != nil {
			return err
		}
	}
}

// answered waits for the last word. A blind question has no inspection, only a newer task.
func (q *question) answered(ctx context.Context) (*inspection.Inspection, error) {
	defer q.view.end()
	begin, failures := q.Now(), 0
	for {
		found, done, err := q.look(ctx, q.Now().Sub(begin))
		if ctx.Err() != nil {
			q.withdraw()
			return nil, &exitError{exitInterrupted, errors.New("stopped waiting; nothing was changed")}
		}
		if failures++; err == nil {
			failures = 0
		}
		if done || failures >= reconnectAttempts {
			return found, err
		}
		if err := pause(ctx, askEvery); err != nil {
			continue // which ends above
		}
	}
}

// look sees how far it is; done also says that an error will not pass. The task is read first: what the manager took from it is stored before.
func (q *question) look(ctx context.Context, waited time.Duration) (found *inspection.Inspection, done bool, err error) {
	task, err := q.cluster.task(ctx, q.task.Name)
	if err != nil {
		return nil, isFinal(err), err
	}
	q.task = task
	waits := q.task.Annotations[v1alpha1.AnnotationInspect] != ""
	if q.blind {
		q.show(waits, "", waited)
		done, err := q.shown(waits, waited)
		return nil, done, err
	}
	found, err = q.read(ctx)
	switch {
	case err != nil:
		return nil, isFinal(err), err
	case found == nil && !waits:
		return nil, true, fmt.Errorf("the manager refuses to look at the directories of task %q: its events say why (kubectl describe synctask %s -n %s)", q.task.Name, q.task.Name, q.task.Namespace)
	case found == nil:
		q.show(true, "", waited)
		return nil, false, nil
	}
	q.show(false, found.Trouble, waited)
	return found, found.Ended != nil, nil
}

// shown says whether the task's status has the answer, or why it will not have it. A check of somebody else that ended meanwhile is an answer too:
// it may be the newer one, and then ours is never shown.
func (q *question) shown(waits bool, waited time.Duration) (bool, error) {
	last := q.task.Status.LastCheck
	switch {
	case last != nil && last.Name == q.name:
		return true, nil
	case waits:
		q.taken = 0
		return false, nil
	case last != nil && last.Name != q.before:
		return true, nil
	}
	if err := notReady(q.task); err != nil {
		return true, err
	}
	if q.taken == 0 {
		q.taken = waited
	}
	if waited-q.taken > shownWithin {
		return true, fmt.Errorf("the status of task %q shows no check: its events may say why (kubectl describe synctask %s -n %s)", q.task.Name, q.task.Name, q.task.Namespace)
	}
	return false, nil
}

func (q *question) show(waits bool, trouble string, waited time.Duration) {
	switch {
	case trouble != "":
		q.view.show("waiting for the pod: " + trouble)
	case waits && waited > takenWithin:
		q.view.show("waiting for the manager, which does not answer: is it running?")
	case waits:
		q.view.show("waiting for the manager")
	default:
		q.view.show("waiting for the pod " + q.name)
	}
}

// read reads the inspection; nil when it is not there yet.
func (q *question) read(ctx context.Context) (*inspection.Inspection, error) {
	var object v1alpha1.SyncArtifact
	err := q.cluster.Get(ctx, q.object, &object)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, explain("reading the answer", err)
	}
	return artifactcluster.DecodeInspection(&object)
}

// withdraw takes the request back if the manager has not seen it. If that fails, a pod looks and its answer is removed by itself.
func (q *question) withdraw() {
	ctx, cancel := context.WithTimeout(context.Background(), completionTimeout)
	defer cancel()
	text, err := q.request.Encode()
	if err != nil {
		return
	}
	task, err := q.cluster.task(ctx, q.task.Name)
	if err != nil || task.Annotations[v1alpha1.AnnotationInspect] != text {
		return
	}
	changed := task.DeepCopy()
	delete(changed.Annotations, v1alpha1.AnnotationInspect)
	_ = q.cluster.Patch(ctx, changed, client.MergeFromWithOptions(task, client.MergeFromWithOptimisticLock{}), fieldManager)
}

// lineView shows what is waited for: on a terminal in one line, else in a line whenever it changes.
type lineView struct {
	out     io.Writer
	rewrite bool
	last    string
}

func (v *lineView) show(text string) {
	text = plain(text)
	if text == v.last {
		return
	}
	v.last = text
	if v.rewrite {
		fmt.Fprintf(v.out, "\r\x1b[K%s", text)
		return
	}
	fmt.Fprintln(v.out, text)
}

func (v *lineView) end() {
	if v.rewrite && v.last != "" {
		fmt.Fprint(v.out, "\r\x1b[K")
	}
}
