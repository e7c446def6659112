package gitops

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// build is what kustomize makes of a folder.
func build(t *testing.T, folder string) string {
	t.Helper()
	command := exec.Command("go", "tool", "-modfile=../tools/go.mod", "sigs.k8s.io/kustomize/kustomize/v5", "build", folder)
	output, err := command.Output()
	if err != nil {
		t.Fatalf("kustomize build %s: %v", folder, err)
	}
	return string(output)
}

// TestRunPerChange builds the pattern with two suffixes: two runs come of it, each of the same task.
func TestRunPerChange(t *testing.T) {
	const pattern = "../../config/gitops/run-per-change"
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(pattern)); err != nil {
		t.Fatal(err)
	}
	kustomization := filepath.Join(folder, "kustomization.yaml")
	data, err := os.ReadFile(kustomization)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, suffix := range []string{"-2026-03-02", "-4f1c2d9"} {
		if err := os.WriteFile(kustomization, []byte(strings.Replace(string(data), "-2026-03-02", suffix, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		var run unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(build(t, folder)), &run.Object); err != nil {
			t.Fatal(err)
		}
		if task, _, _ := unstructured.NestedString(run.Object, "spec", "taskRef", "name"); task != "hr" {
			t.Errorf("with the suffix the run is of task %q, want hr", task)
		}
		names[run.GetName()] = true
		// Without one of these a tool deletes records, or executes a run again: docs/gitops.md says which.
		for name, want := range map[string]string{
			"argocd.argoproj.io/sync-options":       "Prune=false,Delete=false",
			"argocd.argoproj.io/compare-options":    "IgnoreExtraneous",
			"kustomize.toolkit.fluxcd.io/prune":     "disabled",
			"kustomize.toolkit.fluxcd.io/ssa":       "Merge",
			"argocd.argoproj.io/hook":               "",
			"synccenter.dev/accepted-uid":           "",
			"argocd.argoproj.io/ignore-healthcheck": "",
		} {
			if got := run.GetAnnotations()[name]; got != want {
				t.Errorf("the annotation %s is %q, want %q", name, got, want)
			}
		}
	}
	if !names["hr-2026-03-02"] || !names["hr-4f1c2d9"] {
		t.Errorf("the runs are named %v", names)
	}
}

// TestFluxPatches applies the patches of the example to a task and a run beside something else, as Flux does before it applies them.
func TestFluxPatches(t *testing.T) {
	data, err := os.ReadFile("../../config/gitops/flux/kustomization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var example struct {
		Spec struct {
			Patches []any `json:"patches"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(data, &example); err != nil {
		t.Fatal(err)
	}
	kustomization, err := yaml.Marshal(map[string]any{"resources": []string{"objects.yaml"}, "patches": example.Spec.Patches})
	if err != nil {
		t.Fatal(err)
	}
	const objects = `{apiVersion: synccenter.dev/v1alpha1, kind: SyncTask, metadata: {name: hr}, spec: {suspend: true}}
---
{apiVersion: synccenter.dev/v1alpha1, kind: SyncRun, metadata: {name: hr-1, annotations: {a: b}}, spec: {taskRef: {name: hr}}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: other}}
`
	folder := t.TempDir()
	for name, content := range map[string]string{"kustomization.yaml": string(kustomization), "objects.yaml": objects} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]string{}
	for document := range strings.SplitSeq(build(t, folder), "\n---\n") {
		var o unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(document), &o.Object); err != nil {
			t.Fatal(err)
		}
		got[o.GetKind()+" "+o.GetName()] = o.GetAnnotations()["kustomize.toolkit.fluxcd.io/ssa"]
	}
	if want := map[string]string{"SyncTask hr": "Merge", "SyncRun hr-1": "Merge", "ConfigMap other": ""}; !maps.Equal(got, want) {
		t.Errorf("with the patches Flux applies %v, want %v", got, want)
	}
}

// TestArgoCDComponent puts the scripts into a ConfigMap of Argo CD.
func TestArgoCDComponent(t *testing.T) {
	folder := t.TempDir()
	component, err := filepath.Abs("../../config/gitops/argocd")
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(folder, component)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"kustomization.yaml": "resources: [argocd-cm.yaml]\ncomponents: [" + relative + "]\n",
		"argocd-cm.yaml":     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata: {url: https://argocd.example.com}\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var built struct{ Data map[string]string }
	if err := yaml.Unmarshal([]byte(build(t, folder)), &built); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"SyncTask", "SyncRun"} {
		script, err := os.ReadFile(filepath.Join(component, strings.ToLower(kind)+".lua"))
		if err != nil {
			t.Fatal(err)
		}
		if built.Data["resource.customizations.health.synccenter.dev_"+kind] != string(script) {
			t.Errorf("argocd-cm does not have the health of %s: %v", kind, built.Data)
		}
	}
	if built.Data["url"] == "" {
		t.Error("what stood in argocd-cm is gone")
	}
}
