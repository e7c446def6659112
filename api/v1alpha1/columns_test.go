package v1alpha1_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// table asks for a list as kubectl get does, and answers with the names of the
// columns and the cells of the first row; wide columns are in brackets.
func table(t *testing.T, namespace, resource string) (columns, cells string) {
	t.Helper()
	config := rest.CopyConfig(server.Config)
	config.APIPath, config.GroupVersion, config.NegotiatedSerializer = "/apis", &v1alpha1.GroupVersion, scheme.Codecs.WithoutConversion()
	rests, err := rest.RESTClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	data, err := rests.Get().Namespace(namespace).Resource(resource).
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").Do(t.Context()).Raw()
	if err != nil {
		t.Fatalf("asking for a table of %s: %v", resource, err)
	}
	var result metav1.Table
	if err := json.Unmarshal(data, &result); err != nil {
		t.Fatal(err)
	}
	var names, values []string
	for i, column := range result.ColumnDefinitions {
		name := column.Name
		if column.Priority > 0 {
			name = "[" + name + "]"
		}
		names = append(names, name)
		if column.Priority == 0 {
			values = append(values, fmt.Sprint(result.Rows[0].Cells[i]))
		}
	}
	return strings.Join(names, " "), strings.Join(values, " | ")
}

func TestColumnsOfRuns(t *testing.T) {
	namespace := server.Namespace(t)
	run := &v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "hr-first"},
		Spec:       v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: "hr"}},
	}
	if err := server.Client.Create(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	run.Status = v1alpha1.SyncRunStatus{
		Sequence: 7, Mode: v1alpha1.TriggerManual, Phase: v1alpha1.PhasePartiallyFailed,
		CompletionTime: &metav1.Time{Time: time.Now().Add(-5 * time.Minute)},
		Organizations: &v1alpha1.SubjectCounts{
			Total: 12, Succeeded: 12, Updates: v1alpha1.UpdateCounts{Total: 3, Succeeded: 3}, Summary: "12/12", UpdatesSummary: "3/3",
		},
		Users: &v1alpha1.SubjectCounts{Total: 300, Succeeded: 299, Updates: v1alpha1.UpdateCounts{Total: 1}, Summary: "299/300", UpdatesSummary: "0/1"},
	}
	if err := server.Client.Status().Update(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	columns, cells := table(t, namespace, "syncruns")
	if diff := cmp.Diff("Name SEQ TASK TYPE MODE PHASE ORGS ORG-UPDATES USERS USER-UPDATES SYNCED [REASON] [MESSAGE] [AGE]", columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("hr-first | 7 | hr | Sync | Manual | PartiallyFailed | 12/12 | 3/3 | 299/300 | 0/1 | 5m", cells); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
}

func TestColumnsOfTasks(t *testing.T) {
	namespace := server.Namespace(t)
	object := merged(t, minimalTask, `{}`)
	object.SetNamespace(namespace)
	if err := server.Client.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	var task v1alpha1.SyncTask
	if err := server.Client.Get(t.Context(), client.ObjectKeyFromObject(object), &task); err != nil {
		t.Fatal(err)
	}
	task.Status = v1alpha1.SyncTaskStatus{
		Source: "LDAP hr.example.com", Target: "LDAP ldap.example.com",
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: string(v1alpha1.ReasonReady), LastTransitionTime: metav1.Now(),
		}},
		LastRun: &v1alpha1.LastRun{Name: "hr-first", UID: "uid", Sequence: 8, Phase: v1alpha1.PhaseApplying},
		RecentExecutions: []v1alpha1.RecentExecution{{
			Run: "hr-second", UID: "uid", Sequence: 8, Mode: v1alpha1.TriggerManual, Time: metav1.NewTime(time.Now().Add(-time.Hour)), Outcome: v1alpha1.PhaseFailed,
		}},
		LastSync: &v1alpha1.RecentExecution{
			Run: "hr-first", UID: "uid", Sequence: 7, Mode: v1alpha1.TriggerManual, Time: metav1.NewTime(time.Now().Add(-3 * time.Hour)), Outcome: v1alpha1.PhaseSucceeded,
			Coverage: v1alpha1.CoverageAll,
		},
		PendingDeletions: &v1alpha1.PendingDeletions{Count: 2},
	}
	if err := server.Client.Status().Update(t.Context(), &task); err != nil {
		t.Fatal(err)
	}
	columns, cells := table(t, namespace, "synctasks")
	if diff := cmp.Diff("Name SOURCE TARGET MODE READY LAST LAST-SYNC PENDING-DELETIONS [NAME-SHOWN] [SUSPENDED] [REASON] [AGE]", columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("hr | LDAP hr.example.com | LDAP ldap.example.com | Manual | True | Applying | 3h | 2", cells); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
}

func TestRunsAreSelectedByField(t *testing.T) {
	namespace := server.Namespace(t)
	for name, task := range map[string]string{"hr-first": "hr", "hr-second": "hr", "sales-first": "sales"} {
		run := &v1alpha1.SyncRun{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Spec:       v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: task}},
		}
		if err := server.Client.Create(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		if name == "hr-second" {
			continue
		}
		run.Status.Phase = v1alpha1.PhaseFailed
		if err := server.Client.Status().Update(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	}
	var runs v1alpha1.SyncRunList
	selector := client.MatchingFields{"spec.taskRef.name": "hr", "status.phase": "Failed"}
	if err := server.Client.List(t.Context(), &runs, client.InNamespace(namespace), selector); err != nil {
		t.Fatalf("selecting by fields: %v", err)
	}
	if len(runs.Items) != 1 || runs.Items[0].Name != "hr-first" {
		t.Errorf("selected %d runs, want hr-first alone", len(runs.Items))
	}
}

// TestCountsAreShownWhenTheyAreZero: zero is an observation.
func TestCountsAreShownWhenTheyAreZero(t *testing.T) {
	data, err := json.Marshal(v1alpha1.SyncRunStatus{
		Organizations: &v1alpha1.SubjectCounts{},
		Operations:    []v1alpha1.OperationCounts{{Operation: v1alpha1.OperationCreateUser}},
		Records:       &v1alpha1.RecordsStatus{},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"organizations":{"total":0,"succeeded":0,"updates":{"total":0,"succeeded":0}`,
		`"planned":0,"succeeded":0,"failed":0,"skipped":0,"held":0`,
		`"count":0,"bytes":0`,
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("a status of zeros is written as %s, without %s", data, want)
		}
	}
}

// TestStatusAtItsBounds writes the largest status that the schema allows: a
// status too large for the store could not even say so.
func TestStatusAtItsBounds(t *testing.T) {
	run := &v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Namespace: server.Namespace(t), Name: "largest"},
		Spec:       v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: "hr"}},
	}
	if err := server.Client.Create(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	run.Status.Message = strings.Repeat("人", 4096)
	for range 10 {
		run.Status.Failures = append(run.Status.Failures, v1alpha1.Failure{
			Subject: v1alpha1.SubjectUser, ID: strings.Repeat("人", 1024), Name: strings.Repeat("人", 1024), Reason: "Failed", Message: strings.Repeat("人", 2048),
		})
	}
	for i := range 8 {
		run.Status.Conditions = append(run.Status.Conditions, metav1.Condition{
			Type: fmt.Sprintf("Condition%d", i), Status: metav1.ConditionTrue, Reason: "Reason", Message: strings.Repeat("人", 32768), LastTransitionTime: metav1.Now(),
		})
	}
	if err := server.Client.Status().Update(t.Context(), run); err != nil {
		t.Errorf("the largest status is refused: %.500v", err)
	}
}
