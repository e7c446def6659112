package inspection_test

import (
	"context"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/report"
)

func TestATaskIsCheckedAndShowsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.expect(v1alpha1.ConditionSourceReady, metav1.ConditionUnknown, v1alpha1.ReasonNotChecked, "A check follows")
	job := w.onlyJob()
	w.answer(job, v1alpha1.ReasonConnected, v1alpha1.ReasonSecretMissing, `create the Secret "directory"`)
	w.expect(v1alpha1.ConditionSourceReady, metav1.ConditionTrue, v1alpha1.ReasonConnected, "")
	w.expect(v1alpha1.ConditionTargetReady, metav1.ConditionFalse, v1alpha1.ReasonSecretMissing, `create the Secret "directory"`)
	w.expect(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, "")
	if last := w.task().Status.LastCheck; last == nil || last.Name != job.Labels[v1alpha1.LabelRun] {
		t.Errorf("the last check is %+v, want %s", last, job.Labels[v1alpha1.LabelRun])
	}
	if jobs := w.jobs(); len(jobs) != 0 {
		t.Errorf("%d checks go on after one that has just ended", len(jobs))
	}

	w.change(func(task *v1alpha1.SyncTask) { task.Spec.DisplayName = "HR" })
	w.expect(v1alpha1.ConditionSourceReady, metav1.ConditionTrue, v1alpha1.ReasonConnected, "")
	w.change(func(task *v1alpha1.SyncTask) { task.Spec.Target.LDAP.URLs = []string{"ldaps://other.example.com"} })
	w.expect(v1alpha1.ConditionTargetReady, metav1.ConditionUnknown, v1alpha1.ReasonNotChecked, "")
	w.answer(w.onlyJob(), v1alpha1.ReasonConnected, v1alpha1.ReasonConnected, "fine")
	w.expect(v1alpha1.ConditionTargetReady, metav1.ConditionTrue, v1alpha1.ReasonConnected, "fine")

	w.clock.SetTime(w.clock.Now().Add(time.Hour + time.Minute))
	w.settle()
	w.answer(w.onlyJob(), v1alpha1.ReasonUnreachable, v1alpha1.ReasonConnected, "it is down")
	w.expect(v1alpha1.ConditionSourceReady, metav1.ConditionFalse, v1alpha1.ReasonUnreachable, "it is down")
	w.expectKept("Check", 1)
}

// expectKept counts what is left of inspections of a kind.
func (w *world) expectKept(kind string, want int) {
	w.Helper()
	w.settle()
	var kept v1alpha1.SyncArtifactList
	if err := server.Client.List(w.Context(), &kept, client.InNamespace(w.namespace), client.MatchingLabels{v1alpha1.LabelInspection: kind}); err != nil {
		w.Fatal(err)
	}
	if len(kept.Items) != want {
		w.Errorf("%d objects of kind %s are kept, want %d", len(kept.Items), kind, want)
	}
	for _, object := range kept.Items {
		if len(object.OwnerReferences) != 1 || object.OwnerReferences[0].Kind != v1alpha1.KindSyncTask || object.Labels[v1alpha1.LabelArtifact] != cluster.LabelValueInspection {
			w.Errorf("%s does not go with its task: %+v %v", object.Name, object.OwnerReferences, object.Labels)
		}
	}
}

func TestTheNewestOfCheckAndRunIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle()
	w.answer(w.onlyJob(), v1alpha1.ReasonConnected, v1alpha1.ReasonUnreachable, "the check's word")
	w.run("hr-later", w.clock.Now().Add(time.Minute), &report.Endpoint{Reason: string(v1alpha1.ReasonConnected), Message: "the run's word"})
	w.expect(v1alpha1.ConditionTargetReady, metav1.ConditionTrue, v1alpha1.ReasonConnected, "the run's word")
	if err := server.Client.DeleteAllOf(t.Context(), &v1alpha1.SyncRun{}, client.InNamespace(w.namespace)); err != nil {
		t.Fatal(err)
	}
	w.expect(v1alpha1.ConditionTargetReady, metav1.ConditionTrue, v1alpha1.ReasonConnected, "the run's word")
	w.clock.SetTime(w.clock.Now().Add(2 * time.Hour))
	w.settle()
	w.answer(w.onlyJob(), v1alpha1.ReasonConnected, v1alpha1.ReasonUnreachable, "the next check's word")
	w.expect(v1alpha1.ConditionTargetReady, metav1.ConditionFalse, v1alpha1.ReasonUnreachable, "the next check's word")
}

// run plays a run that has ended, with its report.
func (w *world) run(name string, end time.Time, target *report.Endpoint) {
	w.Helper()
	run := &v1alpha1.SyncRun{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: "hr"}}}
	w.create(run)
	ended := metav1.NewTime(end)
	run.Status = v1alpha1.SyncRunStatus{
		Sequence: 1, Mode: v1alpha1.TriggerManual, Phase: v1alpha1.PhaseSucceeded, StartTime: &ended, CompletionTime: &ended,
		Task: &v1alpha1.ExecutedTask{Generation: w.task().Generation, DefinitionDigest: "v1:sha256:0"},
	}
	if err := server.Client.Status().Update(w.Context(), run); err != nil {
		w.Fatal(err)
	}
	reports := cluster.NewReports(cluster.Options{Client: server.Client, Namespace: w.namespace, Task: "hr", Writer: v1alpha1.ArtifactWriter{Run: name, UID: run.UID, Attempt: 1}})
	if err := reports.Put(w.Context(), &report.Report{RunUID: string(run.UID), Attempt: 1, Target: target}); err != nil {
		w.Fatal(err)
	}
}

// stuckPod plays the pod of a Job whose image cannot be had, for long enough to be told.
func (w *world) stuckPod(job *batchv1.Job) *corev1.Pod {
	w.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: job.Name + "-x7k2p", Labels: job.Labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "runner", Image: "synccenter:test"}}},
	}
	w.create(pod)
	pod.Status.Phase = corev1.PodPending
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "runner", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "no such image"}},
	}}
	if err := server.Client.Status().Update(w.Context(), pod); err != nil {
		w.Fatal(err)
	}
	w.expect(v1alpha1.ConditionSourceReady, metav1.ConditionUnknown, v1alpha1.ReasonNotChecked, "")
	w.clock.SetTime(w.clock.Now().Add(30 * time.Second))
	w.expect(v1alpha1.ConditionSourceReady, metav1.ConditionUnknown, v1alpha1.ReasonCheckFailed, "no such image")
	return pod
}

func TestWhyAPodNeverStartedOutlivesThePod(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle()
	job := w.onlyJob()
	pod := w.stuckPod(job)
	if err := server.Client.Delete(t.Context(), pod, client.GracePeriodSeconds(0)); err != nil {
		t.Fatal(err)
	}
	w.end(job, batchv1.JobFailed, batchv1.JobFailureTarget, "DeadlineExceeded")
	w.expect(v1alpha1.ConditionSourceReady, metav1.ConditionUnknown, v1alpha1.ReasonCheckFailed, "DeadlineExceeded")
	w.expect(v1alpha1.ConditionSourceReady, metav1.ConditionUnknown, v1alpha1.ReasonCheckFailed, "no such image")
}

func TestAJobThatIsRefusedIsSaidAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.allowJobs(0)
	w.expect(v1alpha1.ConditionSourceReady, metav1.ConditionUnknown, v1alpha1.ReasonCheckFailed, "exceeded quota")
	if jobs := w.jobs(); len(jobs) != 0 {
		t.Fatalf("%d Jobs beyond the quota", len(jobs))
	}
	w.allowJobs(1)
	w.ask(`{"id": "0123456789", "explain": {"subject": "User", "entry": "li"}}`)
	w.settle()
	if kind := w.onlyJob().Labels[v1alpha1.LabelInspection]; kind != "Explain" {
		t.Errorf("the Job is one of kind %s, want the request's", kind)
	}
}

// allowJobs plays the quota controller, and waits until the API server goes by it.
func (w *world) allowJobs(count int64) {
	w.Helper()
	const resource = corev1.ResourceName("count/jobs.batch")
	amount, zero := *apiresource.NewQuantity(count, apiresource.DecimalSI), *apiresource.NewQuantity(0, apiresource.DecimalSI)
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "jobs", Namespace: w.namespace}}
	_, err := controllerutil.CreateOrUpdate(w.Context(), server.Client, quota, func() error {
		quota.Spec.Hard = corev1.ResourceList{resource: amount}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	quota.Status = corev1.ResourceQuotaStatus{Hard: quota.Spec.Hard, Used: corev1.ResourceList{resource: zero}}
	if err := server.Client.Status().Update(w.Context(), quota); err != nil {
		w.Fatal(err)
	}
	template := corev1.PodTemplateSpec{Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "probe", Image: "probe"}}}}
	err = wait.PollUntilContextTimeout(w.Context(), 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		probe := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "probe", Namespace: w.namespace}, Spec: batchv1.JobSpec{Template: template}}
		err := server.Client.Create(ctx, probe, client.DryRunAll)
		return (err == nil) == (count > 0), nil
	})
	if err != nil {
		w.Fatalf("the API server does not go by the quota: %v", err)
	}
}

func TestAPodThatDoesNotStartIsNoErrorOfTheDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle()
	job := w.onlyJob()
	w.stuckPod(job)

	t.Run("and when it starts after all, its word counts", func(t *testing.T) {
		w.answer(job, v1alpha1.ReasonConnected, v1alpha1.ReasonConnected, "")
		w.expect(v1alpha1.ConditionSourceReady, metav1.ConditionTrue, v1alpha1.ReasonConnected, "")
	})
}

func TestACheckWhosePodGivesNoAnswerIsRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle()
	w.end(w.onlyJob(), batchv1.JobFailed, batchv1.JobFailureTarget, "DeadlineExceeded")
	w.expect(v1alpha1.ConditionTargetReady, metav1.ConditionUnknown, v1alpha1.ReasonCheckFailed, "DeadlineExceeded")
	if jobs := w.jobs(); len(jobs) != 0 {
		t.Errorf("%d checks follow at once", len(jobs))
	}
	w.clock.SetTime(w.clock.Now().Add(6 * time.Minute))
	w.settle()
	w.answer(w.onlyJob(), v1alpha1.ReasonConnected, v1alpha1.ReasonConnected, "")
	w.expect(v1alpha1.ConditionTargetReady, metav1.ConditionTrue, v1alpha1.ReasonConnected, "")
}

func TestAHeldTaskIsCheckedOnRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hold()
	w.expect(v1alpha1.ConditionSourceReady, metav1.ConditionUnknown, v1alpha1.ReasonNotChecked, "kubectl synccenter check hr")
	if jobs := w.jobs(); len(jobs) != 0 {
		t.Fatalf("%d checks of a held task", len(jobs))
	}
	w.ask(`{"id": "0123456789", "check": true}`)
	if task := w.settle(); task.Annotations[v1alpha1.AnnotationInspect] != "" {
		t.Error("the request is still there")
	}
	w.answer(w.onlyJob(), v1alpha1.ReasonConnected, v1alpha1.ReasonConnected, "")
	w.expect(v1alpha1.ConditionSourceReady, metav1.ConditionTrue, v1alpha1.ReasonConnected, "")
}

func TestARequestThatIsNotUnderstoodIsSaidOnce(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no JSON":             "check please",
		"nothing asked":       `{"id": "0123456789"}`,
		"two things":          `{"id": "0123456789", "check": true, "unmanaged": true}`,
		"an unknown field":    `{"id": "0123456789", "delete": true}`,
		"a bad ID":            `{"id": "../x", "check": true}`,
		"no such subject":     `{"id": "0123456789", "explain": {"subject": "Robot", "entry": "x"}}`,
		"no entry":            `{"id": "0123456789", "explain": {"subject": "User", "entry": ""}}`,
		"a very long entry":   `{"id": "0123456789", "explain": {"subject": "User", "entry": "` + strings.Repeat("x", 1000) + `"}}`,
		"more than is read":   strings.Repeat(" ", 5000) + `{"id": "0123456789", "check": true}`,
		"something behind it": `{"id": "0123456789", "check": true} {}`,
		"a control character": `{"id": "0123456789", "explain": {"subject": "User", "entry": "a\u0007b"}}`,
		"an empty annotation": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.settle()
			w.answer(w.onlyJob(), v1alpha1.ReasonConnected, v1alpha1.ReasonConnected, "")
			w.settle()
			w.ask(text)
			if task := w.settle(); task.Annotations[v1alpha1.AnnotationInspect] != "" {
				t.Error("the request is still there")
			}
			if jobs := w.jobs(); len(jobs) != 0 {
				t.Errorf("%d Jobs were made", len(jobs))
			}
			refusals := 0
			for len(w.events.Events) > 0 {
				if event := <-w.events.Events; strings.Contains(event, "InspectionRefused") {
					refusals++
				}
			}
			if refusals != 1 {
				t.Errorf("it was said %d times", refusals)
			}
		})
	}
}

func TestAnswersToPeopleGoAfterADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.settle()
	w.answer(w.onlyJob(), v1alpha1.ReasonConnected, v1alpha1.ReasonConnected, "")
	for _, id := range []string{"aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd"} {
		w.ask(`{"id": "` + id + `", "explain": {"subject": "User", "entry": "li"}}`)
		w.settle()
		w.answer(w.onlyJob(), "", "", "")
		w.settle()
	}
	w.expectKept("Explain", 3)
	w.clock.SetTime(w.clock.Now().Add(25 * time.Hour))
	w.expectKept("Explain", 0)
}
