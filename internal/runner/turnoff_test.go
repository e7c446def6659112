package runner_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// switching makes a company whose source says in employeeType whose account is off, and which is in step.
func switching(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.readByReader()
	w.task.Spec.Mappings.Users = append(w.task.Spec.Mappings.Users, v1alpha1.Mapping{To: "employeeType", From: "employeeType"})
	w.company()
	w.synced()
	return w
}

// off lets the source say that accounts are off.
func (w *world) off(uids ...string) {
	w.t.Helper()
	for _, uid := range uids {
		w.modify(w.sourceDN(uid), "replace: employeeType\nemployeeType: DISABLED")
	}
}

// on lets the source say that they are on.
func (w *world) on(uids ...string) {
	w.t.Helper()
	for _, uid := range uids {
		w.modify(w.sourceDN(uid), "delete: employeeType")
	}
}

// accountOf is what the target says about an account.
func (w *world) accountOf(uid string) string {
	w.t.Helper()
	person, there := w.targetPerson(uid)
	if !there {
		w.t.Fatalf("%s is not in the target", uid)
	}
	return person.attributes["employeeType"]
}

// turnings are the records of a run that turn accounts off: "status reason".
func (w *world) turnings() string {
	w.t.Helper()
	var all []string
	for _, r := range w.records(w.lastUID()) {
		for _, change := range r.Changes {
			if r.Operation == "UpdateUser" && change.Field == "(active)" && cmp.Equal(change.After, []string{"false"}) {
				all = append(all, strings.TrimSpace(string(r.Status)+" "+r.Reason))
			}
		}
	}
	return strings.Join(all, ", ")
}

func TestAnUpdateThatTurnsAnAccountOff(t *testing.T) {
	t.Parallel()
	w := switching(t)
	w.off("fang")
	w.modify(w.researcher("fang"), "replace: mail\nmail: fang@example.org")

	w.synced()

	w.expectEqual("what turns accounts off", w.turnings(), "Succeeded")
	w.expectEqual("operations: the mail is an update of its own", w.operations(w.lastUID()), map[string]int{"UpdateUser Succeeded": 2, "NoUpdate Succeeded": 14})
	w.expectEqual("the account", w.accountOf("fang"), "disabled")
	w.synced()
	w.expectEqual("a further run", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 15})

	w.on("fang")
	w.synced()
	w.expectEqual("the account when the source says on", w.accountOf("fang"), "")
	w.synced()
	w.expectEqual("a further run", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 15})
}

func TestTurningAccountsOffIsHeldLikeEveryRemoval(t *testing.T) {
	t.Parallel()
	w := switching(t)
	w.task.Spec.Guard.Removals = v1alpha1.RemovalLimits{Floor: ptr.To[int32](1), Percent: ptr.To[int32](0), Count: ptr.To[int32](0)}
	w.off("fang", "gerd")
	w.modify(w.researcher("fang"), "replace: mail\nmail: fang@example.org")

	last := w.synced()

	w.expectEqual("what turns accounts off", w.turnings(), "Held TooManyRemovals, Held TooManyRemovals")
	w.expectEqual("the other fields of the same person", w.operations(w.lastUID())["UpdateUser Succeeded"], 1)
	w.expectEqual("pending", last.State.Pending, 2)
	w.expectEqual("the account", w.accountOf("fang"), "")

	last = w.synced()
	w.expectEqual("the run after it", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 15})
	w.expectEqual("pending then", last.State.Pending, 2)
	if message := w.recordOf("The fang").Message; !strings.Contains(message, "held since the run hr-run-2") {
		t.Errorf("the record does not say that it is held: %q", message)
	}

	w.on("fang")
	last = w.synced()
	w.expectEqual("pending when the source says on", last.State.Pending, 1)
	w.off("fang")
	w.synced()
	w.expectEqual("one at a time", w.turnings(), "Succeeded")
	w.leave(w.researcher("hua"))
	w.synced()
	w.expectEqual("another removal within the window", w.removalsOf(w.lastUID()), "Held")

	last = w.release()
	w.expectEqual("pending after all was released", last.State.Pending, 0)
	w.expectEqual("the accounts", w.accountOf("fang")+" "+w.accountOf("gerd"), "disabled disabled")
}

func TestARowThatTurnsAccountsOffIsAnEdit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.off("fang")
	w.synced()
	w.task.Spec.Mappings.Users = append(w.task.Spec.Mappings.Users, v1alpha1.Mapping{To: "employeeType", From: "employeeType"})
	w.synced()
	w.expectEqual("what turns accounts off", w.turnings(), "Held DefinitionChanged")
}

func TestWhatHappensBeforeAnAccountIsTurnedOff(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		happens func(*world)
		want    string
	}{
		{"nothing", func(*world) {}, "Succeeded"},
		{"the source says on again", func(w *world) { w.on("fang") }, "Skipped StillInSource"},
		{"the account loses the right to see people", func(w *world) { w.hide("hidden", everyone...) }, "Skipped LookupFailed"},
		{"the user leaves", func(w *world) { w.leave(w.researcher("fang")) }, "Skipped StillInSource"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := switching(t)
			w.off("fang")
			w.syncBetween(func() { test.happens(w) })
			w.expectEqual("what turns accounts off", w.turnings(), test.want)
			w.expectEqual("the account is on", w.accountOf("fang") == "", test.want != "Succeeded")
		})
	}
}

func TestWhoComesBackHasTheAccountThatTheSourceSays(t *testing.T) {
	t.Parallel()
	for _, enabled := range []string{"", "active"} {
		t.Run("enabled is "+enabled, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.task.Spec.Target.LDAP.Users.Disable.Enabled = enabled
			w.task.Spec.Mappings.Users = append(w.task.Spec.Mappings.Users, v1alpha1.Mapping{To: "employeeType", From: "employeeType"})
			w.task.Spec.Scope.Users.Filter = "user.title != 'away'"
			w.company()
			w.off("gerd")
			w.synced()
			w.synced()
			w.expectEqual("the run after the first", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 15})
			w.expectEqual("new accounts", w.accountOf("fang")+" "+w.accountOf("gerd"), enabled+" disabled")
			w.modify(w.researcher("fang"), "add: title\ntitle: away")
			w.modify(w.researcher("gerd"), "add: title\ntitle: away")
			w.synced()
			w.expectEqual("accounts of leavers", w.accountOf("fang")+" "+w.accountOf("gerd"), "disabled disabled")
			w.modify(w.researcher("fang"), "delete: title")
			w.modify(w.researcher("gerd"), "delete: title")
			w.synced()
			w.expectEqual("accounts of those who are back", w.accountOf("fang")+" "+w.accountOf("gerd"), enabled+" disabled")
			w.synced()
			w.expectEqual("a further run", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 15})
		})
	}
}

func TestAnAccountThatIsTakenOverAndTurnedOffIsARemoval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Mappings.Users = append(w.task.Spec.Mappings.Users, v1alpha1.Mapping{To: "employeeType", From: "employeeType"})
	w.task.Spec.Matching.Users = []v1alpha1.MatchRule{{Target: "uid", Source: "uid"}}
	w.task.Spec.Guard.Removals = v1alpha1.RemovalLimits{Floor: ptr.To[int32](0), Percent: ptr.To[int32](0), Count: ptr.To[int32](0)}
	w.company()
	w.off("fang")
	server.Apply(t, personLDIF("fang", w.target.Org))
	last := w.synced() // even in a first run
	w.expectEqual("what turns accounts off", w.turnings(), "Held TooManyRemovals")
	w.expectEqual("pending", last.State.Pending, 1)
	last = w.release()
	w.expectEqual("pending after it was released", last.State.Pending, 0)
	w.expectEqual("the account", w.accountOf("fang"), "disabled")
}

func TestARunThatIsKilledBeforeItTurnsAccountsOffAsksAgain(t *testing.T) {
	t.Parallel()
	w := switching(t)
	w.off("fang", "gerd")
	r := w.begin()
	r.mortal(die(1, func(step string) bool { return step == "manifest plan" }))
	if err := r.attempt(1, false); !errors.Is(err, errDead) {
		t.Fatalf("the attempt was to be killed, it ended with %v", err)
	}
	w.on("gerd")
	r.reborn()
	if err := r.attempt(2, false); err != nil {
		t.Fatal(err)
	}
	w.expectEqual("what turns accounts off", w.turnings(), "Succeeded, Skipped StillInSource")
	w.expectEqual("the accounts", w.accountOf("fang")+" "+w.accountOf("gerd"), "disabled ")
}
