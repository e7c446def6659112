package manager_test

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const (
	systemNamespace = "synccenter-system"
	account         = "synccenter-manager"
)

// managerIdentity is that of the manager's account.
func managerIdentity() rest.ImpersonationConfig {
	return rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + systemNamespace + ":" + account,
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + systemNamespace, "system:authenticated"},
	}
}

// build answers with all objects of a kustomization.
func build(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionLegacy // namespaces first, as the program does it
	resources, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatalf("building %s: %v", folder, err)
	}
	var objects []*unstructured.Unstructured
	for _, resource := range resources.Resources() {
		content, err := resource.Map()
		if err != nil {
			t.Fatalf("reading %s of %s: %v", resource.CurId(), folder, err)
		}
		objects = append(objects, &unstructured.Unstructured{Object: content})
	}
	return objects
}

// installRights applies the accounts, roles and bindings among some objects, and
// the namespaces. At the end of the test nobody has the roles any more.
func installRights(t *testing.T, objects []*unstructured.Unstructured) {
	t.Helper()
	for _, object := range objects {
		group, kind := object.GroupVersionKind().Group, object.GetKind()
		if group != rbacv1.GroupName && kind != "ServiceAccount" && kind != "Namespace" {
			continue
		}
		if err := server.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("test")); err != nil {
			t.Fatalf("applying %s %s: %v", kind, object.GetName(), err)
		}
		if group != rbacv1.GroupName {
			continue
		}
		t.Cleanup(func() {
			if err := server.Client.Delete(context.WithoutCancel(t.Context()), object); err != nil {
				t.Errorf("deleting %s %s: %v", kind, object.GetName(), err)
			}
		})
	}
}

// createNamespace makes a namespace that a manifest names, unless it is there.
func createNamespace(t *testing.T, name string) {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := server.Client.Create(t.Context(), namespace); client.IgnoreAlreadyExists(err) != nil {
		t.Fatal(err)
	}
}
