package cli

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/history"
)

// withRecords makes a person who has one run that is over.
func withRecords(t *testing.T) *person {
	t.Helper()
	p := newPerson(t)
	p.task(t, "hr", nil)
	store(t, p.run(t, "hr-a", "hr", ended(10, v1alpha1.PhasePartiallyFailed, records())), records())
	return p
}

func TestDetails(t *testing.T) {
	p := withRecords(t)
	golden(t, "details", p.succeeds(t, "details", "hr-a").out)
	golden(t, "details-expanded", p.succeeds(t, "details", "hr-a", "--expand").out)
	if strings.ContainsAny(p.succeeds(t, "details", "hr-a", "--expand").out, "\x1b\u202e\r") {
		t.Error("a name of the directory reaches the terminal with its control characters")
	}
}

// TestPeopleOfOneNameAreToldApart has two of them in one run.
func TestPeopleOfOneNameAreToldApart(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", nil)
	first, second := records()[1], records()[3]
	first.Name, second.Name = "李雷", "李雷"
	first.SourceID, second.SourceID = "0b7f6c1e-3f6e-4a1b-9b1e-5f0d6c1e2a3b", "0b7f6c1f-3f6e-4a1b-9b1e-5f0d6c1e2a3b"
	all := []history.Record{first, second}
	store(t, p.run(t, "hr-a", "hr", ended(10, v1alpha1.PhaseSucceeded, all)), all)
	contains(t, p.succeeds(t, "details", "hr-a").out, "李雷   0b7f6c1e…", "李雷   0b7f6c1f…")
	contains(t, p.succeeds(t, "details", "hr-a", "-o", "wide").out, "SOURCE", "TARGET", first.SourceID+"   "+first.TargetID, second.SourceID)
	if out := p.succeeds(t, "details", "hr-a", "--search", "0b7f6c1f").out; strings.Contains(out, "0b7f6c1e") || !strings.Contains(out, "0b7f6c1f") {
		t.Errorf("the ID that is shown does not find its person: %s", out)
	}
}

func TestDetailsCutLongMessages(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", nil)
	all := records()[2:3]
	all[0].Message = strings.Repeat("很长的说明 ", 100)
	store(t, p.run(t, "hr-a", "hr", ended(10, v1alpha1.PhasePartiallyFailed, all)), all)
	r := p.succeeds(t, "details", "hr-a")
	contains(t, r.out, "RequiredFieldMissing: 很长的说明", "…\n")
	contains(t, r.err, "1 of 1 record\n")
	if strings.Contains(r.out, all[0].Message) {
		t.Errorf("the message is not cut: %s", r.out)
	}
	contains(t, p.succeeds(t, "details", "hr-a", "--expand").out, strings.TrimSpace(all[0].Message))
	contains(t, p.succeeds(t, "details", "hr-a", "-o", "json").out, all[0].Message)
}

func TestDetailsChoose(t *testing.T) {
	p := withRecords(t)
	tests := []struct {
		name  string
		flags []string
		want  string
	}{
		{"by subject", []string{"--subject", "department"}, "d1"},
		{"by operation", []string{"--operation", "createuser,NoUpdate"}, "u2 u3"},
		{"by status", []string{"--status", "failed", "--status", "Held"}, "u2"},
		{"by text", []string{"--search", "LI@example.org"}, "u1"},
		{"by all at once", []string{"--subject", "user", "--status", "succeeded", "--search", "李"}, "u1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var found []history.Record
			out := p.succeeds(t, append([]string{"details", "hr-a", "-o", "json"}, test.flags...)...).out
			if err := json.Unmarshal([]byte(out), &found); err != nil {
				t.Fatal(err)
			}
			ids := make([]string, len(found))
			for i := range found {
				ids[i] = found[i].SourceID
			}
			if got := strings.Join(ids, " "); got != test.want {
				t.Errorf("want %s, got %s", test.want, got)
			}
		})
	}
	p.fails(t, 1, []string{`--status "broken" is not known: use one or more of Succeeded, Failed`}, "details", "hr-a", "--status", "broken")
	if r := p.succeeds(t, "details", "hr-a", "--search", "nobody"); r.out != "" || r.err != "Nothing found in 4 records.\n" {
		t.Errorf("got %q and %q", r.out, r.err)
	}
}

func TestDetailsForPrograms(t *testing.T) {
	p := withRecords(t)
	if got := p.succeeds(t, "details", "hr-a", "-o", "json", "--search", "nobody").out; got != "[]\n" {
		t.Errorf("no records are %q: not an empty list", got)
	}
	lines := strings.Split(strings.TrimSpace(p.succeeds(t, "details", "hr-a", "-o", "jsonl").out), "\n")
	if len(lines) != len(records()) || !json.Valid([]byte(lines[2])) {
		t.Errorf("got %d lines", len(lines))
	}
	rows, err := csv.NewReader(strings.NewReader(p.succeeds(t, "details", "hr-a", "-o", "csv").out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1+len(records()) || rows[4][5] != "'=1+1" {
		t.Errorf("got %d rows, and the name %q", len(rows), rows[4][5])
	}
	p.fails(t, 1, []string{`--output "xml" is not known: use one of table, wide, json, jsonl, csv`}, "details", "hr-a", "-o", "xml")
}

func TestDetailsWithoutRecords(t *testing.T) {
	p := newPerson(t)
	early := working(v1alpha1.PhaseReading, 120, 0)
	early.Message = "reading the source"
	p.run(t, "hr-early", "hr", early)
	r := p.succeeds(t, "details", "hr-early")
	contains(t, r.err, `run "hr-early" has no records`, "whole when the run is over")
	contains(t, r.out, "Run hr-early: Reading", "progress: Reading, 120 so far", "reading the source")
	p.run(t, "hr-half", "hr", working(v1alpha1.PhaseApplying, 5, 10))
	contains(t, p.succeeds(t, "details", "hr-half").out, "progress: Applying, 5 of 10")

	failed := ended(1, v1alpha1.PhaseFailed, nil)
	failed.Records, failed.Message = nil, "the server refused the login"
	p.run(t, "hr-failed", "hr", failed)
	r = p.succeeds(t, "details", "hr-failed")
	contains(t, r.err, "ended before it had a plan")
	contains(t, r.out, "Run hr-failed: Failed, ended 2026-11-05 11:00:00", "the server refused the login")

	p.run(t, "hr-old", "hr", ended(2, v1alpha1.PhasePartiallyFailed, records()))
	r = p.succeeds(t, "details", "hr-old")
	contains(t, r.err, "they were removed; the counts in its status stay")
	golden(t, "outcome", r.out)

	gone := ended(3, v1alpha1.PhaseSucceeded, records())
	meta.SetStatusCondition(&gone.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionDetailsKept, Status: metav1.ConditionFalse, Reason: string(v1alpha1.ReasonLimitReached),
		Message: "history.limit keeps 20 succeeded runs.", LastTransitionTime: metav1.NewTime(time.Date(2026, time.November, 6, 0, 0, 0, 0, time.UTC)),
	})
	p.run(t, "hr-gone", "hr", gone)
	contains(t, p.succeeds(t, "details", "hr-gone").err, "on 2026-11-06 they were removed; the counts in its status stay. history.limit keeps 20 succeeded runs.\n")
	p.fails(t, 1, []string{"on 2026-11-06 they were removed"}, "export", "hr-gone", "-o", t.TempDir()+"/hr.xlsx")

	// A program must not take an absent history for an empty one.
	r = p.fails(t, 1, []string{"has no records"}, "details", "hr-old", "-o", "json")
	if r.out != "" {
		t.Errorf("it printed %q", r.out)
	}
}

func TestRecordsNeedARight(t *testing.T) {
	p := withRecords(t)
	allow(t, p.namespace, "alice", "synctasks", "syncruns")
	p.as = "alice"
	contains(t, p.succeeds(t, "history", "hr").out, "hr-a")
	words := []string{"you may not read the records", "ClusterRole synccenter-artifact-reader", "kubectl create rolebinding"}
	p.fails(t, 1, words, "details", "hr-a")
	p.fails(t, 1, words, "export", "hr-a", "-o", t.TempDir()+"/hr.xlsx")

	allow(t, p.namespace, "bob", "synctasks", "syncruns", "syncartifacts")
	p.as = "bob"
	contains(t, p.succeeds(t, "details", "hr-a").out, "李雷")
}

// allow lets a user read kinds of the API in a namespace.
func allow(t *testing.T, namespace, user string, resources ...string) {
	t.Helper()
	meta := metav1.ObjectMeta{Namespace: namespace, Name: user}
	role := &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: resources, Verbs: []string{"get", "list", "watch"}},
	}}
	if err := server.Client.Create(t.Context(), role); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}
	if err := server.Client.Create(t.Context(), binding); err != nil {
		t.Fatal(err)
	}
}
