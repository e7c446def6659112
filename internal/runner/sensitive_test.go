package runner_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/report"
)

// mayLogIn reports that somebody in the target has a password.
func (w *secretWorld) mayLogIn(uid, password string) bool {
	w.t.Helper()
	person, ok := w.targetPerson(uid)
	if !ok {
		return false
	}
	conn := server.Conn(w.t)
	defer conn.Close()
	err := conn.Bind(person.dn, password)
	if err != nil && !goldap.IsErrorWithCode(err, goldap.LDAPResultInvalidCredentials) {
		w.t.Fatal(err)
	}
	return err == nil
}

// licences are the car licences in the target.
func (w *secretWorld) licences() map[string]string {
	licences := map[string]string{}
	for _, e := range w.snapshot(w.target) {
		if e.person {
			licences[e.attributes["uid"]] = e.attributes["carLicense"]
		}
	}
	return licences
}

func (w *secretWorld) expect(what string, result report.Result, operations map[string]int) {
	w.t.Helper()
	got, done := w.run()
	if got != result {
		w.t.Errorf("%s: result %s, want %s\n%s", what, got, result, w.describe(w.lastUID()))
	}
	w.expectEqual(what, done, operations)
}

func TestSensitiveValuesArriveAndAreToldNowhere(t *testing.T) {
	t.Parallel()
	w := secretive(t)
	w.expect("creates", report.Succeeded, map[string]int{"CreateDepartment Succeeded": 1, "CreateUser Succeeded": 4})
	w.expectEqual("licences", w.licences(), map[string]string{"an": "PLATE AN 0815", "bo": "PLATE BO 0815", "chen": "PLATE CHEN 0815", "dora": "PLATE DORA 0815"})
	if !w.mayLogIn("an", "pass+an+4711") {
		t.Error("the first password is not in the target")
	}
	created := changeIn(t, w.recordOf("The an").Changes, "carLicense")
	if diff := cmp.Diff(plan.Change{Field: "carLicense", After: []string{"(hidden)"}, Sensitive: true}, created); diff != "" {
		t.Errorf("the record of a create (-want +got):\n%s", diff)
	}
	w.expect("the second run", report.Succeeded, map[string]int{"NoUpdate Succeeded": 5})

	w.secret("an", "carLicense", "plate neu 1", "plate neu 2")
	w.secret("bo", "postOfficeBox", "another password")
	w.secret("chen", "carLicense")
	w.expect("updates", report.Succeeded, map[string]int{"UpdateUser Succeeded": 2, "NoUpdate Succeeded": 3})
	w.expectEqual("licences after updates", w.licences(), map[string]string{"an": "PLATE NEU 1|PLATE NEU 2", "bo": "PLATE BO 0815", "chen": "", "dora": "PLATE DORA 0815"})
	updated, cleared := changeIn(t, w.recordOf("The an").Changes, "carLicense"), changeIn(t, w.recordOf("The chen").Changes, "carLicense")
	w.expectEqual("the record of an update", fmt.Sprint(updated.Before, updated.After), "[(hidden)] [(hidden)]")
	w.expectEqual("the record of a field that is cleared", fmt.Sprint(cleared.Before, cleared.After), "[(hidden)] []")
	if !w.mayLogIn("bo", "pass+bo+4711") {
		t.Error("a password was written after the create")
	}
	w.expect("the run after updates", report.Succeeded, map[string]int{"NoUpdate Succeeded": 5})
	w.tellsNothing()
}

func changeIn(t *testing.T, changes []plan.Change, field string) plan.Change {
	t.Helper()
	at := slices.IndexFunc(changes, func(change plan.Change) bool { return change.Field == field })
	if at < 0 {
		t.Fatalf("the record does not say that %s changed: %v", field, changes)
	}
	return changes[at]
}

func TestFailuresTellNoSensitiveValue(t *testing.T) {
	t.Parallel()
	w := secretive(t)
	w.run()
	w.secret("an", "carLicense", "seven wonders")
	w.secret("bo", "carLicense", "eight planets")
	// The target quotes what it refuses, in its own way.
	w.ends.refuse = func(patch connector.Patch) error {
		for _, change := range patch.Changes {
			if change.Field == "carLicense" {
				return &connector.Error{Class: connector.Invalid, Err: fmt.Errorf("changing it: the server says: attribute 'carLicense' value %q is bad", change.Values)}
			}
		}
		return nil
	}
	w.expect("refused by the target", report.PartiallyFailed, map[string]int{"UpdateUser Failed": 2, "NoUpdate Succeeded": 3})
	if record := w.recordOf("The an"); record.Reason != "Invalid" || !strings.Contains(record.Message, "sensitive") {
		t.Errorf("the record does not say what is hidden: %s %s", record.Reason, record.Message)
	}
	w.ends.refuse = nil

	// Rows and filters that quote what they cannot work with.
	w.task.Spec.Mappings.Users[5].Expression = "string({'a': 1}[user.carLicense])"
	w.expect("a sensitive row that fails", report.PartiallyFailed, map[string]int{"UpdateUser Failed": 4, "NoUpdate Succeeded": 1})
	if record := w.recordOf("The an"); !strings.Contains(record.Message, "mappings.users[5] (to: carLicense)") {
		t.Errorf("the record does not name the row: %s", record.Message)
	}
	w.task.Spec.Mappings.Users[5].Expression = "user.carLicense"
	w.task.Spec.Mappings.Users[4].Expression, w.task.Spec.Mappings.Users[4].From = "string({'a': 1}[user.carLicense])", ""
	w.expect("another row that fails over a sensitive value", report.PartiallyFailed, map[string]int{"UpdateUser Failed": 4, "NoUpdate Succeeded": 1})
	w.task.Spec.Mappings.Users[4].Expression, w.task.Spec.Mappings.Users[4].From = "", "description"
	w.task.Spec.Scope.Users.Filter = "{'a': 1}[user.carLicense] > 0"
	w.expect("a filter that fails", report.PartiallyFailed, map[string]int{"UpdateUser Failed": 4, "NoUpdate Succeeded": 1})
	w.task.Spec.Scope.Users.Filter, w.task.Spec.Protected.Users = "", "{'a': 1}[user.carLicense] > 0"
	w.expect("a protection that fails", report.PartiallyFailed, map[string]int{"UpdateUser Failed": 4, "NoUpdate Succeeded": 1})

	// A protection that fails only when it is asked once more, just before a removal.
	w.task.Spec.Mappings.Users[5].Expression = "user.all.carLicense.map(l, upper(l))"
	w.task.Spec.Protected.Users = "size(user.carLicense) == 7 && {'a': 1}[user.carLicense] > 0"
	w.expect("nothing fails", report.Succeeded, map[string]int{"UpdateUser Succeeded": 2, "NoUpdate Succeeded": 3})
	w.leave("uid=dora," + w.dn("Head"))
	dora, _ := w.targetPerson("dora")
	w.secrets = append(w.secrets, "GEDREHT")
	w.ends.beforeTargetLookup = func() {
		w.ends.beforeTargetLookup = nil
		w.modify(dora.dn, "replace: carLicense\ncarLicense: GEDREHT")
	}
	w.expect("a protection that fails before a removal", report.Succeeded, map[string]int{"DeleteUser Skipped": 1, "NoUpdate Succeeded": 4})
	w.tellsNothing()
}

func TestASensitiveValueThatChangesAfterPlanningIsNotWritten(t *testing.T) {
	t.Parallel()
	w := secretive(t)
	w.run()
	w.secret("an", "carLicense", "first change")
	w.secret("bo", "carLicense", "a change that stays")
	w.secret("dora", "carLicense", "a change before she leaves")
	w.ends.beforeLookup = func() {
		w.ends.beforeLookup = nil
		w.secret("an", "carLicense", "second change")
		w.leave("uid=dora," + w.dn("Head"))
	}
	w.expect("changes after planning", report.Succeeded, map[string]int{"UpdateUser Succeeded": 1, "UpdateUser Skipped": 2, "NoUpdate Succeeded": 2})
	record := w.recordOf("The an")
	if record.Reason != "SensitiveValueChanged" || !strings.Contains(record.Message, "carLicense") {
		t.Errorf("the record does not say what changed: %s %s", record.Reason, record.Message)
	}
	w.expectEqual("what was not planned", w.licences()["an"], "PLATE AN 0815")
	w.expectEqual("what was planned", w.licences()["bo"], "A CHANGE THAT STAYS")
	w.expect("the next run", report.Succeeded, map[string]int{"UpdateUser Succeeded": 1, "DeleteUser Succeeded": 1, "NoUpdate Succeeded": 3})
	w.expectEqual("what the next run wrote", w.licences()["an"], "SECOND CHANGE")
	w.tellsNothing()
}

func TestATargetThatNormalisesASensitiveValueIsLearned(t *testing.T) {
	t.Parallel()
	w := secretive(t)
	w.task.Spec.Mappings.Users[5].Expression = `user.carLicense + "    " + "x"`
	w.ends.Connector = &normalisingEnds{w.mounts}
	w.expect("creates", report.Succeeded, map[string]int{"CreateDepartment Succeeded": 1, "CreateUser Succeeded": 4})
	w.expect("the second run", report.Succeeded, map[string]int{"NoUpdate Succeeded": 5})
	w.tellsNothing()
}

// TestARunWithSensitiveValuesThatIsKilledAnywhereIsFinished kills the first run of a task, whose salt no state holds yet.
func TestARunWithSensitiveValuesThatIsKilledAnywhereIsFinished(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*secretWorld){
		"with marks": func(*secretWorld) {},
		"without marks": func(w *secretWorld) {
			w.task.Spec.Target.LDAP.Users.Mark, w.task.Spec.Target.LDAP.Departments.Mark = "", ""
		},
	} {
		measured, whole := secretive(t), die(math.MaxInt64, everyStep)
		change(measured)
		r := measured.start()
		r.mortal(whole)
		if err := r.attempt(1, false); err != nil {
			t.Fatal(err)
		}
		for after := int64(1); after <= whole.steps.Load(); after++ {
			t.Run(fmt.Sprintf("%s, after step %d", name, after), func(t *testing.T) {
				t.Parallel()
				w := secretive(t)
				change(w)
				r := w.start()
				r.mortal(die(after, everyStep))
				if err := r.attempt(1, false); err != nil && !errors.Is(err, errDead) {
					t.Fatal(err)
				}
				r.reborn()
				if err := r.attempt(2, false); err != nil {
					t.Fatal(err)
				}
				w.keepReport(r)
				w.expectEqual("operations", w.operations(r.uid), map[string]int{"CreateDepartment Succeeded": 1, "CreateUser Succeeded": 4})
				w.expectEqual("licences", w.licences(), measured.licences())
				if !w.mayLogIn("dora", "pass+dora+4711") {
					t.Error("somebody has no password")
				}
				w.expect("the next run", report.Succeeded, map[string]int{"NoUpdate Succeeded": 5})
				w.tellsNothing()
			})
		}
	}
}

func TestRowsThatCannotBeSensitive(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		row  v1alpha1.Mapping
		want string
	}{
		"a password that is kept in step": {v1alpha1.Mapping{To: "userPassword", From: "postOfficeBox", Sensitive: true}, "sensitive: true and apply: OnCreate"},
		"a password for everyone to see":  {v1alpha1.Mapping{To: "userPassword", From: "postOfficeBox", Apply: v1alpha1.ApplyOnCreate}, "sensitive: true and apply: OnCreate"},
		"a password of the source":        {v1alpha1.Mapping{To: "carLicense", From: "userPassword", Sensitive: true}, `does not give the field "userPassword" back`},
		"a reference":                     {v1alpha1.Mapping{To: "manager", From: "manager", Sensitive: true}, "a reference names people"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.task.Spec.Mappings.Users = append(w.task.Spec.Mappings.Users, test.row)
			last := w.sync()
			if last.Outcome.Reason != string(v1alpha1.ReasonInvalidDefinition) || !strings.Contains(last.Outcome.Message, test.want) {
				t.Errorf("%s: %s\nwant %q", last.Outcome.Reason, last.Outcome.Message, test.want)
			}
		})
	}
	t.Run("the login", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.task.Spec.Mappings.Users[0].Sensitive = true
		if last := w.sync(); !strings.Contains(last.Outcome.Message, "the field names the user in the target") {
			t.Errorf("%s: %s", last.Outcome.Reason, last.Outcome.Message)
		}
	})
}
