//go:build e2e

package e2e

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// TestTaskMadeAgain deletes a task while its run writes: the run ends at a safe point, its history stays, and the task goes. Made again
// under the same name it goes on with the same people and the next sequence: nobody is made twice, and nobody is adopted.
func TestTaskMadeAgain(t *testing.T) {
	t.Parallel()
	const size = 30
	w := newWorld(t)
	w.directory("source", directoryOptions{ldif: crowd(size)})
	target := w.directory("target", directoryOptions{ldif: bases("company")})
	w.task("company.yaml", "company", slowly(2))
	w.start("first", "company")
	w.awaitPeople("first", target, "company", 3)

	w.kubectl("delete", "synctask", "company", "--timeout=2m")
	first := w.await("first")
	w.expectEnd(first, v1alpha1.PhaseCancelled, v1alpha1.ReasonTaskDeleted)
	done := target.people(target.connect(), "ou=company,"+suffix)
	if made := tally(w.records(first))["CreateUser Succeeded"]; made != len(done) || made == size {
		t.Errorf("the records say that %d people were made, and %d of %d are there", made, len(done), size)
	}

	w.task("company.yaml", "company")
	w.expectTally("the run of the next task", w.succeeds("second", "company"),
		map[string]int{"NoUpdate Succeeded": teams + len(done), "CreateUser Succeeded": size - len(done)})
	w.everyoneIsThere(target, size)
	var second v1alpha1.SyncRun
	if w.get("second", &second); second.Status.Sequence != 2 {
		t.Errorf("the run of the next task has the sequence %d, want 2", second.Status.Sequence)
	}
}

// TestRunAppliedAgain deletes a run and applies it again, as a GitOps tool does whose run was deleted: it is executed again. What the first
// one stored goes with it, and the second waits for its Job to go.
func TestRunAppliedAgain(t *testing.T) {
	t.Parallel()
	const size = 5
	w := newWorld(t)
	w.directory("source", directoryOptions{ldif: crowd(size)})
	w.directory("target", directoryOptions{ldif: bases("company")})
	w.task("company.yaml", "company")
	w.expectTally("first", w.succeeds("hr", "company"), map[string]int{"CreateDepartment Succeeded": teams, "CreateUser Succeeded": size})
	var first v1alpha1.SyncRun
	w.get("hr", &first)

	w.kubectl("delete", "syncrun", "hr")
	w.expectTally("second", w.succeeds("hr", "company"), map[string]int{"NoUpdate Succeeded": teams + size})
	var second v1alpha1.SyncRun
	if w.get("hr", &second); second.UID == first.UID || second.Status.Sequence != 2 {
		t.Errorf("the second run has the uid %s and the sequence %d, want another uid and 2", second.UID, second.Status.Sequence)
	}
	w.eventually("the end of what the first run stored", func(ctx context.Context) (bool, error) {
		var artifacts v1alpha1.SyncArtifactList
		if err := cluster.client.List(ctx, &artifacts, client.InNamespace(w.namespace)); err != nil {
			return false, err
		}
		for _, artifact := range artifacts.Items {
			if owner := metav1.GetControllerOf(&artifact); owner != nil && owner.UID == first.UID {
				return false, nil
			}
		}
		return true, nil
	})
}
