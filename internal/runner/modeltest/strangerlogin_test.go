package modeltest

import (
	"context"
	"errors"
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
	l := &life{at: 5, after: true, end: kill} // the plan is stored, and the journal says that it may be begun
	r.store.life, r.reports.life = l, l
	r.target.Trouble(l.fault)
	if err := r.attempt(context.Background(), false); !errors.Is(err, errDead) {
		t.Fatalf("the attempt was to be killed, it ended with %v", err)
	}
	r.store.life, r.reports.life = nil, nil
	r.target.Trouble(nil)

	if err := r.attempt(context.Background(), false); err != nil {
		t.Fatal(err)
	}

	r.end().check()
	if got := r.record("CreateUser"); got.Reason != "InDoubt" || r.linksAfter.Links.Has(directory.User, "1") {
		t.Errorf("the record says %s", describe(&got))
	}
}
