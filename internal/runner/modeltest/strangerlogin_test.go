package modeltest

import (
	"context"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/directory"
)

// TestAStrangerWhoseLoginTheTargetDoesNotShowIsNotTakenOver: without marks the plan cannot know that the login was taken before, so what stands there
// later proves nothing.
func TestAStrangerWhoseLoginTheTargetDoesNotShowIsNotTakenOver(t *testing.T) {
	t.Parallel()
	w := scenario(t, unmarked)
	w.task.Spec.Matching.Users = []v1alpha1.MatchRule{{Target: "number", Source: "num"}}
	w.has(w.source, directory.User, "1", map[string]string{"uid": "li"})
	w.has(w.target, directory.User, "1", map[string]string{"login": "li", "greeting": "welcome"})
	stranger := memory.Key{Kind: directory.User, ID: "1"}
	if err := w.target.Edit(stranger, func(u *memory.Entry) { u.Hidden = []string{"login"} }); err != nil {
		t.Fatal(err)
	}
	r := w.begin(nil)
	r.killedBeforeTheFirst()

	if err := r.attempt(context.Background(), false); err != nil {
		t.Fatal(err)
	}

	r.end().check()
	if got := r.record("CreateUser"); got.Reason != "InDoubt" || r.linksAfter.Links.Has(directory.User, "1") {
		t.Errorf("the record says %s", describe(&got))
	}
}
