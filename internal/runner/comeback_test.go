package runner_test

import (
	"testing"

	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// nothingMayGo makes the guard hold every removal.
func nothingMayGo(w *world) {
	w.task.Spec.Guard.Removals = v1alpha1.RemovalLimits{Floor: ptr.To[int32](0), Percent: ptr.To[int32](0), Count: ptr.To[int32](0)}
}

func deletion(action v1alpha1.UserDeletionAction) func(*world) {
	return func(w *world) { w.task.Spec.Deletion.Users.Action = action }
}

// TestSomeoneWhoComesBack lets somebody leave the scope and come back, under the same ID.
func TestSomeoneWhoComesBack(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		set        func(*world)
		away, back string
		same       bool
	}{
		{"after being disabled", deletion(v1alpha1.DeletionDisable), "DeleteUser Succeeded", "UpdateUser Succeeded", true},
		{"after being kept", deletion(v1alpha1.DeletionKeep), "DeleteUser Skipped", "NoUpdate Succeeded", true},
		{"after being deleted", deletion(v1alpha1.DeletionDelete), "DeleteUser Succeeded", "CreateUser Succeeded", false},
		{"while the removal is held", nothingMayGo, "DeleteUser Held", "NoUpdate Succeeded", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test.set(w)
			w.task.Spec.Scope.Users.Filter = "user.title != 'away'"
			w.company()
			w.synced()
			id := w.targetIDOf("fang")
			for range 2 { // the second time is as the first
				w.modify(w.researcher("fang"), "replace: title\ntitle: away")
				w.synced()
				w.expectEqual("the run in which somebody left: "+test.away, w.operations(w.lastUID())[test.away], 1)

				w.modify(w.researcher("fang"), "delete: title")
				last := w.synced()
				want := map[string]int{"NoUpdate Succeeded": 14}
				want[test.back]++
				w.expectEqual("the run in which they are back", w.operations(w.lastUID()), want)
				w.expectEqual("pending", last.State.Pending, int64(0))
				w.expectEven()
				w.expectEqual("the same account", w.targetIDOf("fang") == id, test.same)
				id = w.targetIDOf("fang")
				w.expectSteady()
			}
		})
	}
}

func TestSomeoneWhoComesBackUnderANewIDIsRestoredAndNotDoubled(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		set  func(*world)
	}{
		{"after being disabled", deletion(v1alpha1.DeletionDisable)},
		{"after being kept", deletion(v1alpha1.DeletionKeep)},
		{"while the removal is held", nothingMayGo},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test.set(w)
			w.task.Spec.Matching.Relink = v1alpha1.MatchAllow
			w.company()
			w.synced()
			id := w.targetIDOf("fang")
			w.leave(w.researcher("fang"))
			w.synced()
			w.person("fang", "Research", "Head")
			last := w.synced()
			w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"ChangeUserIdentifier Succeeded": 1, "NoUpdate Succeeded": 14})
			w.expectEqual("the account", w.targetIDOf("fang"), id)
			w.expectEqual("pending", last.State.Pending, int64(0))
			w.expectEven()
			w.expectSteady()
		})
	}
}

// TestALoginThatALeaverStillHas lets a joiner have the login of somebody who left and whose account is still there, and who matches by nothing else.
func TestALoginThatALeaverStillHas(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		set  func(*world)
		// same is said in the run in which one leaves and the other joins, later in the runs after it.
		same, later         string
		sameSays, laterSays string
	}{
		{"a deletion that is held", func(w *world) { nothingMayGo(w); deletion(v1alpha1.DeletionDelete)(w) }, "CreateUser Held", "CreateUser Held", "decide about that removal first", "decide about that removal"},
		{"an account that is turned off", deletion(v1alpha1.DeletionDisable), "CreateUser Failed", "CreateUser Failed", "delete the account there", "delete the account there"},
		{"an account that is kept", deletion(v1alpha1.DeletionKeep), "CreateUser Failed", "CreateUser Failed", "delete the account there", "delete the account there"},
		{"an account that is deleted", deletion(v1alpha1.DeletionDelete), "CreateUser Succeeded", "NoUpdate Succeeded", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test.set(w)
			w.task.Spec.Matching.Users = rules("telephoneNumber")
			w.company()
			w.synced()
			w.leave(w.researcher("fang"))
			server.Apply(t, mailed("fang", w.dn("Research", "Head"), "another@example.com"))
			w.sync()
			if w.operations(w.lastUID())[test.same] != 1 {
				t.Errorf("want one %s:\n%s", test.same, w.describe(w.lastUID()))
			}
			w.expectSays(test.sameSays)
			w.sync()
			if w.operations(w.lastUID())[test.later] == 0 {
				t.Errorf("want %s in the run after it:\n%s", test.later, w.describe(w.lastUID()))
			}
			w.expectSays(test.laterSays)
			people := 0
			for _, e := range w.snapshot(w.target) {
				if e.attributes["uid"] == "fang" {
					people++
				}
			}
			w.expectEqual("accounts with the login", people, 1)
		})
	}
}
