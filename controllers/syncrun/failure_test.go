package syncrun_test

import (
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/runnerjob"
	"synccenter.dev/synccenter/internal/report"
)

func settlesOnly(job *batchv1.Job) bool { return runnerjob.SettlesOnly(job) }

func TestMissingJobGetsTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.started("hr", "hr-first")
	w.tell(run, 1, report.Report{Stage: report.Applying, Done: 10, Total: 100})
	w.remove(w.job("hr-first", 1))
	run = w.settleRun("hr-first")
	second := w.job("hr-first", 2)
	if second == nil || settlesOnly(second) {
		t.Fatalf("the second Job is %+v, want one that goes on", second)
	}
	if run.Status.Job.Name != second.Name || run.Status.Sequence != 1 {
		t.Errorf("status after the missing Job: %+v", run.Status)
	}
	w.tell(run, 2, success(w.clock.Now()))
	w.expect(w.settleRun("hr-first"), v1alpha1.PhaseSucceeded, v1alpha1.ReasonSucceeded)
}

func TestFailedJobIsSettled(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, jobReason string
		want            v1alpha1.Reason
	}{
		{"back-off", batchv1.JobReasonBackoffLimitExceeded, v1alpha1.ReasonBackoffLimit},
		{"deadline", batchv1.JobReasonDeadlineExceeded, v1alpha1.ReasonDeadlineExceeded},
		{"useless", batchv1.JobReasonPodFailurePolicy, v1alpha1.ReasonFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			run := w.started("hr", "hr-first")
			w.tell(run, 1, report.Report{Stage: report.Applying, Done: 10, Total: 100})
			w.fail(w.job("hr-first", 1), test.jobReason)
			w.settleRun("hr-first")
			last := w.job("hr-first", 2)
			if last == nil || !settlesOnly(last) {
				t.Fatalf("the last attempt is %+v, want one that only settles", last)
			}
			w.fail(last, test.jobReason)
			w.expect(w.settleRun("hr-first"), v1alpha1.PhaseFailed, test.want)
			if w.job("hr-first", 3) != nil {
				t.Error("there is an attempt after the last")
			}
		})
	}
}

func TestFailedJobWithoutAReportDidNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply("hr", "hr-first")
	w.settleTask("hr")
	w.settleRun("hr-first")
	job := w.job("hr-first", 1)
	pod := w.pod(job, "hr-first-1-a")
	w.updateStatus(pod, func() {
		pod.Status.Phase = corev1.PodFailed
		pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Message: "no such flag"}}
	})
	w.fail(job, batchv1.JobReasonBackoffLimitExceeded)
	run := w.settleRun("hr-first")
	w.expect(run, v1alpha1.PhaseFailed, v1alpha1.ReasonBackoffLimit)
	if !strings.Contains(run.Status.Message, "no such flag") {
		t.Errorf("message %q does not say what the pod said", run.Status.Message)
	}
	if w.job("hr-first", 2) != nil {
		t.Error("there is a second attempt although nothing is in doubt")
	}
}

func TestPodThatCannotStartIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply("hr", "hr-first")
	w.settleTask("hr")
	w.settleRun("hr-first")
	job := w.job("hr-first", 1)
	w.create(&corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: "refused"},
		InvolvedObject: corev1.ObjectReference{Kind: "Job", Namespace: w.namespace, Name: job.Name, UID: job.UID},
		Reason:         "FailedCreate", Message: `pods "hr-first-1-" is forbidden: exceeded quota: pods`, Type: corev1.EventTypeWarning,
		LastTimestamp: metav1.Now(),
	})
	run := w.settleRun("hr-first")
	w.expect(run, v1alpha1.PhasePending, v1alpha1.ReasonWaitingForPod)
	if !strings.Contains(run.Status.Message, "exceeded quota") {
		t.Errorf("message %q does not name the quota", run.Status.Message)
	}
	pod := w.pod(job, "hr-first-1-a")
	w.updateStatus(pod, func() {
		pod.Status.Phase = corev1.PodPending
		pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "not found"}}
	})
	run = w.settleRun("hr-first")
	w.expect(run, v1alpha1.PhasePending, v1alpha1.ReasonWaitingForPod)
	if !strings.Contains(run.Status.Message, "ImagePullBackOff") {
		t.Errorf("message %q does not name the image", run.Status.Message)
	}
}

func TestLostNode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.started("hr", "hr-first")
	w.tell(run, 1, report.Report{Stage: report.Applying, Done: 10, Total: 100})
	var pod corev1.Pod
	if err := w.client.Get(w.Context(), w.key("hr-first-1-a"), &pod); err != nil {
		t.Fatal(err)
	}
	if err := w.client.Delete(w.Context(), &pod); err != nil {
		t.Fatal(err)
	}
	w.expect(w.settleRun("hr-first"), v1alpha1.PhaseApplying, v1alpha1.ReasonRunning)
	w.clock.SetTime(w.clock.Now().Add(3 * time.Minute))
	run = w.settleRun("hr-first")
	if second := w.job("hr-first", 2); second == nil || settlesOnly(second) {
		t.Fatalf("the second Job is %+v, want one that goes on; status %+v", second, run.Status)
	}
	if w.job("hr-first", 1) != nil {
		t.Error("the Job of the lost node is still there and could make another pod")
	}
}

func TestForeignJobIsNotTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply("hr", "hr-first")
	w.settleTask("hr")
	foreign := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "hr-first-1"},
		Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "other", Image: "other"}},
		}}},
	}
	w.create(foreign)
	run := w.settleRun("hr-first")
	w.expect(run, v1alpha1.PhasePending, v1alpha1.ReasonWaitingForPod)
	if !strings.Contains(run.Status.Message, "belongs to something else") {
		t.Errorf("message %q does not say why the run waits", run.Status.Message)
	}
	w.remove(foreign)
	w.settleRun("hr-first")
	if job := w.job("hr-first", 1); job == nil || !metav1.IsControlledBy(job, run) {
		t.Errorf("the Job after the foreign one went: %+v", job)
	}
}

func TestNewerReportIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.started("hr", "hr-first")
	w.tell(run, 1, success(w.clock.Now()))
	var artifacts v1alpha1.SyncArtifactList
	if err := w.client.List(w.Context(), &artifacts); err != nil {
		t.Fatal(err)
	}
	for i := range artifacts.Items {
		object := &artifacts.Items[i]
		if object.Namespace == w.namespace && object.Type == v1alpha1.ArtifactReport {
			w.update(object, func() { object.Data = []byte(`{"schemaVersion": 99}`) })
		}
	}
	run = w.settleRun("hr-first")
	w.expect(run, v1alpha1.PhasePending, v1alpha1.ReasonRunning)
	if !strings.Contains(run.Status.Message, "schema version 99") {
		t.Errorf("message %q does not name the newer version", run.Status.Message)
	}
}
