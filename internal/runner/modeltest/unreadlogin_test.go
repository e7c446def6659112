package modeltest

import (
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/directory"
)

// TestALoginThatTheTargetDoesNotShowIsFreeOnceItsOwnerLeft: nobody can know whose login the leaver has, so the leaver goes before anybody gets one.
func TestALoginThatTheTargetDoesNotShowIsFreeOnceItsOwnerLeft(t *testing.T) {
	t.Parallel()
	for method, id := range map[string]string{"CreateUser": "3", "ChangeUserIdentifier": "2"} {
		t.Run(method, func(t *testing.T) {
			w := scenario(t, func(*memory.Config) {})
			w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
			w.has(w.source, directory.User, "1", map[string]string{"uid": "li"})
			w.has(w.source, directory.User, "2", map[string]string{"uid": "wang"})
			w.sync()
			if err := w.target.Edit(memory.Key{Kind: directory.User, ID: "1"}, func(u *memory.Entry) { u.Hidden = []string{"login"} }); err != nil {
				t.Fatal(err)
			}
			_ = w.source.Delete(memory.Key{Kind: directory.User, ID: "1"})
			w.has(w.source, directory.User, id, map[string]string{"uid": "li"})

			r := w.sync()

			r.check()
			if !r.succeeded() {
				t.Fatalf("the leaver gives the login up, and the records say:\n%s", r.describe())
			}
			if got := w.target.Snapshot()[memory.Key{Kind: directory.User, ID: id}].First("login"); got != "li" {
				t.Errorf("the login is %q", got)
			}
			if w.sync().writes != 0 {
				t.Error("the run after it still writes")
			}
		})
	}
}
