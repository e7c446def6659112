package v1alpha1_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// TestNobodyHasLookedYet: a task and a run that were just created say that the
// manager has not looked at them, to tools that compare the two generations.
func TestNobodyHasLookedYet(t *testing.T) {
	namespace := server.Namespace(t)
	task := merged(t, minimalTask, `{}`)
	task.SetNamespace(namespace)
	if err := server.Client.Create(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	got, _, err := unstructured.NestedInt64(task.Object, "status", "observedGeneration")
	if err != nil || got != -1 {
		t.Errorf("the observed generation of a new task is %d, want -1", got)
	}
	run := &v1alpha1.SyncRun{Spec: v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: task.GetName()}}}
	run.Namespace, run.Name = namespace, "first"
	if err := server.Client.Create(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	if got := run.Status.ObservedGeneration; got != -1 {
		t.Errorf("the observed generation of a new run is %d, want -1", got)
	}
}
