//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// TestCancel cancels a run in the middle of its work. It stops within seconds, its records say what was done and what was not, and the next run
// does the rest.
func TestCancel(t *testing.T) {
	t.Parallel()
	const size = 50
	w := newWorld(t)
	w.directory("source", directoryOptions{ldif: crowd(size)})
	target := w.directory("target", directoryOptions{ldif: bases("company")})
	w.task("company.yaml", "company", slowly(2))
	w.start("cancelled", "company")
	w.awaitPeople("cancelled", target, "company", 3)

	asked := time.Now()
	w.kubectl("synccenter", "cancel", "cancelled")
	run := w.await("cancelled")
	if took := time.Since(asked); took > 30*time.Second {
		t.Errorf("the run ended %s after it was cancelled, want seconds", took.Round(time.Second))
	}
	w.expectEnd(run, v1alpha1.PhaseCancelled, v1alpha1.ReasonCancelled)
	counts := tally(w.records(run))
	done := target.people(target.connect(), "ou=company,"+suffix)
	want := map[string]int{"CreateDepartment Succeeded": teams, "CreateUser Succeeded": len(done), "CreateUser Skipped": size - len(done)}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("the records of the cancelled run (-want +got):\n%s", diff)
	}
	for _, r := range w.records(run) {
		if r.Status == "Skipped" && r.Reason != "NotReached" {
			t.Errorf("%s was skipped with the reason %s: %s", r.Name, r.Reason, r.Message)
		}
	}

	w.kubectl("patch", "synctask", "company", "--type=merge", `--patch={"spec":{"execution":{"rateLimit":{"qps":1000,"burst":1000}}}}`)
	w.expectTally("the next run", w.succeeds("next", "company"), map[string]int{"NoUpdate Succeeded": teams + len(done), "CreateUser Succeeded": size - len(done)})
	w.everyoneIsThere(target, size)
}

// TestManagerKilled loses the manager's pod while a run applies its plan. The run ends as if nothing had happened, and no sequence is used twice.
// It has the manager for itself: what other tests measure includes its work.
func TestManagerKilled(t *testing.T) {
	const size = 20
	w := newWorld(t)
	w.directory("source", directoryOptions{ldif: crowd(size)})
	target := w.directory("target", directoryOptions{ldif: bases("company")})
	w.task("company.yaml", "company", slowly(5))
	w.start("first", "company")
	w.awaitPeople("first", target, "company", 1)

	manager := client.MatchingLabels{"app.kubernetes.io/name": "synccenter", "app.kubernetes.io/component": "manager"}
	if err := cluster.client.DeleteAllOf(t.Context(), &corev1.Pod{}, client.InNamespace(systemNamespace), manager, client.GracePeriodSeconds(0)); err != nil {
		t.Fatal(err)
	}
	w.start("second", "company") // before the next manager is there
	w.expectTally("first", w.succeeded("first"), map[string]int{"CreateDepartment Succeeded": teams, "CreateUser Succeeded": size})
	w.expectTally("second", w.succeeded("second"), map[string]int{"NoUpdate Succeeded": teams + size})
	w.everyoneIsThere(target, size)
	for name, sequence := range map[string]int64{"first": 1, "second": 2} {
		var run v1alpha1.SyncRun
		if w.get(name, &run); run.Status.Sequence != sequence {
			t.Errorf("run %s has the sequence %d, want %d", name, run.Status.Sequence, sequence)
		}
	}
}

// TestRestoredCopy applies a run as a backup would bring it back: with its annotations and without its status. It is never executed.
func TestRestoredCopy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.directory("source", directoryOptions{ldif: crowd(3)})
	target := w.directory("target", directoryOptions{ldif: bases("company")})
	w.task("company.yaml", "company")
	w.create(&v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Name: "restored", Annotations: map[string]string{v1alpha1.AnnotationAcceptedUID: "5f1b6a5e-6f43-4b0a-9d0c-2f6f0a1c9f11"}},
		Spec:       v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: "company"}},
	})
	run := w.await("restored")
	w.expectEnd(run, v1alpha1.PhaseCancelled, v1alpha1.ReasonRestoredCopy, "copy")
	if run.Status.Sequence != 0 {
		t.Errorf("the copy has the sequence %d", run.Status.Sequence)
	}
	var jobs batchv1.JobList
	if err := cluster.client.List(t.Context(), &jobs, client.InNamespace(w.namespace)); err != nil || len(jobs.Items) > 0 {
		t.Errorf("the copy has led to %d jobs (%v)", len(jobs.Items), err)
	}
	if people := target.people(target.connect(), "ou=company,"+suffix); len(people) > 0 {
		t.Errorf("the copy has created %v", people)
	}
}
