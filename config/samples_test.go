package config_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/definition"
)

// TestSamplesApply does what kubectl create --dry-run=server does.
func TestSamplesApply(t *testing.T) {
	namespace := server.Namespace(t)
	// The sample of an approval carries the name that kubeadm gives its administrator.
	admin := as(t, rest.ImpersonationConfig{UserName: "kubernetes-admin", Groups: []string{adminGroup}})
	kinds := map[string]int{}
	for _, object := range manifests(t, "samples/*.yaml") {
		kinds[object.GetKind()]++
		object.SetNamespace(namespace)
		if err := admin.Create(t.Context(), object, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
			t.Errorf("the sample %s %s%s is refused: %v", object.GetKind(), object.GetName(), object.GetGenerateName(), err)
		}
		if object.GetKind() != v1alpha1.KindSyncTask {
			continue
		}
		var task v1alpha1.SyncTask
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &task); err != nil {
			t.Fatalf("reading the sample: %v", err)
		}
		if paths, problems := definition.NotServed(&task.Spec), definition.Validate(&task.Spec); len(paths) > 0 || len(problems) > 0 {
			t.Errorf("the sample %s would not be Ready: not served %v, problems %v", task.Name, paths, problems)
		}
	}
	for _, kind := range []string{v1alpha1.KindSyncTask, v1alpha1.KindSyncRun, v1alpha1.KindSyncApproval, "Secret"} {
		if kinds[kind] == 0 {
			t.Errorf("there is no sample of a %s", kind)
		}
	}
}
