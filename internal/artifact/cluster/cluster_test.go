package cluster_test

import (
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/artifacttest"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/test/apiserver"
)

var server *apiserver.Server

func TestMain(m *testing.M) {
	os.Exit(apiserver.Main(m, func(s *apiserver.Server) { server = s }))
}

func options(namespace, runUID string) cluster.Options {
	return cluster.Options{
		Client: server.Client, Namespace: namespace, Task: "hr",
		Writer: v1alpha1.ArtifactWriter{Run: "hr-first", UID: types.UID(runUID), Attempt: 1},
	}
}

func TestConformance(t *testing.T) {
	artifacttest.Run(t, func(t *testing.T) artifacttest.Place {
		namespace := server.Namespace(t)
		return func(run string) artifact.Store {
			if run == "" {
				run = "a run that writes to an owner's streams"
			}
			return cluster.New(options(namespace, run))
		}
	})
}

const uid = "7d0c1b7e-3f7a-4d43-9c43-b8a1f8a3c001"

func TestObjectsBelongToTheirRun(t *testing.T) {
	namespace := server.Namespace(t)
	store := cluster.New(options(namespace, uid))
	for _, scope := range []artifact.Scope{{Run: uid}, {Owner: "default/hr"}} {
		if err := store.PutChunk(t.Context(), scope, "state-0123-v1-0", []byte("bytes")); err != nil {
			t.Fatal(err)
		}
	}
	var list v1alpha1.SyncArtifactList
	if err := server.Client.List(t.Context(), &list, client.InNamespace(namespace)); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 2 {
		t.Fatalf("got %d objects, want 2", len(list.Items))
	}
	owners := 0
	for _, object := range list.Items {
		wantLabels := map[string]string{v1alpha1.LabelTask: "hr", v1alpha1.LabelRun: "hr-first", v1alpha1.LabelArtifact: "chunk"}
		if diff := cmp.Diff(wantLabels, object.Labels); diff != "" {
			t.Errorf("labels of %s (-want +got):\n%s", object.Name, diff)
		}
		if object.Stream != "state-0123" || object.Type != v1alpha1.ArtifactChunk || object.Writer.Attempt != 1 {
			t.Errorf("%s is a %s of stream %q by attempt %d", object.Name, object.Type, object.Stream, object.Writer.Attempt)
		}
		for _, owner := range object.OwnerReferences {
			owners++
			want := metav1.OwnerReference{APIVersion: "synccenter.dev/v1alpha1", Kind: "SyncRun", Name: "hr-first", UID: uid, Controller: new(true)}
			if diff := cmp.Diff(want, owner); diff != "" {
				t.Errorf("owner of %s (-want +got):\n%s", object.Name, diff)
			}
		}
	}
	if owners != 1 {
		t.Errorf("got %d owner references, want one: that of the run's chunk, and none on the state", owners)
	}
}

func TestAStoreWritesForItsOwnRunAlone(t *testing.T) {
	store := cluster.New(options(server.Namespace(t), uid))
	if err := store.PutChunk(t.Context(), artifact.Scope{Run: "another"}, "plan-a-0", nil); err == nil {
		t.Error("a chunk of another run was written")
	}
}

func TestUsageCountsTasksApart(t *testing.T) {
	namespace := server.Namespace(t)
	mine, other := options(namespace, uid), options(namespace, uid)
	other.Task = "sales"
	for i, o := range []cluster.Options{mine, other} {
		data := make([]byte, 100*(i+1))
		if err := cluster.New(o).PutChunk(t.Context(), artifact.Scope{Owner: o.Task}, "state-a-0", data); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := cluster.New(mine).Usage(t.Context()); err != nil || got != (artifact.Usage{Task: 100, All: 300}) {
		t.Errorf("got %+v and error %v, want 100 bytes of the task and 300 of all", got, err)
	}
}

func TestUsageLeavesOutInspections(t *testing.T) {
	o := options(server.Namespace(t), uid)
	o.Inspection = &cluster.InspectionOf{Kind: "Unmanaged", TaskUID: "1f2e3d4c"}
	store := cluster.New(o)
	if err := store.PutChunk(t.Context(), artifact.Scope{Run: uid}, "answer-a-0", make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Usage(t.Context()); err != nil || got != (artifact.Usage{}) {
		t.Errorf("got %+v and error %v, want nothing: an answer takes no room from runs", got, err)
	}
}

func TestReports(t *testing.T) {
	o := options(server.Namespace(t), uid)
	write := func(r *cluster.Reports, attempt int, stage report.Stage) error {
		return r.Put(t.Context(), &report.Report{RunUID: uid, Attempt: attempt, Stage: stage})
	}
	wantStage := func(want report.Stage) {
		t.Helper()
		got, err := cluster.NewReports(o).Last(t.Context())
		if err != nil || got == nil || got.Stage != want || got.SchemaVersion != report.SchemaVersion {
			t.Errorf("got report %v and error %v, want stage %q", got, err, want)
		}
	}
	first := cluster.NewReports(o)
	if got, err := first.Last(t.Context()); err != nil || got != nil {
		t.Errorf("no report yet: got %v and error %v", got, err)
	}
	for _, stage := range []report.Stage{report.Reading, report.Planning} {
		if err := write(first, 1, stage); err != nil {
			t.Fatal(err)
		}
		wantStage(stage)
	}
	second := cluster.NewReports(o)
	if err := write(second, 2, report.Reading); err != nil {
		t.Errorf("the next attempt goes on: %v", err)
	}
	if err := write(first, 1, report.Applying); !errors.Is(err, artifact.ErrConflict) {
		t.Errorf("an attempt that was replaced: got error %v, want ErrConflict", err)
	}
	wantStage(report.Reading)
	if err := write(cluster.NewReports(o), 2, report.Applying); err != nil {
		t.Errorf("another pod of the same attempt goes on: %v", err)
	}
	if err := write(second, 2, report.Exporting); err != nil {
		t.Error(err)
	}
	wantStage(report.Exporting)
}

func TestReportsAreFoundByLabelAndName(t *testing.T) {
	o := options(server.Namespace(t), uid)
	if err := cluster.NewReports(o).Put(t.Context(), &report.Report{RunUID: uid, Attempt: 1}); err != nil {
		t.Fatal(err)
	}
	if err := cluster.New(o).PutChunk(t.Context(), artifact.Scope{Run: uid}, "plan-a-0", []byte("bytes")); err != nil {
		t.Fatal(err)
	}
	var list v1alpha1.SyncArtifactList
	err := server.Client.List(t.Context(), &list, client.InNamespace(o.Namespace),
		client.MatchingLabels{v1alpha1.LabelArtifact: cluster.LabelValueReport})
	if err != nil {
		t.Fatal(err)
	}
	name, err := cluster.ReportName(uid)
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 1 || list.Items[0].Name != name || list.Items[0].OwnerReferences[0].UID != uid {
		t.Errorf("got objects %v, want the report %s of the run alone", list.Items, name)
	}
	if facts, err := cluster.DecodeReport(&list.Items[0]); err != nil || facts.RunUID != uid {
		t.Errorf("got the report of run %q and error %v", facts.RunUID, err)
	}
}

func TestDecodeReportRefuses(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       error
	}{
		{"a newer schema", `{"schemaVersion":2,"runUID":{}}`, artifact.ErrNewer},
		{"no JSON", `{`, artifact.ErrCorrupt},
		{"another run", `{"schemaVersion":1,"runUID":"other"}`, artifact.ErrCorrupt},
	} {
		object := &v1alpha1.SyncArtifact{Writer: v1alpha1.ArtifactWriter{UID: uid}, Data: []byte(c.data)}
		if _, err := cluster.DecodeReport(object); !errors.Is(err, c.want) {
			t.Errorf("%s: got error %v, want %v", c.name, err, c.want)
		}
	}
}
