package cli

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"synccenter.dev/synccenter/api/v1alpha1"
	artifactcluster "synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/state"
)

// remembered stores a state of a task as its runs would.
func (p *person) remembered(t *testing.T, task string, links ...state.Link) {
	t.Helper()
	kept := state.New(p.namespace+"/"+task, state.Identity{Source: "s", Target: "t"})
	for _, link := range links {
		if err := kept.Links.Put(link); err != nil {
			t.Fatal(err)
		}
	}
	store := artifactcluster.New(artifactcluster.Options{
		Client: server.Client, Namespace: p.namespace, Task: task, Writer: v1alpha1.ArtifactWriter{Run: task + "-1", UID: "1", Attempt: 1},
	})
	if _, err := kept.Save(t.Context(), store, ""); err != nil {
		t.Fatal(err)
	}
}

func someLinks() []state.Link {
	since := now.Add(-26 * time.Hour)
	return []state.Link{
		{Kind: directory.User, SourceID: "u1", TargetID: "t-u1", Origin: state.Created, State: state.Active, Name: "李雷"},
		{Kind: directory.User, SourceID: "u2", TargetID: "t-u2", Origin: state.Adopted, State: state.Held, Name: "=evil\x1b[2J", Since: &since, Run: "hr-7", Reason: "GuardRemovals"},
		{Kind: directory.User, SourceID: "u3", TargetID: "t-u3", Origin: state.Created, State: state.Active, Name: "Bo", HeldLoss: &state.Hold{Since: since, Run: "hr-8", Reason: "GuardRemovals"}},
		{Kind: directory.Department, SourceID: "d1", TargetID: "t-d1", Origin: state.Created, State: state.Disabled, Name: "Sales", Since: &since},
	}
}

func TestLinks(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", nil)
	if r := p.succeeds(t, "links", "hr"); r.out != "" || !strings.HasPrefix(r.err, "No links found") {
		t.Errorf("a task that never ran gives %q and %q", r.out, r.err)
	}
	if out := p.succeeds(t, "links", "hr", "-o", "json").out; out != "[]\n" {
		t.Errorf("as JSON it gives %q", out)
	}
	p.remembered(t, "hr", someLinks()...)
	golden(t, "links", p.succeeds(t, "links", "hr").out)
	golden(t, "links-wide", p.succeeds(t, "links", "hr", "-o", "wide").out)
	contains(t, p.succeeds(t, "links", "hr", "--state", "held", "--subject", "user").out, "u2")
	if out := p.succeeds(t, "links", "hr", "--state", "held").out; strings.Contains(out, "u1") || strings.Contains(out, "d1") || !strings.Contains(out, "u3") {
		t.Errorf("others than those that are held: %s", out)
	}
	p.fails(t, exitFailed, []string{"--state", "Released"}, "links", "hr", "--state", "gone")
	p.fails(t, exitFailed, []string{"--output"}, "links", "hr", "-o", "excel")
}

func TestLinksAreOneDocument(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", nil)
	p.remembered(t, "hr", someLinks()...)
	var fromJSON, fromYAML []linkDocument
	if err := json.Unmarshal([]byte(p.succeeds(t, "links", "hr", "-o", "json").out), &fromJSON); err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict([]byte(p.succeeds(t, "links", "hr", "-o", "yaml").out), &fromYAML); err != nil {
		t.Fatal(err)
	}
	if len(fromJSON) != 4 || len(fromYAML) != 4 || fromJSON[0].SourceID != "d1" || fromYAML[2].Name != "=evil\x1b[2J" || !fromJSON[3].HeldLoss {
		t.Errorf("JSON gives %+v\nYAML gives %+v", fromJSON, fromYAML)
	}
	rows, err := csv.NewReader(strings.NewReader(p.succeeds(t, "links", "hr", "-o", "csv").out)).ReadAll()
	if err != nil || len(rows) != 5 || rows[3][1] != "'=evil[2J" || rows[3][6] == "" {
		t.Errorf("CSV gives %q, %v", rows, err)
	}
}

func TestLinksNeedARight(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", nil)
	p.mayOnly(t, "viewer", "get", "list")
	p.fails(t, exitFailed, []string{"you may not read the links of task hr", "synccenter-artifact-reader"}, "links", "hr")
}
