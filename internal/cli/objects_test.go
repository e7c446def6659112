package cli

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	artifactcluster "synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/plan"
)

// task makes a task with a status as the manager would write it.
func (p *person) task(t *testing.T, name string, change func(*v1alpha1.SyncTask)) *v1alpha1.SyncTask {
	t.Helper()
	const people = "ou=people,dc=example,dc=com"
	task := &v1alpha1.SyncTask{ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: name}}
	task.Spec.Sources = []v1alpha1.Source{{Name: "hr", Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPSource{
		LDAPConnection: v1alpha1.LDAPConnection{URLs: []string{"ldaps://hr.example.com"}}, Users: v1alpha1.LDAPUsers{BaseDN: people},
	}}}
	task.Spec.Target = v1alpha1.Target{Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPTarget{
		LDAPConnection: v1alpha1.LDAPConnection{URLs: []string{"ldaps://ldap.example.com"}},
		Users:          v1alpha1.LDAPTargetUsers{LDAPUsers: v1alpha1.LDAPUsers{BaseDN: people}},
	}}
	task.Spec.Deletion.Users.Action = "Keep"
	task.Status.Source, task.Status.Target = "LDAP hr.example.com", "LDAP ldap.example.com"
	if change != nil {
		change(task)
	}
	status := task.Status
	if err := server.Client.Create(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	task.Status = status
	if err := server.Client.Status().Update(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	return task
}

// run makes a run with a status as the manager would write it.
func (p *person) run(t *testing.T, name, task string, status v1alpha1.SyncRunStatus) *v1alpha1.SyncRun {
	t.Helper()
	run := &v1alpha1.SyncRun{ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: name}}
	run.Spec.TaskRef.Name = task
	if err := server.Client.Create(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	run.Status = status
	if err := server.Client.Status().Update(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	return run
}

// ended is the status of a run that is over.
func ended(sequence int64, phase v1alpha1.Phase, records []history.Record) v1alpha1.SyncRunStatus {
	counts, err := history.Count(sequenceOf(records))
	if err != nil {
		panic(err)
	}
	at := metav1.NewTime(now.Add(time.Duration(sequence-10) * time.Hour))
	status := v1alpha1.SyncRunStatus{
		Sequence: sequence, Mode: v1alpha1.TriggerManual, Phase: phase, StartTime: &at, CompletionTime: &at,
		Message:       "all was done that could be done",
		Organizations: subjectCounts(counts.Organizations),
		Users:         subjectCounts(counts.Users),
		Conditions: []metav1.Condition{
			{Type: v1alpha1.ConditionComplete, Status: metav1.ConditionTrue, Reason: string(phase), Message: "the run is over", LastTransitionTime: at},
		},
		Records: &v1alpha1.RecordsStatus{Count: counts.Records, Bytes: 1, Digest: "sha256:1"},
	}
	for _, o := range counts.Operations {
		status.Operations = append(status.Operations, v1alpha1.OperationCounts{
			Operation: v1alpha1.OperationType(o.Operation), Planned: o.Planned, Succeeded: o.Succeeded, Failed: o.Failed, Skipped: o.Skipped, Held: o.Held,
		})
	}
	for _, f := range counts.Failures {
		status.Failures = append(status.Failures, v1alpha1.Failure{
			Subject: v1alpha1.Subject(f.Subject), ID: f.SourceID, Name: f.Name, Operation: v1alpha1.OperationType(f.Operation), Reason: f.Reason, Message: f.Message,
		})
	}
	return status
}

func subjectCounts(t history.Tally) *v1alpha1.SubjectCounts {
	return &v1alpha1.SubjectCounts{
		Total: t.Total, Succeeded: t.Succeeded, Summary: t.Summary(), UpdatesSummary: t.UpdatesSummary(),
		Updates: v1alpha1.UpdateCounts{Total: t.UpdatesTotal, Succeeded: t.UpdatesSucceeded},
	}
}

// records are what a small run leaves, with names that an enemy has chosen.
func records() []history.Record {
	at := now.Add(-9 * time.Hour)
	return []history.Record{
		{
			Subject: directory.Department, Operation: plan.CreateDepartment, Status: plan.Succeeded, SourceID: "d1", TargetID: "t-d1", Name: "研发部", Time: at,
			Changes: []plan.Change{{Field: "ou", After: []string{"研发部"}}},
		},
		{
			Subject: directory.User, Operation: plan.UpdateUser, Status: plan.Succeeded, SourceID: "u1", TargetID: "t-u1", Name: "李雷", Time: at,
			Changes: []plan.Change{
				{Field: "mail", Before: []string{"li@example.com"}, After: []string{"li@example.org"}}, {Field: "mobile", Before: []string{"1"}},
				{Field: "sn", Before: []string{"a"}, After: []string{"b"}}, {Field: "title", Before: []string{"a"}, After: []string{"b"}},
			},
		},
		{
			Subject: directory.User, Operation: plan.CreateUser, Status: plan.Failed, SourceID: "u2", Name: "\x1b[2J\u202eevil\r\nname", Time: at,
			Reason: "RequiredFieldMissing", Message: "the required field sn is missing:\nmap it",
		},
		{Subject: directory.User, Operation: plan.NoUpdate, Status: plan.Succeeded, SourceID: "u3", TargetID: "t-u3", Name: "=1+1", Time: at},
	}
}

func sequenceOf(records []history.Record) func(func(history.Record, error) bool) {
	return func(yield func(history.Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// store writes the records of a run as its pod would.
func store(t *testing.T, run *v1alpha1.SyncRun, records []history.Record) {
	t.Helper()
	cluster := artifactcluster.New(artifactcluster.Options{
		Client: server.Client, Namespace: run.Namespace, Task: run.Spec.TaskRef.Name,
		Writer: v1alpha1.ArtifactWriter{Run: run.Name, UID: run.UID, Attempt: 1},
	})
	stream, err := artifact.NewWriter(t.Context(), cluster, artifact.Scope{Run: string(run.UID)}, recordsStream, "")
	if err != nil {
		t.Fatal(err)
	}
	encoder := history.NewEncoder(stream)
	for i := range records {
		if err := encoder.Encode(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := stream.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}
