//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// TestChecks looks at the directories of a task before and after its first run, by real pods.
func TestChecks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.directory("source", directoryOptions{ldif: w.read("company.ldif")})
	w.directory("target", directoryOptions{ldif: w.read("target.ldif")})
	w.task("company.yaml", "company", func(task *v1alpha1.SyncTask) { task.Spec.Target.LDAP.CredentialsSecretRef.Name = "late" })

	// Nobody asked for this check: a Secret that is missing shows in the condition, with what to do.
	w.expectCondition("company", v1alpha1.ConditionTargetReady, v1alpha1.ReasonSecretMissing, `"late"`, "create it")
	if _, complaint := w.tryKubectl("", "synccenter", "check", "company"); !strings.Contains(complaint, "exit status 1") {
		t.Errorf("a check that fails ends with %q", complaint)
	}
	w.loginAs("late", "admin", adminPassword)
	found := w.kubectl("synccenter", "check", "company")
	if strings.Contains(found, "✗") || strings.Count(found, "✓ login") != 2 || !strings.Contains(found, "✓ users.mark") {
		t.Errorf("the check says\n%s", found)
	}
	for _, condition := range []string{v1alpha1.ConditionSourceReady, v1alpha1.ConditionTargetReady} {
		until(w, condition, "company", &v1alpha1.SyncTask{}, func(task *v1alpha1.SyncTask) bool {
			return meta.IsStatusConditionTrue(task.Status.Conditions, condition) && task.Status.LastCheck != nil && task.Annotations[v1alpha1.AnnotationInspect] == ""
		})
	}

	w.expectExplained("li.lei", "no link", "CreateUser Planned")
	w.succeeds("company-first", "company")
	w.expectExplained("li.lei", "linked, and kept in step", "NoUpdate Succeeded")
	links := table(w.kubectl("synccenter", "links", "company", "--subject", "user"))
	if len(links) != 9 || links[0][0] != "SUBJECT" {
		t.Errorf("kubectl synccenter links prints %v, want a heading and 8 people", links)
	}
	if unmanaged := w.kubectl("synccenter", "links", "company", "--unmanaged", "-o", "json"); !strings.HasPrefix(unmanaged, "[") {
		t.Errorf("the entries without a link are %s", unmanaged)
	}
	if runs := table(w.kubectl("synccenter", "history", "company")); len(runs) != 2 {
		t.Errorf("the history shows %v, want the one run", runs)
	}
}

// expectExplained asks about a person and expects words in the answer.
func (w *world) expectExplained(entry string, words ...string) {
	w.Helper()
	answer := w.kubectl("synccenter", "explain", "company", "user", entry)
	for _, word := range words {
		if !strings.Contains(answer, word) {
			w.Errorf("the explanation of %s does not say %q:\n%s", entry, word, answer)
		}
	}
}
