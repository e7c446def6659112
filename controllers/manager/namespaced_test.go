package manager_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/manager"
)

// TestManagerOfSomeNamespaces runs the manager of config/namespaced with exactly
// the rights that are given there.
func TestManagerOfSomeNamespaces(t *testing.T) {
	objects := build(t, "../../config/namespaced")
	watched := watchedNamespaces(t, objects)
	if len(watched) != 2 {
		t.Fatalf("config/namespaced watches %q, this test needs two namespaces", watched)
	}
	for _, namespace := range watched {
		createNamespace(t, namespace)
	}
	installRights(t, objects)
	checkClusterRights(t)
	options := manager.Options{
		Image: "synccenter:test", MetricsAddress: freeAddress(t), ProbeAddress: freeAddress(t),
		WatchNamespaces: watched, MaxConcurrentRuns: 1,
	}
	other := server.Namespace(t)
	applyTaskAndRun(t, other, "hr", "hr-first")
	before := taskAndRun(t, other)
	process := startManager(t, options)

	applyTaskAndRun(t, watched[0], "hr", "hr-first")
	first := waitForJob(t, watched[0], "hr-first")
	applyTaskAndRun(t, watched[1], "hr", "hr-first")
	waitForReason(t, watched[1], "hr-first", v1alpha1.ReasonTooManyRuns)
	finish(t, first)
	waitForReason(t, watched[0], "hr-first", v1alpha1.ReasonSucceeded)
	finish(t, waitForJob(t, watched[1], "hr-first"))
	for _, namespace := range watched {
		waitForReason(t, namespace, "hr-first", v1alpha1.ReasonSucceeded)
		waitForEvent(t, namespace, "SyncRun", "hr-first", string(v1alpha1.ReasonSucceeded))
		checkAccount(t, namespace)
	}
	checkMetrics(t, options.MetricsAddress)
	checkProbes(t, options.ProbeAddress)
	create(t, watched[0], newRun("hr", "hr-second"))
	checkDeletion(t, watched[0], waitForJob(t, watched[0], "hr-second"))

	if diff := cmp.Diff(before, taskAndRun(t, other)); diff != "" {
		t.Errorf("the manager touched what is in a namespace that it does not watch (-before +after):\n%s", diff)
	}
	if said := process.said(); strings.Contains(said, "forbidden") {
		t.Errorf("the manager lacks a right:\n%s", said)
	}
}

// TestManagerWithoutRights watches a namespace with a Role in it, and one without.
func TestManagerWithoutRights(t *testing.T) {
	objects := build(t, "../../config/namespaced")
	watched := watchedNamespaces(t, objects)
	for _, namespace := range watched {
		createNamespace(t, namespace)
	}
	installRights(t, objects)
	config := rest.CopyConfig(server.Config)
	config.Impersonate = managerIdentity()
	missing := server.Namespace(t)

	err := manager.Run(t.Context(), config, manager.Options{
		Image: "synccenter:test", MetricsAddress: "0", ProbeAddress: freeAddress(t), WatchNamespaces: []string{watched[0], missing},
	})
	if err == nil {
		t.Fatal("the manager ran without rights")
	}
	for _, want := range []string{`cannot list resource "synctasks"`, `cannot list resource "pods"`, missing, "config/namespaced"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %s: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), watched[0]) {
		t.Errorf("the error names a namespace with a Role in it: %v", err)
	}
}

// watchedNamespaces are those that the manager's Deployment names.
func watchedNamespaces(t *testing.T, objects []*unstructured.Unstructured) []string {
	t.Helper()
	for _, object := range objects {
		if object.GetKind() != "Deployment" {
			continue
		}
		var deployment appsv1.Deployment
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &deployment); err != nil {
			t.Fatal(err)
		}
		for _, argument := range deployment.Spec.Template.Spec.Containers[0].Args {
			if list, ok := strings.CutPrefix(argument, "--watch-namespaces="); ok {
				return strings.Split(list, ",")
			}
		}
	}
	t.Fatal("no Deployment has the argument --watch-namespaces")
	return nil
}

// checkClusterRights checks that the manager's account may do nothing in all
// namespaces, and what it may do outside of them.
func checkClusterRights(t *testing.T) {
	t.Helper()
	var bindings rbacv1.ClusterRoleBindingList
	if err := server.Client.List(t.Context(), &bindings); err != nil {
		t.Fatal(err)
	}
	var rules []rbacv1.PolicyRule
	for _, binding := range bindings.Items {
		if !slices.ContainsFunc(binding.Subjects, func(s rbacv1.Subject) bool { return s.Kind == rbacv1.ServiceAccountKind && s.Name == account }) {
			continue
		}
		var role rbacv1.ClusterRole
		if err := server.Client.Get(t.Context(), types.NamespacedName{Name: binding.RoleRef.Name}, &role); err != nil {
			t.Fatal(err)
		}
		rules = append(rules, role.Rules...)
	}
	want := []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"nodes"}, Verbs: []string{"get"}},
		{APIGroups: []string{"authentication.k8s.io"}, Resources: []string{"tokenreviews"}, Verbs: []string{"create"}},
		{APIGroups: []string{"authorization.k8s.io"}, Resources: []string{"subjectaccessreviews"}, Verbs: []string{"create"}},
	}
	if diff := cmp.Diff(want, rules); diff != "" {
		t.Errorf("the manager's rights in the whole cluster (-want +got):\n%s", diff)
	}
}

// taskAndRun are the versions of the task and the run of a namespace.
func taskAndRun(t *testing.T, namespace string) [2]string {
	t.Helper()
	var task v1alpha1.SyncTask
	var run v1alpha1.SyncRun
	if err := server.Client.Get(t.Context(), types.NamespacedName{Namespace: namespace, Name: "hr"}, &task); err != nil {
		t.Fatal(err)
	}
	if err := server.Client.Get(t.Context(), types.NamespacedName{Namespace: namespace, Name: "hr-first"}, &run); err != nil {
		t.Fatal(err)
	}
	return [2]string{task.ResourceVersion, run.ResourceVersion}
}
