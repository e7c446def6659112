package past

import (
	"fmt"
	"strings"
	"time"
	"unique"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// record is what is remembered of one run.
type record struct {
	name string
	uid  uuid.UUID
	// of is the task, shared by its records.
	of unique.Handle[types.NamespacedName]
	// shape is shared by all records that look alike.
	shape unique.Handle[shape]
	// created, started and completed are in seconds since 1970, until 2106; 0 is no time.
	created, started, completed uint32
	sequence, generation        uint32
	organizations, users        counts
	// from is the spec of a run that names another one; nil for most.
	from *v1alpha1.SyncRunSpec
}

// shape is what many records have in common.
type shape struct {
	// otherUID is that of a run whose uid is no UUID in the usual form. The API server gives none such.
	otherUID types.UID
	// generated: the name is a generateName and what the API server puts after it.
	generated bool
	// trigger is the label of a run that the manager made.
	trigger       string
	kept, applied bool
	// only: the run was about some entries alone.
	only   bool
	kind   v1alpha1.RunType
	mode   v1alpha1.TriggerMode
	phase  v1alpha1.Phase
	reason string
	// organizations and users say whether the run got as far as counting them.
	organizations, users bool
	// records says whether it got as far as storing them, and details what its condition DetailsKept says.
	records bool
	details metav1.ConditionStatus
}

// counts are those of one subject.
type counts struct{ total, succeeded, updates, updatesSucceeded int32 }

// recordOf keeps what is needed of a run.
func recordOf(run *v1alpha1.SyncRun) *record {
	s := shape{
		generated:     IsGenerated(run),
		trigger:       run.Labels[v1alpha1.LabelTrigger],
		applied:       WasApplied(run),
		only:          run.Spec.Only != nil,
		kind:          run.Spec.Type,
		mode:          run.Status.Mode,
		phase:         run.Status.Phase,
		organizations: run.Status.Organizations != nil,
		users:         run.Status.Users != nil,
	}
	_, byAnnotation := run.Annotations[v1alpha1.AnnotationKeep]
	_, byLabel := run.Labels[v1alpha1.AnnotationKeep]
	s.kept, s.records = byAnnotation || byLabel, run.Status.Records != nil
	if details := meta.FindStatusCondition(run.Status.Conditions, v1alpha1.ConditionDetailsKept); details != nil {
		s.details = details.Status
	}
	if complete := meta.FindStatusCondition(run.Status.Conditions, v1alpha1.ConditionComplete); complete != nil {
		s.reason = complete.Reason
	}
	result := &record{
		name: strings.Clone(run.Name), of: unique.Make(types.NamespacedName{Namespace: run.Namespace, Name: run.Spec.TaskRef.Name}),
		created: secondsOf(&run.CreationTimestamp), started: secondsOf(run.Status.StartTime), completed: secondsOf(run.Status.CompletionTime),
		sequence:      uint32(run.Status.Sequence),
		organizations: countsOf(run.Status.Organizations),
		users:         countsOf(run.Status.Users),
	}
	if run.Status.Task != nil {
		result.generation = uint32(run.Status.Task.Generation)
	}
	if spec := run.Spec; spec.ApplyPlan != nil || spec.Deletions != nil || spec.Retry != nil || spec.Undo != nil {
		result.from = (&v1alpha1.SyncRunSpec{ApplyPlan: spec.ApplyPlan, Deletions: spec.Deletions, Retry: spec.Retry, Undo: spec.Undo}).DeepCopy()
	}
	if parsed, err := uuid.Parse(string(run.UID)); err == nil && parsed.String() == string(run.UID) {
		result.uid = parsed
	} else {
		s.otherUID = run.UID
	}
	result.shape = unique.Make(s)
	return result
}

// uidOf is the run's uid as the API server gave it.
func (c *record) uidOf(s shape) types.UID {
	if c.uid == uuid.Nil {
		return s.otherUID
	}
	return types.UID(c.uid.String())
}

func (c *record) task() types.NamespacedName { return c.of.Value() }

// run is a SyncRun with what is remembered. It has no resourceVersion, so that
// nobody can write it.
func (c *record) run() v1alpha1.SyncRun {
	s, task := c.shape.Value(), c.task()
	run := v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: task.Namespace, Name: c.name, UID: c.uidOf(s),
			CreationTimestamp: metav1.NewTime(timeOf(c.created)),
		},
		Spec: v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: task.Name}, Type: s.kind},
		Status: v1alpha1.SyncRunStatus{
			Sequence: int64(c.sequence), Mode: s.mode, Phase: s.phase,
			StartTime: metaTime(c.started), CompletionTime: metaTime(c.completed),
		},
	}
	if s.generated {
		run.GenerateName = c.name[:len(c.name)-generatedSuffix]
	}
	if s.trigger != "" {
		metav1.SetMetaDataLabel(&run.ObjectMeta, v1alpha1.LabelTrigger, s.trigger)
	}
	if s.kept {
		metav1.SetMetaDataAnnotation(&run.ObjectMeta, v1alpha1.AnnotationKeep, "")
	}
	if s.applied {
		metav1.SetMetaDataAnnotation(&run.ObjectMeta, corev1.LastAppliedConfigAnnotation, "")
	}
	if s.only {
		run.Spec.Only = &v1alpha1.OnlyEntries{}
	}
	if c.from != nil {
		from := c.from.DeepCopy()
		run.Spec.ApplyPlan, run.Spec.Deletions, run.Spec.Retry, run.Spec.Undo = from.ApplyPlan, from.Deletions, from.Retry, from.Undo
	}
	if c.generation > 0 {
		run.Status.Task = &v1alpha1.ExecutedTask{Generation: int64(c.generation)}
	}
	if s.records {
		run.Status.Records = &v1alpha1.RecordsStatus{}
	}
	if s.organizations {
		run.Status.Organizations = c.organizations.subjects()
	}
	if s.users {
		run.Status.Users = c.users.subjects()
	}
	run.Status.Conditions = conditions(s, run.Status.CompletionTime)
	return run
}

// conditions are those of an ended run, without their words.
func conditions(s shape, completed *metav1.Time) []metav1.Condition {
	succeeded := metav1.ConditionFalse
	if s.phase == v1alpha1.PhaseSucceeded {
		succeeded = metav1.ConditionTrue
	}
	var at metav1.Time
	if completed != nil {
		at = *completed
	}
	result := []metav1.Condition{
		{Type: v1alpha1.ConditionComplete, Status: metav1.ConditionTrue, Reason: s.reason, LastTransitionTime: at},
		{Type: v1alpha1.ConditionSucceeded, Status: succeeded, Reason: s.reason, LastTransitionTime: at},
	}
	if s.details != "" {
		result = append(result, metav1.Condition{Type: v1alpha1.ConditionDetailsKept, Status: s.details})
	}
	return result
}

// equal says whether two records say the same.
func (c *record) equal(other *record) bool {
	a, b := *c, *other
	a.from, b.from = nil, nil // the spec of a run does not change
	return a == b
}

func countsOf(subjects *v1alpha1.SubjectCounts) counts {
	if subjects == nil {
		return counts{}
	}
	return counts{
		total: int32(subjects.Total), succeeded: int32(subjects.Succeeded),
		updates: int32(subjects.Updates.Total), updatesSucceeded: int32(subjects.Updates.Succeeded),
	}
}

func (c counts) subjects() *v1alpha1.SubjectCounts {
	return &v1alpha1.SubjectCounts{
		Total: int64(c.total), Succeeded: int64(c.succeeded),
		Updates:        v1alpha1.UpdateCounts{Total: int64(c.updates), Succeeded: int64(c.updatesSucceeded)},
		Summary:        fmt.Sprintf("%d/%d", c.succeeded, c.total),
		UpdatesSummary: fmt.Sprintf("%d/%d", c.updatesSucceeded, c.updates),
	}
}

func secondsOf(t *metav1.Time) uint32 {
	if t.IsZero() {
		return 0
	}
	return uint32(t.Unix())
}

func timeOf(seconds uint32) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

func metaTime(seconds uint32) *metav1.Time {
	if seconds == 0 {
		return nil
	}
	t := metav1.NewTime(timeOf(seconds))
	return &t
}
