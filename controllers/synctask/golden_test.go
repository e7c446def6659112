package synctask

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition/conditiontest"
	"synccenter.dev/synccenter/internal/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestTasksAsPeopleSeeThem writes down a task in each of its states. The health
// checks for GitOps tools are tried on these files.
func TestTasksAsPeopleSeeThem(t *testing.T) {
	t.Parallel()
	inExecution := execution(1)
	inExecution.Status.CompletionTime, inExecution.Status.Phase = nil, v1alpha1.PhaseApplying
	withPending := &report.Report{
		Source: connected("ldaps://hr.example.com answered."), Target: connected("ldaps://directory.example.com answered."),
		State: &report.State{Users: 3, Pending: 2, PendingRun: "hr-1", PendingListDigest: "sha256:list"},
	}
	for name, change := range map[string]func(*observed){
		"ready": func(*observed) {},
		"invalid": func(o *observed) {
			o.faults = []fault{{v1alpha1.ReasonInvalidDefinition, "spec.protected.users: undeclared reference"}}
		},
		"held": func(o *observed) {
			o.task.Annotations = map[string]string{v1alpha1.AnnotationHold: "the directory is being moved"}
		},
		"suspended": func(o *observed) { o.task.Spec.Suspend = true },
		"scheduled": func(o *observed) {
			o.task = scheduledTask()
			o.task.Status.Conditions = nil
			o.task.Status.Schedule.Through = metav1.NewTime(testTime.Add(-5 * time.Minute))
		},
		"deletions-pending": func(o *observed) {
			o.runs = []v1alpha1.SyncRun{execution(1)}
			o.reports = map[types.UID]*report.Report{"hr-1": withPending}
		},
		"deleting": func(o *observed) {
			o.task.DeletionTimestamp = &metav1.Time{Time: testTime}
			o.task.Finalizers = []string{v1alpha1.Finalizer}
			o.runs = []v1alpha1.SyncRun{inExecution}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := &observed{task: newTask("hr", 0)}
			change(o)
			o.task.Status = status(o, decide(o, testTime), nil, testTime)
			conditiontest.Task(t, o.task)
			compareGolden(t, name+".yaml", o.task)
		})
	}
	t.Run("in trouble", func(t *testing.T) {
		o := &observed{task: newTask("hr", 0), accountMissing: true}
		o.task.Status = status(o, step{action: makeAccount}, errors.New("applying RoleBinding: forbidden"), testTime)
		conditiontest.Task(t, o.task)
		compareGolden(t, "in-trouble.yaml", o.task)
	})
}

func compareGolden(t *testing.T, name string, task *v1alpha1.SyncTask) {
	t.Helper()
	got, err := yaml.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(path, got, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs; if that is wanted, run with -update (-want +got):\n%s", path, diff)
	}
}
