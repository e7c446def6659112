package inspection

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/trouble"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/inspection"
)

// observed is all that a decision may depend on, beside the time.
type observed struct {
	task *v1alpha1.SyncTask
	// checked is the digest of what a check of the task depends on now.
	checked string
	// request is what the task's annotation asks for; nil if it asks for
	// nothing. malformed says why what stands there cannot be understood.
	request   *inspection.Request
	malformed string
	// looks are the inspections of the task, the newest first.
	looks []look
	// limit is how many checks go on at once, beside those that people ask for;
	// running counts all that do, and ahead the tasks that have waited longer for a place.
	limit, running, ahead int
}

// look is one inspection and its Job.
type look struct {
	cluster.InspectionHead
	// job is nil where there is none.
	job *batchv1.Job
	// trouble says why no pod works, in a sentence for people.
	trouble string
}

// ready is the task's condition Ready, if it speaks of the present generation.
func (o *observed) ready() *metav1.Condition {
	ready := meta.FindStatusCondition(o.task.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.ObservedGeneration != o.task.Generation {
		return nil
	}
	return ready
}

// observe reads what concerns the inspections of a task.
func (r *Reconciler) observe(ctx context.Context, task *v1alpha1.SyncTask) (*observed, error) {
	digest, err := definition.CheckDigest(&task.Spec)
	if err != nil {
		return nil, err
	}
	o := &observed{task: task, checked: digest, limit: r.MaxConcurrentChecks}
	if text, asked := task.Annotations[v1alpha1.AnnotationInspect]; asked {
		if o.request, err = inspection.ParseRequest(text); err != nil {
			o.request, o.malformed = nil, err.Error()
		}
	}
	if err := r.observeLooks(ctx, o); err != nil {
		return nil, err
	}
	key := client.ObjectKeyFromObject(task)
	for _, l := range o.looks {
		if l.open() && l.Kind == inspection.KindCheck {
			if err := r.places.take(key, l.Name, l.UID); err != nil {
				return nil, err
			}
		}
	}
	o.running, o.ahead = len(r.places.taken), r.places.line.ahead(key)
	return o, nil
}

func (r *Reconciler) observeLooks(ctx context.Context, o *observed) error {
	ofTask := []client.ListOption{
		client.InNamespace(o.task.Namespace), client.MatchingLabels{v1alpha1.LabelTask: o.task.Name}, client.HasLabels{v1alpha1.LabelInspection},
	}
	var heads v1alpha1.SyncArtifactList
	if err := r.Client.List(ctx, &heads, append(ofTask, client.MatchingLabels{v1alpha1.LabelArtifact: cluster.LabelValueInspection})...); err != nil {
		return fmt.Errorf("listing the inspections of SyncTask %s/%s: %w", o.task.Namespace, o.task.Name, err)
	}
	for i := range heads.Items {
		if metav1.IsControlledBy(&heads.Items[i], o.task) {
			o.looks = append(o.looks, look{InspectionHead: cluster.HeadOf(&heads.Items[i])})
		}
	}
	now := r.Clock.Now()
	slices.SortFunc(o.looks, func(a, b look) int {
		return cmp.Or(inspection.Trusted(b.Begun, now).Compare(inspection.Trusted(a.Begun, now)), cmp.Compare(a.Name, b.Name))
	})
	if !slices.ContainsFunc(o.looks, look.open) {
		return nil
	}
	var jobs batchv1.JobList
	if err := r.Client.List(ctx, &jobs, ofTask...); err != nil {
		return fmt.Errorf("listing the Jobs that look at the directories of SyncTask %s/%s: %w", o.task.Namespace, o.task.Name, err)
	}
	for i := range o.looks {
		if err := r.observeJob(ctx, o, &o.looks[i], jobs.Items); err != nil {
			return err
		}
	}
	return nil
}

// observeJob finds the Job of an inspection that is not over, and why it does not go on.
func (r *Reconciler) observeJob(ctx context.Context, o *observed, l *look, jobs []batchv1.Job) error {
	if !l.open() {
		return nil
	}
	for i := range jobs {
		if jobs[i].Labels[v1alpha1.LabelRun] == l.Name && metav1.IsControlledBy(&jobs[i], o.task) {
			l.job = &jobs[i]
		}
	}
	if l.job == nil {
		return nil
	}
	var pods corev1.PodList
	err := r.Client.List(ctx, &pods, client.InNamespace(o.task.Namespace), client.MatchingLabels{v1alpha1.LabelRun: l.Name})
	if err != nil {
		return fmt.Errorf("listing the pods of Job %s/%s: %w", l.job.Namespace, l.job.Name, err)
	}
	own := 0
	for i := range pods.Items {
		if pod := &pods.Items[i]; metav1.IsControlledBy(pod, l.job) {
			own++
			l.trouble = cmp.Or(trouble.OfPod(pod), lastWords(pod), l.trouble)
		}
	}
	if own > 0 || r.Clock.Since(l.job.CreationTimestamp.Time) < patience {
		return nil
	}
	l.trouble, err = trouble.OfJob(ctx, r.Live, l.job)
	return err
}

// lastWords are what a pod that failed said.
func lastWords(pod *corev1.Pod) string {
	for _, container := range pod.Status.ContainerStatuses {
		if ended := container.State.Terminated; ended != nil && ended.ExitCode != 0 {
			return fmt.Sprintf("Its pod ended with code %d (%s): %s", ended.ExitCode, ended.Reason, ended.Message)
		}
	}
	return ""
}

// open: the last word is not said.
func (l look) open() bool { return l.Ended == nil }

// spokeAt is how old its word is.
func (l look) spokeAt(now time.Time) time.Time { return inspection.SpokeAt(l.Begun, l.Ended, now) }

// finishedBy is the reason with which a Job has ended; empty while it goes on.
func finishedBy(job *batchv1.Job) string {
	for _, c := range job.Status.Conditions {
		if (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) && c.Status == corev1.ConditionTrue {
			return cmp.Or(c.Reason, string(c.Type))
		}
	}
	return ""
}
