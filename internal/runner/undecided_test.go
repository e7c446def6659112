package runner_test

import (
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
)

// TestARunSaysWhoWaitsForWhichDecision counts by decision, and the two sides of one decision once.
func TestARunSaysWhoWaitsForWhichDecision(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Matching.Adopt, w.task.Spec.Matching.Relink = v1alpha1.MatchHold, v1alpha1.MatchHold
	w.company()
	if says := w.synced().Outcome.Message; strings.Contains(says, "decision") {
		t.Errorf("the message speaks of a decision when nobody waits: %s", says)
	}

	w.unit("Support")
	for _, uid := range []string{"kim", "lea"} {
		w.person(uid, "Head")
		w.stranger(uid, "")
	}
	server.Apply(t, slapdtest.Unit(w.targetDN("Support")))
	expectMessage(t, w.synced(),
		"2 people and 1 department wait for a decision, since the target has an entry that matches and that no run made (matching.adopt: Hold): set matching.adopt to Allow",
		"scope.users.exclude", "See each of them: kubectl synccenter details hr-run-2 --status held.")

	w.replace("an", "East", "Sales", "Head")
	last := w.synced()
	expectMessage(t, last,
		"2 people and 1 department wait for a decision, since the target has",
		"1 person waits for a decision, since the target entry that matches belongs to a source entry that is gone (matching.relink: Hold): set matching.relink to Allow",
		"See each of them: kubectl synccenter details hr-run-3 --status held.")
	w.expectEqual("how often it says where to look", strings.Count(last.Outcome.Message, "--status held"), 1)

	w.task.Spec.Matching.Adopt, w.task.Spec.Matching.Relink = v1alpha1.MatchAllow, v1alpha1.MatchAllow
	if says := w.synced().Outcome.Message; strings.Contains(says, "decision") {
		t.Errorf("the message speaks of a decision when all are made: %s", says)
	}
}
