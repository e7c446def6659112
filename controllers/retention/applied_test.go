package retention_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/test/apiserver"
)

// applyByServer applies a run as kubectl apply --server-side and Flux do.
func (w *world) applyByServer(object metav1.ObjectMeta, task string) {
	w.Helper()
	run := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"namespace": w.namespace, "name": object.Name, "generateName": object.GenerateName},
		"spec":     map[string]any{"taskRef": map[string]any{"name": task}},
	}}
	run.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(v1alpha1.KindSyncRun))
	if len(object.Labels) > 0 {
		run.SetLabels(object.Labels)
	}
	if err := w.client.Apply(w.Context(), client.ApplyConfigurationFromUnstructured(run), client.FieldOwner("kustomize-controller"), client.ForceOwnership); err != nil {
		w.Fatal(err)
	}
}

// TestACopyOfAGeneratedRunIsChosen: whoever copies a run with all its metadata
// into Git applies it under a name of their choice, although it looks generated.
// Deleted, it would be applied and executed again, so it loses its details alone.
func TestACopyOfAGeneratedRunIsChosen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.task("hr", v1alpha1.History{Limit: ptr.To[int32](1)})
	byKubectl := metav1.ObjectMeta{Name: "hr-7kq2x", GenerateName: "hr-", Annotations: map[string]string{corev1.LastAppliedConfigAnnotation: "{}"}}
	byServer := metav1.ObjectMeta{Name: "hr-w4n9d", GenerateName: "hr-"}
	ofSchedule := bySchedule("hr-2603020200")
	ofSchedule.Annotations = byKubectl.Annotations
	w.applyByServer(byServer, "hr")
	copies := []*v1alpha1.SyncRun{w.ended(byKubectl, "hr"), w.endedAgain("hr-w4n9d"), w.ended(ofSchedule, "hr")}
	for _, run := range copies {
		w.store(run, people(10))
	}
	older, newest := w.ended(generated(), "hr"), w.ended(generated(), "hr")
	w.store(newest, people(10))
	w.remember(task, append(copies, older, newest)...)
	w.settle("hr")

	want := []string{"hr-2603020200", "hr-7kq2x", "hr-w4n9d", newest.Name}
	slices.Sort(want)
	if got := w.names(); !cmp.Equal(got, want) {
		t.Errorf("%v are left, want %v", got, want)
	}
	for _, run := range copies {
		w.expectKept(w.run(run.Name), metav1.ConditionFalse, v1alpha1.ReasonLimitReached, "")
		if got := w.artifacts(run.UID); len(got) > 0 {
			t.Errorf("of %s is left: %v", run.Name, got)
		}
	}
	// Applied again, each is what it was, and nothing else.
	w.applyByServer(byServer, "hr")
	if got := w.run("hr-w4n9d"); got.UID != copies[1].UID {
		t.Error("the copy was made anew, and would be executed again")
	}
}

// TestAppliedInTheLastMoment: a run that somebody applies after the manager has
// seen it, and before it is deleted, keeps its object.
func TestAppliedInTheLastMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.task("hr", v1alpha1.History{Limit: ptr.To[int32](1)})
	first, second := w.ended(generated(), "hr"), w.ended(generated(), "hr")
	w.store(first, people(10))
	w.store(second, people(10))
	w.remember(task, first, second)
	w.client = w.annotatedLate(&apiserver.Killer{}, first.Name, corev1.LastAppliedConfigAnnotation)
	w.settle("hr")
	if got := w.names(); len(got) != 2 {
		t.Errorf("%v are left, want both", got)
	}
	w.expectKept(w.run(first.Name), metav1.ConditionFalse, v1alpha1.ReasonLimitReached, "")
}
