package v1alpha1_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/definition"
)

// TestDefaultsAreTheSameOnBothSides creates tasks and compares what the API
// server made of them with what the definition of a run would hold.
func TestDefaultsAreTheSameOnBothSides(t *testing.T) {
	tests := map[string]string{
		"the least that a task says": `{}`,
		"every member that has defaults": `
spec:
  sources:
  - name: hr
    type: LDAP
    ldap:
      urls: ["ldap://hr.example.com"]
      caBundleRef: {name: hr-ca}
      users: {baseDN: "ou=people,dc=hr", departmentAttribute: {name: departmentNumber}}
  trigger: {mode: Scheduled, schedule: {cron: "0 2 * * *"}}
  mappings:
    users: [{to: cn, from: cn}]
    departments: [{to: ou, value: ""}]
  deletion: {users: {}}
  target: {ldap: {users: {disable: {attribute: employeeType, disabled: disabled}}}}
  guard: {removals: {floor: 0}, shrink: {percent: 0}}
  execution: {retries: 0, backoffLimit: 0, rateLimit: {burst: 1}}
  history: {limit: 0}
  export: {}`,
		"real time": `{spec: {trigger: {mode: RealTime, realTime: {}}}}`,
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			object := merged(t, minimalTask, change)
			var sent v1alpha1.SyncTask
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &sent); err != nil {
				t.Fatalf("reading the manifest: %v", err)
			}
			object.SetNamespace(server.Namespace(t))
			if err := server.Client.Create(t.Context(), object); err != nil {
				t.Fatalf("creating the task: %v", err)
			}
			var stored v1alpha1.SyncTask
			if err := server.Client.Get(t.Context(), client.ObjectKeyFromObject(object), &stored); err != nil {
				t.Fatalf("reading the task: %v", err)
			}
			if diff := cmp.Diff(definition.Resolve(&sent.Spec), stored.Spec); diff != "" {
				t.Errorf("the defaults differ (-resolved here +by the API server):\n%s", diff)
			}
		})
	}
}

// TestSpecFromGoIsTheSameSpec writes a task from its Go type: a zero that means
// something must reach the API server.
func TestSpecFromGoIsTheSameSpec(t *testing.T) {
	var task v1alpha1.SyncTask
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(merged(t, minimalTask, `
spec:
  scope: {includeNewUsers: false}
  guard: {removals: {floor: 0, percent: 0, count: 0}, shrink: {percent: 0}, cleared: {percent: 0}, changed: {percent: 0}}
  execution: {retries: 0, backoffLimit: 0}
  history: {limit: 0, failedLimit: 0}`).Object, &task); err != nil {
		t.Fatalf("reading the manifest: %v", err)
	}
	want := definition.Resolve(&task.Spec)
	task.Namespace = server.Namespace(t)
	if err := server.Client.Create(t.Context(), &task); err != nil {
		t.Fatalf("creating the task: %v", err)
	}
	if diff := cmp.Diff(want, task.Spec); diff != "" {
		t.Errorf("the task that was written from Go (-want +stored):\n%s", diff)
	}
}
