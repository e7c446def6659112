package gitops

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// The folders in which the controllers' tests keep what they would write.
const (
	runs  = "../../controllers/syncrun/testdata"
	tasks = "../../controllers/synctask/testdata"
)

// object is a golden file of a controller, as a GitOps tool reads it from a cluster.
func object(t *testing.T, folder, name string) *unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var content map[string]any
	if err := yaml.Unmarshal(data, &content); err != nil {
		t.Fatal(err)
	}
	if folder == runs { // the file is the status alone
		content = map[string]any{
			"metadata": map[string]any{"name": "hr-first", "namespace": "people", "generation": int64(1)},
			"spec":     map[string]any{"taskRef": map[string]any{"name": "hr"}, "type": "Sync"},
			"status":   content,
		}
	}
	content["apiVersion"], content["kind"] = "synccenter.dev/v1alpha1", map[string]string{runs: "SyncRun", tasks: "SyncTask"}[folder]
	return &unstructured.Unstructured{Object: whole(content).(map[string]any)}
}

// whole makes numbers of the kind that a client reads from an API server.
func whole(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key := range value {
			value[key] = whole(value[key])
		}
	case []any:
		for i := range value {
			value[i] = whole(value[i])
		}
	case float64:
		return int64(value)
	}
	return value
}

// fresh is an object that was just applied: the manager has not looked at it, and its status is what the API server fills in.
func fresh(t *testing.T, folder, name string) *unstructured.Unstructured {
	o := object(t, folder, name)
	o.Object["status"] = map[string]any{"observedGeneration": int64(-1)}
	return o
}

// edited is an object whose definition has just been changed.
func edited(t *testing.T, folder, name string) *unstructured.Unstructured {
	o := object(t, folder, name)
	o.SetGeneration(o.GetGeneration() + 1)
	return o
}

// deleted is an object that is being deleted and stays until somebody takes a finalizer away, as Argo CD does with its own.
func deleted(t *testing.T, folder, name string) *unstructured.Unstructured {
	o := object(t, folder, name)
	now := metav1.NewTime(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	o.SetDeletionTimestamp(&now)
	return o
}

// health is what each tool should say of an object.
type health struct {
	name   string
	object *unstructured.Unstructured
	// argo is Argo CD's word, flux is Flux's with the expressions, kstatus without them.
	argo, flux, kstatus string
}

func everyHealth(t *testing.T) []health {
	return []health{
		{"task, just applied", fresh(t, tasks, "ready"), "Progressing", "InProgress", "InProgress"},
		{"task, just changed", edited(t, tasks, "ready"), "Progressing", "InProgress", "InProgress"},
		{"task, ready", object(t, tasks, "ready"), "Healthy", "Current", "Current"},
		{"task, by a schedule", object(t, tasks, "scheduled"), "Healthy", "Current", "Current"},
		{"task, invalid", object(t, tasks, "invalid"), "Degraded", "Failed", "Failed"},
		{"task, in trouble", object(t, tasks, "in-trouble"), "Progressing", "InProgress", "InProgress"},
		{"task, held", object(t, tasks, "held"), "Healthy", "Current", "Current"},
		{"task, suspended", object(t, tasks, "suspended"), "Healthy", "Current", "Current"},
		{"task, removals wait", object(t, tasks, "deletions-pending"), "Healthy", "Current", "Current"},
		{"task, being deleted", object(t, tasks, "deleting"), "Progressing", "InProgress", "Terminating"},

		{"run, just applied", fresh(t, runs, "made"), "Progressing", "InProgress", "InProgress"},
		{"run, waiting for a held task", object(t, runs, "waiting"), "Suspended", "InProgress", "Current"},
		{"run, in the queue", object(t, runs, "queued"), "Progressing", "InProgress", "Current"},
		{"run, started", object(t, runs, "made"), "Progressing", "InProgress", "Current"},
		{"run, applying", object(t, runs, "applying"), "Progressing", "InProgress", "Current"},
		{"run, stopping", object(t, runs, "stopping"), "Progressing", "InProgress", "Current"},
		{"run, deleted while it is executed", deleted(t, runs, "applying"), "Degraded", "InProgress", "Terminating"},
		{"run, deleted while it waits", deleted(t, runs, "waiting"), "Degraded", "InProgress", "Terminating"},
		{"run, succeeded", object(t, runs, "succeeded"), "Healthy", "Current", "Current"},
		{"run, partially failed", object(t, runs, "partially-failed"), "Degraded", "Failed", "Current"},
		{"run, failed", object(t, runs, "failed"), "Degraded", "Failed", "Current"},
		{"run, of an invalid task", object(t, runs, "not-ready"), "Degraded", "Failed", "Current"},
		{"run, cancelled", object(t, runs, "cancelled-early"), "Degraded", "Failed", "Current"},
		{"run, of a deleted task", object(t, runs, "task-deleted"), "Degraded", "Failed", "Current"},
		{"run, restored copy", object(t, runs, "restored-copy"), "Healthy", "Current", "Current"},
	}
}

// TestEveryGoldenFileIsTried fails when a controller shows a state that no health check was tried on.
func TestEveryGoldenFileIsTried(t *testing.T) {
	tried := map[string]bool{}
	for _, folder := range []string{runs, tasks} {
		files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("there is no golden file in %s (%v)", folder, err)
		}
		for _, file := range files {
			tried[file] = false
		}
	}
	for _, use := range used(t) {
		tried[use] = true
	}
	for file, ok := range tried {
		if !ok {
			t.Errorf("no health check was tried on %s", file)
		}
	}
}

// used are the golden files that everyHealth reads: by their objects, which it does not change but for a fresh one's status.
func used(t *testing.T) []string {
	var files []string
	for _, folder := range []string{runs, tasks} {
		paths, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			name := filepath.Base(path)
			want := object(t, folder, name[:len(name)-len(".yaml")])
			for _, h := range everyHealth(t) {
				if unstructuredEqual(h.object, want) {
					files = append(files, path)
				}
			}
		}
	}
	return files
}

func unstructuredEqual(a, b *unstructured.Unstructured) bool {
	x, errX := a.MarshalJSON()
	y, errY := b.MarshalJSON()
	return errX == nil && errY == nil && string(x) == string(y)
}
