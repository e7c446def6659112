package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/internal/runner"
)

// asked stores an inspection of a task as the manager does, and answers with what its Job says and with its store.
func asked(t *testing.T, namespace string, spec v1alpha1.SyncTaskSpec, request inspection.Request) (inspectOptions, cluster.Options) {
	t.Helper()
	request.ID = "0123456789" + strings.ToLower(string(request.Kind()))
	task := &v1alpha1.SyncTask{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "hr", UID: "task-uid"}, Spec: spec}
	i, err := inspection.New(request, definition.New(task, &v1alpha1.SyncRun{}, 0), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	stored := cluster.OptionsOf(api.Client, task, i.Name, i.UID, request.Kind())
	if err := cluster.NewInspections(stored).Create(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	return inspectOptions{namespace: namespace, task: "hr", taskUID: "task-uid", name: i.Name, uid: i.UID, kind: string(request.Kind()), budget: artifact.DefaultBudget().Run}, stored
}

func TestAnInspectionNeedsNoMoreThanTheRightsOfARunner(t *testing.T) {
	directory := slapdtest.Start(t, slapdtest.Options{})
	source, target := directory.Tree(t), directory.Tree(t)
	directory.Apply(t, "dn: uid=an,"+source.People+"\nobjectClass: inetOrgPerson\nuid: an\ncn: an\nsn: an\n\n")
	namespace := api.Namespace(t)
	limited := &counting{Client: asRunner(t, namespace)}
	spec := taskOn(directory, source, target)

	options, checked := asked(t, namespace, spec, inspection.Request{Check: true})
	if err := options.run(t.Context(), limited, mountSecret(t)); err != nil {
		t.Fatal(err)
	}
	found, _, err := cluster.NewInspections(checked).Load(t.Context())
	if err != nil || found.Check == nil || found.Check.Source.Reason != string(v1alpha1.ReasonConnected) || found.Check.Target.Reason != string(v1alpha1.ReasonConnected) {
		t.Fatalf("the check says %+v, %v", found, err)
	}
	if len(limited.writes) != 1 {
		t.Errorf("a check writes %v, want its answer alone", limited.writes)
	}

	options, stored := asked(t, namespace, spec, inspection.Request{Explain: &inspection.Subject{Subject: inspection.SubjectUser, Entry: "an"}})
	if err := options.run(t.Context(), limited, mountSecret(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := artifact.ReadAll(t.Context(), cluster.New(stored), artifact.Scope{Run: options.uid}, inspection.AnswerStream); err != nil {
		t.Error(err)
	}
	if err := cluster.NewInspections(stored).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := artifact.ReadAll(t.Context(), cluster.New(stored), artifact.Scope{Run: options.uid}, inspection.AnswerStream); !errors.Is(err, artifact.ErrNotFound) {
		t.Errorf("the answer of a deleted inspection is still there: %v", err)
	}
	if _, _, err := cluster.NewInspections(checked).Load(t.Context()); err != nil {
		t.Errorf("another inspection of the task is gone: %v", err)
	}
	if usage, err := cluster.New(stored).Usage(t.Context()); err != nil || usage.Task != 0 {
		t.Errorf("inspections take %+v of the room of runs, %v", usage, err)
	}
}

func TestAMissingSecretIsTheAnswerOfACheck(t *testing.T) {
	directory := slapdtest.Start(t, slapdtest.Options{})
	namespace := api.Namespace(t)
	options, stored := asked(t, namespace, taskOn(directory, directory.Tree(t), directory.Tree(t)), inspection.Request{Check: true})
	empty := runner.Connectors{Secrets: t.TempDir(), ConfigMaps: t.TempDir()}
	if err := os.Mkdir(filepath.Join(empty.Secrets, "ldap"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := options.run(t.Context(), asRunner(t, namespace), empty); err != nil {
		t.Fatal(err)
	}
	found, _, err := cluster.NewInspections(stored).Load(t.Context())
	if err != nil || found.Check == nil || found.Check.Target.Reason != string(v1alpha1.ReasonSecretMissing) {
		t.Fatalf("the check says %+v, %v", found, err)
	}
}
