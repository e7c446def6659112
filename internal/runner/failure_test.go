package runner_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/folder"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/report"
)

func TestWhatIsWrongWithATaskIsNamed(t *testing.T) {
	t.Parallel()
	source := func(w *world) *v1alpha1.LDAPSource { return w.task.Spec.Sources[0].LDAP }
	tests := []struct {
		name   string
		spoil  func(w *world)
		reason v1alpha1.Reason
		says   string
	}{
		{"no Secret", func(w *world) { source(w).CredentialsSecretRef.Name = "missing" }, v1alpha1.ReasonSecretMissing, `source: Secret "missing" does not exist`},
		{"no Secret of the target", func(w *world) { w.task.Spec.Target.LDAP.CredentialsSecretRef.Name = "missing" }, v1alpha1.ReasonSecretMissing, `target: Secret "missing" does not exist`},
		{"no key in the Secret", func(w *world) {
			if err := os.Remove(filepath.Join(w.mounts.Secrets, "ldap", "password")); err != nil {
				w.t.Fatal(err)
			}
		}, v1alpha1.ReasonSecretMissing, `source: Secret "ldap" exists, but has no key "password"`},
		{"a Secret with keys of another form", func(w *world) {
			w.writeSecret("other", map[string]string{"bindDN": slapdtest.AdminDN, "bindPassword": "guess"})
			w.task.Spec.Target.LDAP.CredentialsSecretRef.Name = "other"
		}, v1alpha1.ReasonSecretMissing, `target: Secret "other" exists, but has no key "username" and no key "password": add`},
		{"no ConfigMap", func(w *world) {
			source(w).CABundleRef = &v1alpha1.ConfigMapKeyReference{Name: "ca", Key: "ca.crt"}
		}, v1alpha1.ReasonConfigMapMissing, `source: ConfigMap "ca" does not exist`},
		{"no key in the ConfigMap", func(w *world) {
			if err := os.MkdirAll(filepath.Join(w.mounts.ConfigMaps, "ca"), 0o700); err != nil {
				w.t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(w.mounts.ConfigMaps, "ca", "ca.pem"), []byte("x"), 0o600); err != nil {
				w.t.Fatal(err)
			}
			source(w).CABundleRef = &v1alpha1.ConfigMapKeyReference{Name: "ca", Key: "ca.crt"}
		}, v1alpha1.ReasonConfigMapMissing, `source: ConfigMap "ca" exists, but has no key "ca.crt"`},
		{"a wrong password", func(w *world) {
			w.writeSecret("wrong", map[string]string{"username": slapdtest.AdminDN, "password": "guess"})
			source(w).CredentialsSecretRef.Name = "wrong"
		}, v1alpha1.ReasonCredentialsRejected, `Secret "wrong": ` + server.URL},
		{"no server", func(w *world) { source(w).URLs = []string{"ldap://127.0.0.1:1"} }, v1alpha1.ReasonUnreachable, "connection refused: correct host and port in urls"},
		{"an untrusted server", func(w *world) { source(w).URLs = []string{server.TLSURL} }, v1alpha1.ReasonUntrustedCert, "caBundleRef"},
		{"no such base", func(w *world) { source(w).Users.BaseDN = "ou=nowhere," + slapdtest.Suffix }, v1alpha1.ReasonBaseNotFound, "correct users.baseDN"},
		{"no such base in the target", func(w *world) { w.task.Spec.Target.LDAP.Users.BaseDN = "ou=nowhere," + slapdtest.Suffix }, v1alpha1.ReasonBaseNotFound, "correct users.baseDN"},
		{"no such base of departments", func(w *world) { w.task.Spec.Target.LDAP.Departments.BaseDN = "ou=nowhere," + slapdtest.Suffix }, v1alpha1.ReasonBaseNotFound, "correct departments.baseDN"},
		{"a filter that is none", func(w *world) { source(w).Users.Filter = "(uid=*" }, v1alpha1.ReasonInvalidConnection, "users.filter"},
		{"no such target field", func(w *world) { w.task.Spec.Mappings.Users[4].To = "favouriteColour" }, v1alpha1.ReasonInvalidDefinition, "favouriteColour"},
		{"no such department in scope", func(w *world) { w.task.Spec.Scope.Departments.Include = []string{"/Nowhere"} }, v1alpha1.ReasonInvalidDefinition, "Nowhere"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.company()
			test.spoil(w)

			last := w.sync()

			w.expectEqual("result", last.Outcome.Result, report.Failed)
			w.expectEqual("reason", last.Outcome.Reason, test.reason)
			if !strings.Contains(last.Outcome.Message, test.says) {
				t.Errorf("the message does not name %s: %s", test.says, last.Outcome.Message)
			}
			if strings.Contains(last.Outcome.Message, "guess") || strings.Contains(last.Outcome.Message, slapdtest.AdminPassword) {
				t.Errorf("the message tells a password: %s", last.Outcome.Message)
			}
			w.expectEqual("entries in the target", len(w.contents(w.target)), 2)
		})
	}
}

func TestBothEndsSayHowTheyAnswered(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name           string
		spoil          func(w *world)
		source, target v1alpha1.Reason
	}{
		{"no Secret of the source, which is found at once", func(w *world) {
			w.task.Spec.Sources[0].LDAP.CredentialsSecretRef.Name = "missing"
		}, v1alpha1.ReasonSecretMissing, v1alpha1.ReasonConnected},
		{"no Secret of the target", func(w *world) {
			w.task.Spec.Target.LDAP.CredentialsSecretRef.Name = "missing"
		}, v1alpha1.ReasonConnected, v1alpha1.ReasonSecretMissing},
		{"two problems", func(w *world) {
			w.task.Spec.Sources[0].LDAP.CredentialsSecretRef.Name = "missing"
			w.task.Spec.Target.LDAP.Users.BaseDN = "ou=nowhere," + slapdtest.Suffix
		}, v1alpha1.ReasonSecretMissing, v1alpha1.ReasonBaseNotFound},
		{"a typo in the scope, which is no fault of the source", func(w *world) {
			w.task.Spec.Scope.Departments.Include = []string{"/Nowhere"}
		}, v1alpha1.ReasonConnected, v1alpha1.ReasonConnected},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.company()
			test.spoil(w)

			last := w.sync()

			w.expectEqual("result", last.Outcome.Result, report.Failed)
			if last.Source == nil || last.Target == nil {
				t.Fatalf("one end says nothing: source %+v, target %+v", last.Source, last.Target)
			}
			w.expectEqual("the source", last.Source.Reason, test.source)
			w.expectEqual("the target", last.Target.Reason, test.target)
			for _, end := range []*report.Endpoint{last.Source, last.Target} {
				if end.Reason != string(v1alpha1.ReasonConnected) && !strings.Contains(last.Outcome.Message, end.Message) {
					t.Errorf("the run does not say %q: %s", end.Message, last.Outcome.Message)
				}
			}
		})
	}
}

func TestAServerThatDiesInMidReadRemovesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Deletion.Users.Action = v1alpha1.DeletionDelete
	w.company()
	w.synced()
	before := w.contents(w.target)
	proxy := server.Proxy(t)
	w.task.Spec.Sources[0].LDAP.URLs = []string{proxy.URL}
	proxy.CutAfter(4000)

	last := w.sync()

	w.expectEqual("result", last.Outcome.Result, report.Failed)
	w.expectEqual("the source", last.Source.Reason, v1alpha1.ReasonUnreachable)
	w.expectEqual("entries in the target", len(w.contents(w.target)), len(before))
}

func TestATargetThatDiesWhileApplying(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	start := w.snapshot(w.target)
	proxy := server.Proxy(t)
	w.task.Spec.Target.LDAP.URLs = []string{proxy.URL}
	w.task.Spec.Execution.Retries = new(int32)
	r := w.begin()
	r.runner.Connect = &notifyingEnds{Connector: w.mounts, after: 3, notify: func() { proxy.CutAfter(0); proxy.Cut() }}

	if err := r.attempt(1, false); err != nil {
		t.Fatal(err)
	}

	last := r.ended()
	w.expectEqual("result", last.Outcome.Result, report.PartiallyFailed)
	operations := w.operations(r.uid)
	if operations["CreateUser Failed"] == 0 || operations["CreateUser Skipped"] == 0 {
		t.Errorf("want some that failed and the rest given up, got %v", operations)
	}
	w.expectEqual("records", last.Counts.Records, 15)
	if done, happened := len(recorded(w.records(r.uid))), len(difference(start, w.snapshot(w.target))); done > happened {
		t.Errorf("%d operations are said to be done and %d were", done, happened)
	}
	w.task.Spec.Target.LDAP.URLs = []string{server.URL}
	w.synced()
	w.expectEqual("people and departments in the target", len(w.contents(w.target)), len(w.contents(w.source)))
}

func TestABrokenConnectionIsNoFailureWhenTheServerComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	start := w.snapshot(w.target)
	proxy := server.Proxy(t)
	w.task.Spec.Target.LDAP.URLs = []string{proxy.URL}
	r := w.begin()
	r.runner.Connect = &notifyingEnds{Connector: w.mounts, after: 3, notify: proxy.Cut}

	if err := r.attempt(1, false); err != nil {
		t.Fatal(err)
	}

	w.expectEqual("result", r.ended().Outcome.Result, report.Succeeded)
	w.expectEqual("operations", w.operations(r.uid), map[string]int{"CreateDepartment Succeeded": 5, "CreateUser Succeeded": 10})
	w.expectEqual("what happened", len(difference(start, w.snapshot(w.target))), 15)
}

func TestTwoRunnersCannotBothSaveTheState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	w.person("nina", "Research", "Head")
	slow := w.begin()
	var other *report.Report
	slow.runner.Connect = &notifyingEnds{Connector: w.mounts, after: 1, notify: func() { other = w.sync() }}

	err := slow.attempt(1, false)

	if !errors.Is(err, artifact.ErrConflict) {
		t.Errorf("want a conflict, got %v", err)
	}
	if slow.reports.last.Outcome != nil {
		t.Errorf("a runner that lost has an outcome: %+v", slow.reports.last.Outcome)
	}
	if other == nil || other.Outcome.Result != report.Succeeded {
		t.Errorf("the other runner did not succeed: %+v", other)
	}
}

func TestABudgetIsCheckedBeforeTheFirstWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	r := w.begin()
	r.runner.Budget.Run = 100
	if err := r.attempt(1, false); err != nil {
		t.Fatal(err)
	}
	w.expectEqual("reason", r.ended().Outcome.Reason, v1alpha1.ReasonBudgetExceeded)
	w.expectEqual("entries in the target", len(w.contents(w.target)), 2)
}

func TestABudgetHoldsAlsoWhereNothingIsToBeDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	r := w.begin()
	r.runner.Budget.Task = 100
	if err := r.attempt(1, false); err != nil {
		t.Fatal(err)
	}
	w.expectEqual("reason", r.ended().Outcome.Reason, v1alpha1.ReasonBudgetExceeded)
}

func TestAStateThatIsGoneIsNotAFirstRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	w.store = folder.New(t.TempDir()) // as if somebody had deleted everything that was stored
	w.task.Status.Links = &v1alpha1.LinkCounts{Users: 10, Departments: 5}
	w.leaves("an", "East", "Sales", "Head")
	last := w.synced()
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"UpdateUser Succeeded": 9, "UpdateDepartment Succeeded": 5})
	if !strings.Contains(last.Outcome.Message, "15 links") {
		t.Errorf("the message does not say what was lost: %s", last.Outcome.Message)
	}
}
