package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/artifacttest"
	artifactcluster "synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/internal/plan"
)

// answering plays the pod: it stores lines as the answer.
func answering(t *testing.T, lines ...any) func(*v1alpha1.SyncTask, *inspection.Inspection) {
	return func(task *v1alpha1.SyncTask, i *inspection.Inspection) {
		var b strings.Builder
		for _, line := range lines {
			data, err := json.Marshal(line)
			if err != nil {
				t.Error(err)
			}
			b.Write(data)
			b.WriteString("\n")
		}
		store := artifactcluster.New(artifactcluster.OptionsOf(server.Client, task, i.Name, i.UID, i.Request.Kind()))
		if _, err := artifacttest.WriteAll(t.Context(), store, artifact.Scope{Run: i.UID}, inspection.AnswerStream, []byte(b.String())); err != nil {
			t.Error(err)
		}
	}
}

// newcomer is the explanation of somebody who matches a stranger.
func newcomer() inspection.Explanation {
	return inspection.Explanation{
		Subject: inspection.Subject{Subject: "User", Entry: "li"}, Name: "李雷\x1b[2J", SourceID: "u1",
		Read: inspection.Read{
			Found: true, Message: "found in the source", Place: "uid=li,ou=people", Departments: []string{"Head/Sales"},
			Fields: []inspection.Field{{Name: "uid", Values: []string{"li"}}, {Name: "pin", Values: []string{"(hidden)"}}}, Unreadable: []string{"userPassword"},
		},
		Scope: &inspection.Scope{In: true, Message: "the scope takes everybody"},
		Mapping: []inspection.Row{
			{Path: "mappings.users[0]", To: "uid", Giver: "from uid", Values: []string{"li"}},
			{Path: "mappings.users[1]", To: "mail", Giver: "expression user.mail", Failed: true, Message: "it has none"},
		},
		State: inspection.State{Message: "no link: the task has not met it, or met it in vain"},
		Match: []inspection.Rule{
			{Rule: "mark", Message: "finds nobody"},
			{Rule: "target uid = source uid", Fields: []inspection.Field{{Name: "uid", Values: []string{"li"}}}, Message: "finds one entry", Hits: []inspection.Hit{{ID: "t1", Name: "Li", Place: "uid=li,dc=x", Mark: "other/hr#9"}}},
		},
		Decision: inspection.Decision{Message: "a run would write nothing about it, and record this", Notice: "Removals are held.", Operations: []history.Record{{
			Subject: directory.User, Operation: plan.UpdateUser, Status: plan.Failed, Reason: plan.ReasonOtherOwner, Message: "it bears another mark",
			Changes: []plan.Change{{Field: "mail", Before: []string{"a"}, After: []string{"b"}}},
		}}},
	}
}

func TestExplain(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", nil)
	p.managing(t, "hr", answering(t, newcomer()))
	golden(t, "explain", p.succeeds(t, "explain", "hr", "user", "li").out)

	linked := newcomer()
	since := now.Add(-time.Hour)
	linked.Read, linked.Scope, linked.Mapping, linked.Match = inspection.Read{Message: "the source has no user"}, nil, nil, nil
	linked.State = inspection.State{
		Linked: true, Message: "linked; its removal waits", Origin: "Created", Link: "Held", Since: &since, Run: "hr-7", Reason: "GuardRemovals",
		Target: &inspection.Hit{ID: "t1", Name: "Li", Place: "uid=li,dc=x", LinkedTo: "u1", Disabled: true},
	}
	linked.Decision = inspection.Decision{Message: "nothing: what was decided about it stays, and makes no record again"}
	p.managing(t, "hr", answering(t, linked))
	golden(t, "explain-linked", p.succeeds(t, "explain", "hr", "USER", "li").out)

	p.managing(t, "hr", answering(t, inspection.Explanation{
		Subject: inspection.Subject{Subject: "User", Entry: "li"}, Candidates: []inspection.Candidate{{ID: "u1", Name: "Li", Place: "uid=a"}, {ID: "u2", Name: "Li", Place: "uid=b"}},
	}))
	contains(t, p.succeeds(t, "explain", "hr", "user", "li").out, `user "li" names several`, "u1", "uid=b")
	p.managing(t, "hr", answering(t, newcomer()))
	contains(t, p.succeeds(t, "explain", "hr", "user", "li", "-o", "yaml").out, "source: u1\n", "found: true")
	p.managing(t, "hr", func(_ *v1alpha1.SyncTask, i *inspection.Inspection) { i.Failure = "target: it is away" })
	p.fails(t, exitFailed, []string{"target: it is away"}, "explain", "hr", "user", "li")
	p.fails(t, exitFailed, []string{"neither user nor department"}, "explain", "hr", "robot", "li")

	p.mayOnly(t, "editor", "get", "list", "patch")
	p.fails(t, exitFailed, []string{"you may not read the answer", "synccenter-artifact-reader"}, "explain", "hr", "user", "li")
}

func TestUnmanaged(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", nil)
	lines := []any{
		inspection.Unmanaged{Subject: "Department", ID: "d1", Name: "Old", Place: "ou=old", Protected: true},
		inspection.Unmanaged{Subject: "User", ID: "u1", Name: "李雷", Place: "uid=li", Owner: "other/hr"},
		inspection.Unmanaged{Subject: "User", ID: "u2", Name: "Bo", Place: "uid=bo", Disabled: true},
		inspection.Unmanaged{End: true, Left: 7},
	}
	p.managing(t, "hr", answering(t, lines...))
	r := p.succeeds(t, "links", "hr", "--unmanaged")
	golden(t, "unmanaged", r.out)
	contains(t, r.err, "7 more are not listed")
	p.managing(t, "hr", answering(t, lines...))
	var parsed []inspection.Unmanaged
	if err := json.Unmarshal([]byte(p.succeeds(t, "links", "hr", "--unmanaged", "-o", "json", "--subject", "user").out), &parsed); err != nil || len(parsed) != 2 {
		t.Errorf("got %+v, %v", parsed, err)
	}
	p.managing(t, "hr", answering(t, inspection.Unmanaged{End: true}))
	if r := p.succeeds(t, "links", "hr", "--unmanaged"); r.out != "" || !strings.Contains(r.err, "Every entry of the target is linked") {
		t.Errorf("got %q and %q", r.out, r.err)
	}
	p.fails(t, exitFailed, []string{"--unmanaged"}, "links", "hr", "--unmanaged", "--state", "held")
}
