package manager

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/runnerjob"
)

// TestWhatTheCacheKeeps fails when the cache keeps of an object what nobody asks
// of it, or loses what somebody does.
func TestWhatTheCacheKeeps(t *testing.T) {
	t.Parallel()
	managed := []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}
	counts := &v1alpha1.SubjectCounts{Total: 12, Summary: "12/12"}
	task := &v1alpha1.SyncTask{ObjectMeta: metav1.ObjectMeta{Name: "hr", ManagedFields: managed}}
	task.Spec.Owner, task.Spec.Suspend, task.Spec.History.Limit = "people", true, new(int32(7))
	task.Spec.Mappings.Users = []v1alpha1.Mapping{{To: "cn", From: "cn"}}
	task.Status.RecentExecutions = []v1alpha1.RecentExecution{{Run: "hr-7", UID: "uid-7", Sequence: 7, Time: metav1.Now(), Organizations: counts, Users: counts}, {UID: "uid-6", Sequence: 6}}
	task.Status.LastSync = task.Status.RecentExecutions[0].DeepCopy()
	task.Annotations = map[string]string{corev1.LastAppliedConfigAnnotation: "{}", v1alpha1.AnnotationHold: "moving"}
	task.Status.LastRun, task.Status.Links = &v1alpha1.LastRun{UID: "uid-7"}, &v1alpha1.LinkCounts{Users: 12}
	task.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: "Ready", Message: "The definition is valid."}}
	slim, err := slimTask(task)
	if err != nil {
		t.Fatal(err)
	}
	kept := slim.(*v1alpha1.SyncTask)
	if e := kept.Status.RecentExecutions[0]; len(kept.Status.RecentExecutions) != 1 || kept.ManagedFields != nil || e.Users != nil || e.Run != "" || e.UID != "uid-7" || e.Sequence != 7 || e.Time.IsZero() || kept.Status.LastSync != nil {
		t.Errorf("of a task the cache keeps %+v", kept)
	}
	if spec := kept.Spec; spec.Owner != "people" || !spec.Suspend || *spec.History.Limit != 7 || spec.Mappings.Users != nil {
		t.Errorf("of the definition of a task the cache keeps %+v", spec)
	}

	if a := kept.Annotations; len(a) != 1 || a[v1alpha1.AnnotationHold] != "moving" {
		t.Errorf("of the annotations of a task the cache keeps %v", a)
	}
	if s := kept.Status; s.LastRun == nil || s.Links == nil || s.Conditions[0].Reason != "Ready" || s.Conditions[0].Message != "" {
		t.Errorf("of the status of a task the cache keeps %+v", s)
	}

	run := &v1alpha1.SyncRun{ObjectMeta: metav1.ObjectMeta{Name: "hr-first", UID: "run-uid"}}
	for _, settles := range []bool{false, true} {
		job := runnerjob.Build(run, &v1alpha1.SyncTaskSpec{}, runnerjob.Attempt{Number: 1, SettleOnly: settles}, runnerjob.Options{Image: "synccenter:test"})
		job.ManagedFields = managed
		slim, err := slimJob(job)
		if err != nil {
			t.Fatal(err)
		}
		kept := slim.(*batchv1.Job)
		pod := kept.Spec.Template.Spec
		if len(pod.Volumes) > 0 || pod.Containers[0].Image != "" || kept.ManagedFields != nil || len(kept.Spec.Template.Labels) > 0 {
			t.Errorf("of a Job the cache keeps %+v", kept)
		}
		if runnerjob.SettlesOnly(kept) != settles || !metav1.IsControlledBy(kept, run) || kept.Labels[v1alpha1.LabelRun] != run.Name {
			t.Error("a Job from the cache is not told for what it is")
		}
	}

	slimmed, err := slimPod(&corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{ManagedFields: managed}, Spec: corev1.PodSpec{NodeName: "node-1", Containers: []corev1.Container{{Name: "runner"}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	})
	if err != nil {
		t.Fatal(err)
	}
	if pod := slimmed.(*corev1.Pod); pod.ManagedFields != nil || len(pod.Spec.Containers) > 0 || pod.Spec.NodeName != "node-1" || pod.Status.Phase != corev1.PodRunning {
		t.Errorf("of a pod the cache keeps %+v", pod)
	}
}
