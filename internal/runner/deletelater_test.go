package runner_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// later makes a company that deletes leavers after a day, in which fang is disabled since a day and an hour. Who has the title "left" is gone.
func later(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.task.Spec.Scope.Users.Filter = "user.title != 'left'"
	w.task.Spec.Deletion.Users.DeleteAfter = &metav1.Duration{Duration: 24 * time.Hour}
	w.company()
	w.synced()
	w.modify(w.researcher("fang"), "add: title\ntitle: left")
	w.expectEqual("the removal", w.removals(), "Succeeded")
	w.expectEqual("the account", w.accountOf("fang"), "disabled")
	w.now = func() time.Time { return time.Now().Add(25 * time.Hour) }
	return w
}

func TestWhoComesBackInTimeIsTurnedOnAndNotDeleted(t *testing.T) {
	t.Parallel()
	w := later(t)
	w.modify(w.researcher("fang"), "delete: title")
	entries := len(w.snapshot(w.target))
	w.synced()
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"UpdateUser Succeeded": 1, "NoUpdate Succeeded": 14})
	w.expectEqual("the account", w.accountOf("fang"), "")
	w.expectEqual("entries: nobody is doubled", len(w.snapshot(w.target)), entries)

	w.now = func() time.Time { return time.Now().Add(50 * time.Hour) }
	w.synced()
	w.expectEqual("the time of before counts no more", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 15})
}

func TestWhoComesBackAfterTheDeletionGetsANewAccount(t *testing.T) {
	t.Parallel()
	w := later(t)
	w.expectEqual("the deletion", w.removals(), "Succeeded")
	if _, there := w.targetPerson("fang"); there {
		t.Error("the account is still there")
	}
	w.modify(w.researcher("fang"), "delete: title")
	w.synced()
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"CreateUser Succeeded": 1, "NoUpdate Succeeded": 14})
}

func TestAnAccountThatIsOnAgainIsNotDeleted(t *testing.T) {
	t.Parallel()
	turnOn := func(w *world) { w.modify("uid=fang,"+w.targetDN("Research", "Head"), "delete: employeeType") }
	t.Run("turned on before the read", func(t *testing.T) {
		t.Parallel()
		w := later(t)
		turnOn(w)
		w.expectEqual("the deletion", w.removals(), "Skipped")
		w.expectEqual("its reason", w.removal().Reason, "Kept")
		w.synced()
		w.expectEqual("a further run", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 14})
	})
	t.Run("turned on before the write", func(t *testing.T) {
		t.Parallel()
		w := later(t)
		w.syncWith(&betweenEnds{Connector: w.mounts, inTarget: true, happens: func() { turnOn(w) }})
		w.expectEqual("the deletion", string(w.removal().Status)+" "+w.removal().Reason, "Skipped TurnedOn")
		if _, there := w.targetPerson("fang"); !there {
			t.Error("the account was deleted")
		}
	})
}

func TestAnOverrideDeletesAHeldLeaverWhoWasDisabled(t *testing.T) {
	t.Parallel()
	w := later(t)
	w.task.Spec.Guard.Removals = v1alpha1.RemovalLimits{Floor: ptr.To[int32](0), Percent: ptr.To[int32](0), Count: ptr.To[int32](0)}
	w.expectEqual("the deletion", w.removals(), "Held")
	w.release()
	if _, there := w.targetPerson("fang"); there {
		t.Errorf("the account is still there: %s", w.describe(w.lastUID()))
	}
}
