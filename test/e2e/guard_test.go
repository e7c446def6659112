//go:build e2e

package e2e

import (
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// TestManyLeavers takes a third of the people out of the source. First the run stops, and, when that much is allowed, their
// removal waits for a person.
func TestManyLeavers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	source := w.directory("source", directoryOptions{ldif: crowd(40)})
	target := w.directory("target", directoryOptions{ldif: bases("company")})
	w.task("company.yaml", "company")
	w.succeeds("first", "company")

	conn := source.connect()
	for _, uid := range logins(1, 14) {
		if err := conn.Del(goldap.NewDelRequest("uid="+uid+",ou=people,"+suffix, nil)); err != nil {
			t.Fatal(err)
		}
	}
	w.start("stopped", "company")
	stopped := w.await("stopped")
	w.expectEnd(stopped, v1alpha1.PhaseFailed, v1alpha1.ReasonGuardStopped, "guard.shrink", "14 of 40")
	w.everyoneIsThere(target, 40)

	w.kubectl("patch", "synctask", "company", "--type=merge", `--patch={"spec":{"guard":{"shrink":{"percent":90}}}}`)
	w.expectTally("held", w.succeeds("held", "company"), map[string]int{"DeleteUser Held": 14, "NoUpdate Succeeded": 26 + teams})
	w.everyoneIsThere(target, 40)
	task := until(w, "DeletionsPending", "company", &v1alpha1.SyncTask{}, func(task *v1alpha1.SyncTask) bool {
		return meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionDeletionsPending)
	})
	if pending := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionDeletionsPending); !strings.Contains(pending.Message, "14") {
		t.Errorf("DeletionsPending does not say how many: %s", pending.Message)
	}
	if row := table(w.kubectl("get", "synctask", "company"))[1]; row[len(row)-1] != "14" {
		t.Errorf("kubectl get synctasks prints %v, want 14 pending deletions", row)
	}
	// What is held stays held, and is no news in the next run.
	w.expectTally("later", w.succeeds("later", "company"), map[string]int{"NoUpdate Succeeded": 26 + teams})
	w.everyoneIsThere(target, 40)
}

// everyoneIsThere expects a crowd in the target, nobody turned off.
func (w *world) everyoneIsThere(target *directory, size int) {
	w.Helper()
	conn := target.connect()
	if diff := cmp.Diff(logins(1, size), target.people(conn, "ou=company,"+suffix)); diff != "" {
		w.Errorf("people in the target (-want +got):\n%s", diff)
	}
	for dn := range target.search(conn, "ou=company,"+suffix, "(employeeType=disabled)") {
		w.Errorf("%s was turned off", dn)
	}
}

// expectEnd expects how a run ended, and words in its message.
func (w *world) expectEnd(run *v1alpha1.SyncRun, phase v1alpha1.Phase, reason v1alpha1.Reason, words ...string) {
	w.Helper()
	complete := meta.FindStatusCondition(run.Status.Conditions, v1alpha1.ConditionComplete)
	if got := v1alpha1.Reason(complete.Reason); run.Status.Phase != phase || got != reason {
		w.Errorf("run %s ended %s, %s, want %s, %s: %s", run.Name, run.Status.Phase, got, phase, reason, run.Status.Message)
	}
	for _, word := range words {
		if !strings.Contains(run.Status.Message, word) {
			w.Errorf("the message of run %s does not speak of %q: %s", run.Name, word, run.Status.Message)
		}
	}
}
