package gitops

import (
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
	}
	if !names["hr-2026-03-02"] || !names["hr-4f1c2d9"] {
		t.Errorf("the runs are named %v", names)
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
