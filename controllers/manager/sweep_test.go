package manager_test

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/manager"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/artifacttest"
	"synccenter.dev/synccenter/internal/artifact/cluster"
)

// TestManagerLooksThroughTheStore starts a manager, with the rights of
// config/default, that was away for days while runs were stored: it removes what
// they left over, and makes room.
func TestManagerLooksThroughTheStore(t *testing.T) {
	installRights(t, build(t, "../../config/default"))
	namespace := server.Namespace(t)
	create(t, namespace, newTask("hr", ""))
	for number := range 6 {
		run := storedRun(t, namespace, int64(number+1))
		if number == 0 {
			store(t, run, "plan", 1000)
		}
	}
	process := startManager(t, manager.Options{
		Image: "synccenter:test", MetricsAddress: "0", ProbeAddress: freeAddress(t), SweepAfter: time.Second,
		Budget: artifact.Budget{Run: 500_000, Task: 2_000_000, All: 10_000_000},
	})
	for number := range 6 {
		want := number >= 3 // room for one more
		waitForRun(t, namespace, fmt.Sprintf("hr-%d", number+1), func(run *v1alpha1.SyncRun) bool {
			return meta.IsStatusConditionFalse(run.Status.Conditions, v1alpha1.ConditionDetailsKept) != want
		})
	}
	waitForEvent(t, namespace, "SyncTask", "hr", "LeftoversRemoved")
	waitForEvent(t, namespace, "SyncTask", "hr", string(v1alpha1.ReasonBudgetReached))
	err := cluster.Visit(t.Context(), server.Client, namespace, func(item cluster.Item) {
		if item.Stream() == "plan" {
			t.Errorf("the plan of a run that has ended is left: %s", item.Name)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if said := process.said(); strings.Contains(said, "forbidden") {
		t.Errorf("the manager lacks a right:\n%s", said)
	}
}

// storedRun is a run that ended days ago, and its records.
func storedRun(t *testing.T, namespace string, sequence int64) *v1alpha1.SyncRun {
	t.Helper()
	run := newRun("hr", fmt.Sprintf("hr-%d", sequence))
	create(t, namespace, run)
	bytes := store(t, run, "records", 400_000)
	end := metav1.NewTime(time.Now().Add(time.Duration(sequence-100) * time.Hour).Truncate(time.Second))
	complete := metav1.Condition{
		Type: v1alpha1.ConditionComplete, Status: metav1.ConditionTrue, Reason: string(v1alpha1.ReasonSucceeded), Message: "Everything is in step.",
		ObservedGeneration: 1, LastTransitionTime: end,
	}
	succeeded := complete
	succeeded.Type = v1alpha1.ConditionSucceeded
	run.Status = v1alpha1.SyncRunStatus{
		Sequence: sequence, Mode: v1alpha1.TriggerManual, Phase: v1alpha1.PhaseSucceeded, StartTime: &end, CompletionTime: &end, Message: complete.Message,
		Task: &v1alpha1.ExecutedTask{Generation: 1, DefinitionDigest: "sha256:definition"}, ObservedGeneration: 1,
		Records: &v1alpha1.RecordsStatus{Count: 1, Bytes: bytes, Digest: "sha256:records"}, Conditions: []metav1.Condition{complete, succeeded},
	}
	if err := server.Client.Status().Update(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	return run
}

// store writes a stream of a run that nothing compresses.
func store(t *testing.T, run *v1alpha1.SyncRun, stream string, bytes int) int64 {
	t.Helper()
	data := make([]byte, bytes)
	rand.New(rand.NewSource(int64(bytes))).Read(data)
	to := cluster.New(cluster.Options{
		Client: server.Client, Namespace: run.Namespace, Task: "hr", Writer: v1alpha1.ArtifactWriter{Run: run.Name, UID: run.UID, Attempt: 1},
	})
	content, err := artifacttest.WriteAll(t.Context(), to, artifact.Scope{Run: string(run.UID)}, stream, data)
	if err != nil {
		t.Fatal(err)
	}
	return content.StoredBytes
}
