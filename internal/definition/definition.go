package definition

import (
	"encoding/json"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// SchemaVersion is the version of a stored definition.
const SchemaVersion = 1

// Stream is the name of the stream of a run that holds its definition.
const Stream = "definition"

// ErrNewerSchema says that a definition was stored by a newer version of Sync
// Center, so that parts of it would be ignored.
var ErrNewerSchema = errors.New("stored by a newer version of Sync Center; upgrade to that version")

// Definition is what one run executes.
type Definition struct {
	SchemaVersion int `json:"schemaVersion"`
	// Owner is whom state, links and marks belong to.
	Owner string `json:"owner"`
	Task  Task   `json:"task"`
	Run   Run    `json:"run"`
	// Sequence is the number of the run in the task's history.
	Sequence int64 `json:"sequence"`
	// TaskSpec has all defaults resolved.
	TaskSpec v1alpha1.SyncTaskSpec `json:"taskSpec"`
	// RunSpec is without cancel, which is no part of what is executed.
	RunSpec v1alpha1.SyncRunSpec `json:"runSpec"`
}

// Task says which task, and which generation of it, was taken.
type Task struct {
	Namespace  string    `json:"namespace"`
	Name       string    `json:"name"`
	UID        types.UID `json:"uid"`
	Generation int64     `json:"generation"`
	// Links is how many links the task knew of when the run was started: a runner that finds no state then knows that it was lost.
	Links int64 `json:"links,omitempty"`
}

// Run says which run executes the definition.
type Run struct {
	Name string    `json:"name"`
	UID  types.UID `json:"uid"`
}

// New takes the definition of a run from its task. Neither is changed or kept.
func New(task *v1alpha1.SyncTask, run *v1alpha1.SyncRun, sequence int64) Definition {
	runSpec := run.Spec.DeepCopy()
	runSpec.Cancel = false
	if runSpec.Type == "" {
		runSpec.Type = v1alpha1.RunSync
	}
	return Definition{
		SchemaVersion: SchemaVersion,
		Owner:         Owner(task),
		Task:          Task{Namespace: task.Namespace, Name: task.Name, UID: task.UID, Generation: task.Generation, Links: linksOf(task)},
		Run:           Run{Name: run.Name, UID: run.UID},
		Sequence:      sequence,
		TaskSpec:      Resolve(&task.Spec),
		RunSpec:       *runSpec,
	}
}

// linksOf counts what the task's status says is linked.
func linksOf(task *v1alpha1.SyncTask) int64 {
	if task.Status.Links == nil {
		return 0
	}
	return task.Status.Links.Users + task.Status.Links.Departments
}

// Owner is whom the state, links and marks of a task belong to.
func Owner(task *v1alpha1.SyncTask) string {
	if task.Spec.Owner != "" {
		return task.Spec.Owner
	}
	return task.Namespace + "/" + task.Name
}

// Encode writes a definition as JSON: the same bytes for the same definition.
func (d Definition) Encode() ([]byte, error) {
	data, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("writing the definition of run %s as JSON: %w", d.Run.Name, err)
	}
	return data, nil
}

// Decode reads what Encode wrote, now or in an earlier version. The error is
// ErrNewerSchema if a newer version wrote it.
func Decode(data []byte) (Definition, error) {
	var version struct {
		SchemaVersion int `json:"schemaVersion"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return Definition{}, fmt.Errorf("reading the stored definition: %w", err)
	}
	if version.SchemaVersion > SchemaVersion {
		return Definition{}, fmt.Errorf("reading the stored definition: its schema version is %d and %d is known: %w", version.SchemaVersion, SchemaVersion, ErrNewerSchema)
	}
	var definition Definition
	if err := json.Unmarshal(data, &definition); err != nil {
		return Definition{}, fmt.Errorf("reading the stored definition: %w", err)
	}
	return definition, nil
}
