package syncrun

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition"
	"synccenter.dev/synccenter/controllers/condition/conditiontest"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// lastReport is that of a run in which one of three people failed.
func lastReport() *report.Report {
	return &report.Report{
		SchemaVersion: report.SchemaVersion, RunUID: "run-uid", Attempt: 1, Stage: report.Exporting, StartTime: testTime, Done: 2, Total: 2,
		Plan:    &report.Plan{Digest: "sha256:plan", Operations: 2},
		Outcome: &report.Outcome{Result: report.PartiallyFailed, EndTime: testTime.Add(90 * time.Second)},
		Counts: &history.Counts{
			Organizations: history.Tally{Total: 2, Succeeded: 2},
			Users:         history.Tally{Total: 3, Succeeded: 2, UpdatesTotal: 2, UpdatesSucceeded: 1},
			Operations: []history.OperationCount{
				{Operation: "CreateUser", Planned: 2, Succeeded: 1, Failed: 1},
				{Operation: "NoUpdate", Planned: 3, Succeeded: 3},
			},
			Failures: []history.Record{{
				Subject: "User", Operation: "CreateUser", Status: "Failed", SourceID: "4711", Name: "Li Lei",
				Reason: "RequiredFieldMissing", Message: "sn has no value; map it, or fill it in the source",
			}},
			Records: 5,
		},
		Records: &report.Records{Count: 5, Bytes: 812, Digest: "sha256:records"},
		Export:  &report.Export{Reason: string(v1alpha1.ReasonStored), ConfigMap: "hr-first-log", Key: "hr-7.xlsx", SizeBytes: 9000, SHA256: strings.Repeat("0", 64)},
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		o    *observed
	}{
		{"waiting", newScene().with(held)},
		{"made", newScene().with(reserved, func(o *observed) {
			o.definition, o.executed = &definition.Definition{}, &v1alpha1.ExecutedTask{Generation: 3, DefinitionDigest: "sha256:definition"}
		})},
		{"applying", newScene().with(saved, job(1, false), working, reported)},
		{"stopping", newScene().with(saved, job(1, false), working, reported, cancelled)},
		{"cancelled-early", newScene().with(cancelled)},
		{"queued", newScene().with(func(o *observed) { o.queue = queue{started: 4, place: 3, waiting: 12, limit: 4} })},
		{"restored-copy", newScene().with(saved, func(o *observed) { o.run.Annotations[v1alpha1.AnnotationAcceptedUID] = "another" })},
		{"task-deleted", newScene().with(deleting)},
		{"not-ready", newScene().with(func(o *observed) { setReady(o.task, metav1.ConditionFalse, v1alpha1.ReasonInvalidDefinition, 3) })},
		{"failed", newScene().with(saved, job(1, false), told(report.Failed, v1alpha1.ReasonGuardStopped))},
		{"succeeded", newScene().with(saved, job(1, false), told(report.Succeeded, v1alpha1.ReasonSucceeded))},
		{"partially-failed", newScene().with(saved, job(1, false), func(o *observed) { o.report = lastReport() })},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := status(test.o, decide(test.o, testTime), nil, testTime)
			compareGolden(t, test.name+".yaml", got)
			run := test.o.run.DeepCopy()
			run.Status = got
			conditiontest.Run(t, run)
			test.o.run = run
			if again := status(test.o, decide(test.o, testTime), nil, testTime.Add(time.Hour)); !cmp.Equal(got, again) {
				t.Errorf("the same facts an hour later give another status:\n%s", cmp.Diff(got, again))
			}
		})
	}
}

func compareGolden(t *testing.T, name string, status v1alpha1.SyncRunStatus) {
	t.Helper()
	got, err := yaml.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
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

func TestStatusOfAFailedStep(t *testing.T) {
	t.Parallel()
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "synctasks"}, "hr", errors.New("changed meanwhile"))
	for _, test := range []struct {
		name    string
		o       *observed
		err     error
		reason  v1alpha1.Reason
		message string
	}{
		{"a definition that cannot be stored", newScene().with(reserved), errors.New("no room"),
			v1alpha1.ReasonDefinitionNotSaved, "This did not succeed and is tried again: no room"},
		{"a Job that is refused", newScene().with(saved), errors.New("exceeded quota"),
			v1alpha1.ReasonWaitingForPod, "This did not succeed and is tried again: exceeded quota"},
		{"a conflict is no failure", newScene().with(), conflict, v1alpha1.ReasonAccepted, "The run has its sequence."},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := status(test.o, decide(test.o, testTime), test.err, testTime)
			complete := meta.FindStatusCondition(got.Conditions, v1alpha1.ConditionComplete)
			if complete == nil || complete.Reason != string(test.reason) || got.Message != test.message {
				t.Errorf("got %q %+v, want %q with reason %s", got.Message, complete, test.message, test.reason)
			}
			if got.Job != nil || got.Task != nil && test.o.run.Status.Task == nil {
				t.Error("the status shows what the failed step did not make")
			}
		})
	}
}

func TestStatusIsBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("名", 10_000)
	o := newScene().with(saved, job(1, false), func(o *observed) {
		o.report = lastReport()
		o.report.Outcome.Message = long
		failures := make([]history.Record, 50)
		for i := range failures {
			failures[i] = history.Record{Subject: "User", Operation: "CreateUser", SourceID: long, Name: long, Reason: long, Message: long}
		}
		o.report.Counts.Failures = failures
	})
	got := status(o, decide(o, testTime), nil, testTime)
	if length := len([]rune(got.Message)); length > condition.MessageLimit {
		t.Errorf("the message has %d characters", length)
	}
	if len(got.Failures) != failureLimit {
		t.Errorf("there are %d failures, want the first %d", len(got.Failures), failureLimit)
	}
	for _, failure := range got.Failures {
		if len([]rune(failure.ID)) > failureNameLimit || len([]rune(failure.Reason)) > failureReasonLimit || len([]rune(failure.Message)) > failureMessageLimit {
			t.Fatal("a failure is longer than the API allows")
		}
	}
	run := o.run.DeepCopy()
	run.Status = got
	conditiontest.Run(t, run)
}

func TestCompleteNeverGoesBack(t *testing.T) {
	t.Parallel()
	o := newScene().with(saved, job(1, false), told(report.Succeeded, ""))
	o.run.Status = status(o, decide(o, testTime), nil, testTime)
	before := *o.run.Status.DeepCopy()
	o.report.Outcome.Result = report.Failed
	o.run.Spec.Cancel = true
	if after := status(o, decide(o, testTime), errors.New("no TTL"), testTime.Add(time.Hour)); !cmp.Equal(before, after) {
		t.Errorf("a run that has ended changed:\n%s", cmp.Diff(before, after))
	}
}
