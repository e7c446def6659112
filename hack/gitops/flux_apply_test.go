package gitops

import (
	"os"
	"strings"
	"testing"

	"github.com/fluxcd/pkg/ssa"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// What says to Flux how it treats an object.
const (
	mergeAnnotation = "kustomize.toolkit.fluxcd.io/ssa"
	pruneAnnotation = "kustomize.toolkit.fluxcd.io/prune"
)

// flux is Flux's own library, set up as its kustomize-controller does by default.
type flux struct {
	client  client.Client
	manager *ssa.ResourceManager
	options ssa.ApplyOptions
}

func newFlux(t *testing.T) flux {
	t.Helper()
	const name = "kustomize-controller"
	f := flux{client: apiServer(t), options: ssa.DefaultApplyOptions()}
	f.manager = ssa.NewResourceManager(f.client, nil, ssa.Owner{Field: name, Group: "kustomize.toolkit.fluxcd.io"})
	f.options.Cleanup.Annotations = []string{corev1.LastAppliedConfigAnnotation}
	f.options.Cleanup.Exclusions = map[string]string{mergeAnnotation: "Merge"}
	f.options.Cleanup.FieldManagers = []ssa.FieldManager{
		{Name: "kubectl", OperationType: metav1.ManagedFieldsOperationApply},
		{Name: "kubectl", OperationType: metav1.ManagedFieldsOperationUpdate},
		{Name: "before-first-apply", OperationType: metav1.ManagedFieldsOperationUpdate},
		{Name: name, OperationType: metav1.ManagedFieldsOperationUpdate},
	}
	return f
}

// applies brings an object in step with Git twice, as Flux does at each interval, and gives what is in the cluster then.
func (f flux) applies(t *testing.T, o *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	t.Helper()
	var err error
	for range 2 {
		if _, err = f.manager.Apply(t.Context(), o.DeepCopy(), f.options); err != nil {
			break
		}
	}
	live := o.DeepCopy()
	if getErr := f.client.Get(t.Context(), client.ObjectKeyFromObject(o), live); getErr != nil {
		t.Fatal(getErr)
	}
	return live, err
}

// patches is a person who changes an object in the cluster with a program of that name.
func (f flux) patches(t *testing.T, live *unstructured.Unstructured, program, patch string) {
	t.Helper()
	err := f.client.Patch(t.Context(), live.DeepCopy(), client.RawPatch(client.Merge.Type(), []byte(patch)), client.FieldOwner(program))
	if err != nil {
		t.Fatal(err)
	}
}

// inGit is a task with an annotation of Flux, as it stands in Git.
func inGit(t *testing.T, name string, annotations map[string]string) *unstructured.Unstructured {
	t.Helper()
	spec, _, err := unstructured.NestedMap(object(t, tasks, "ready").Object, "spec")
	if err != nil {
		t.Fatal(err)
	}
	task := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "synccenter.dev/v1alpha1", "kind": "SyncTask", "spec": spec}}
	task.SetNamespace("default")
	task.SetName(name)
	task.SetAnnotations(annotations)
	return task
}

// exampleRun is the run of config/gitops/run-per-change.
func exampleRun(t *testing.T, name string) *unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile("../../config/gitops/run-per-change/syncrun.yaml")
	if err != nil {
		t.Fatal(err)
	}
	run := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(data, &run.Object); err != nil {
		t.Fatal(err)
	}
	run.SetNamespace("default")
	run.SetName(name)
	return run
}

// withoutAnnotations is what somebody writes who does not copy the example.
func withoutAnnotations(o *unstructured.Unstructured) *unstructured.Unstructured {
	o.SetAnnotations(nil)
	return o
}

// TestFluxAndWhatPeopleAdd tries what docs/gitops.md says of Flux, with Flux's own library on a real API server.
func TestFluxAndWhatPeopleAdd(t *testing.T) {
	f := newFlux(t)
	const hold, cancel = `{"metadata":{"annotations":{"synccenter.dev/hold":"why"}}}`, `{"spec":{"cancel":true}}`

	for _, test := range []struct {
		name, program string
		annotations   map[string]string
		stays         bool
	}{
		{"taken-back", "kubectl-annotate", nil, false},
		{"merged", "kubectl-annotate", map[string]string{mergeAnnotation: "Merge"}, true},
		{"by-another-name", "hold", nil, true},
	} {
		t.Run("a hold, "+test.name, func(t *testing.T) {
			task := inGit(t, test.name, test.annotations)
			live, err := f.applies(t, task)
			if err != nil {
				t.Fatal(err)
			}
			f.patches(t, live, test.program, hold)
			live, err = f.applies(t, task)
			if err != nil {
				t.Fatal(err)
			}
			if stays := live.GetAnnotations()["synccenter.dev/hold"] != ""; stays != test.stays {
				t.Errorf("that the hold is still there is %t, want %t", stays, test.stays)
			}
		})
	}

	for _, test := range []struct {
		name, program string
		run           *unstructured.Unstructured
		refused       string
	}{
		{"refused", "kubectl-patch", withoutAnnotations(exampleRun(t, "refused")), "cancel cannot be taken back"},
		{"of the example", "kubectl-patch", exampleRun(t, "example"), ""},
		{"by the plugin", "synccenter-plugin", withoutAnnotations(exampleRun(t, "plugin")), ""},
	} {
		t.Run("a cancel, "+test.name, func(t *testing.T) {
			live, err := f.applies(t, test.run)
			if err != nil {
				t.Fatal(err)
			}
			f.patches(t, live, test.program, cancel)
			after, err := f.applies(t, test.run)
			if refused := err != nil && strings.Contains(err.Error(), test.refused); refused != (test.refused != "") {
				t.Errorf("Flux ends with %v, want %q in it", err, test.refused)
			}
			if cancelled, _, _ := unstructured.NestedBool(after.Object, "spec", "cancel"); !cancelled || after.GetUID() != live.GetUID() {
				t.Errorf("after Flux looked the run is %s and cancelled is %t, want that of before, cancelled", after.GetUID(), cancelled)
			}
		})
	}
}

// TestFluxForces shows that a run goes with its records, and is made again, where Flux is told to force: docs/gitops.md warns of it.
func TestFluxForces(t *testing.T) {
	f := newFlux(t)
	f.options.Force = true
	run := exampleRun(t, "forced")
	before, err := f.applies(t, run)
	if err != nil {
		t.Fatal(err)
	}
	if err := unstructured.SetNestedField(run.Object, "other", "spec", "taskRef", "name"); err != nil {
		t.Fatal(err)
	}
	after, err := f.applies(t, run)
	if err != nil {
		t.Fatal(err)
	}
	if after.GetUID() == before.GetUID() {
		t.Error("the changed run is the one of before: the page may say less of force")
	}
}

// TestFluxPrunes lets two runs leave Git: the one of the example stays.
func TestFluxPrunes(t *testing.T) {
	f := newFlux(t)
	kept, pruned := exampleRun(t, "kept"), withoutAnnotations(exampleRun(t, "pruned"))
	var left []*unstructured.Unstructured
	for _, run := range []*unstructured.Unstructured{kept, pruned} {
		if _, err := f.applies(t, run); err != nil {
			t.Fatal(err)
		}
		left = append(left, run.DeepCopy())
	}
	options := ssa.DefaultDeleteOptions()
	options.Exclusions = map[string]string{pruneAnnotation: "disabled"}
	if _, err := f.manager.DeleteAll(t.Context(), left, options); err != nil {
		t.Fatal(err)
	}
	if err := f.client.Get(t.Context(), client.ObjectKeyFromObject(kept), kept.DeepCopy()); err != nil {
		t.Errorf("the run that is to stay: %v", err)
	}
	if err := f.client.Get(t.Context(), client.ObjectKeyFromObject(pruned), pruned.DeepCopy()); client.IgnoreNotFound(err) != nil || err == nil {
		t.Errorf("the run without the annotation is still there (%v): the page may say less of pruning", err)
	}
}
