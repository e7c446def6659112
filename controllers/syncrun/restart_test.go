package syncrun_test

import (
	"errors"
	"fmt"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/test/apiserver"
)

// TestKilledAtEachWrite kills the manager at each of its writes, before and
// after it takes effect, starts another one, and looks at what came of the run.
func TestKilledAtEachWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(newTask("hr"))
	w.settleTask("hr")
	writes := w.executeKilled("hr-0", &apiserver.Killer{})
	if writes < 8 {
		t.Fatalf("a run takes %d writes; this test no longer sees them", writes)
	}
	number := int64(1)
	for at := 1; at <= writes; at++ {
		for _, afterward := range []bool{false, true} {
			number++
			name := fmt.Sprintf("hr-%d", number)
			t.Run(fmt.Sprintf("write %d afterward %t", at, afterward), func(t *testing.T) {
				w := &world{T: t, client: w.client, namespace: w.namespace, clock: w.clock, metrics: w.metrics, events: w.events}
				w.executeKilled(name, &apiserver.Killer{At: at, Afterward: afterward})
				w.checkStarted(name, number)
			})
		}
	}
}

// executeKilled takes a run from its creation to what follows its end, with a
// manager that is killed on the way and then with one that is not. It says how
// many writes the first one made.
func (w *world) executeKilled(name string, k *apiserver.Killer) int {
	w.Helper()
	w.create(newRun("hr", name))
	dying := server.Killed(w.T, k)
	w.reconcileKilled(name, dying)
	w.settleRun(name)
	w.tell(w.run(name), 1, success(w.clock.Now()))
	w.reconcileKilled(name, dying)
	writes := k.Seen
	w.expect(w.settleRun(name), v1alpha1.PhaseSucceeded, v1alpha1.ReasonSucceeded)
	return writes
}

// reconcileKilled reconciles until the manager is killed or waits.
func (w *world) reconcileKilled(name string, dying client.Client) {
	w.Helper()
	for range 20 {
		result, err := w.runs(dying).Reconcile(w.Context(), ctrl.Request{NamespacedName: w.key(name)})
		if errors.Is(err, apiserver.ErrKilled) || (err == nil && (result.RequeueAfter == 0 || result.RequeueAfter > atOnce)) {
			return
		}
		if err != nil {
			w.Fatal(err)
		}
	}
}

// checkStarted checks that the run was started once: one sequence, one Job, one definition.
func (w *world) checkStarted(name string, number int64) {
	w.Helper()
	run := w.run(name)
	if run.Status.Sequence != number {
		w.Errorf("the sequence is %d, want %d", run.Status.Sequence, number)
	}
	if last := w.task("hr").Status; last.LastSequence != number || last.LastRun.UID != run.UID {
		w.Errorf("the task remembers sequence %d of run %s, want %d of %s", last.LastSequence, last.LastRun.Name, number, name)
	}
	var jobs batchv1.JobList
	if err := w.client.List(w.Context(), &jobs, client.InNamespace(w.namespace), client.MatchingLabels{v1alpha1.LabelRun: name}); err != nil {
		w.Fatal(err)
	}
	if len(jobs.Items) != 1 || jobs.Items[0].Name != name+"-1" {
		w.Fatalf("there are %d Jobs, want one", len(jobs.Items))
	}
	if jobs.Items[0].Spec.TTLSecondsAfterFinished == nil {
		w.Error("the Job of a run that has ended stays for ever")
	}
	w.checkReportAway(run)
	if run.Status.Task == nil || run.Status.Task.DefinitionDigest == "" {
		w.Error("the run does not say what it executed")
	}
}

// checkReportAway checks that the report of a run that has ended is there, and
// no longer where the manager's cache looks.
func (w *world) checkReportAway(run *v1alpha1.SyncRun) {
	w.Helper()
	name, err := cluster.ReportName(run.UID)
	if err != nil {
		w.Fatal(err)
	}
	var object v1alpha1.SyncArtifact
	if err := w.client.Get(w.Context(), w.key(name), &object); err != nil {
		w.Fatal(err)
	}
	if got := object.Labels[v1alpha1.LabelArtifact]; got != cluster.LabelValueReadReport {
		w.Errorf("the report of a run that has ended is labelled %q, so the cache keeps it", got)
	}
}
