package definition_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/definition"
)

func digest(t *testing.T, task *v1alpha1.SyncTask) v1alpha1.Digest {
	t.Helper()
	result, err := definition.New(task, exampleRun(), 1).RemovalDigest()
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestRemovalDigestIsStable fails when an upgrade would hold the removals of
// every task: then either the change is wrong or digestVersion must change.
func TestRemovalDigestIsStable(t *testing.T) {
	const want = "v1:sha256:7dd51d200ac64fcb18e2639fe2513061a97308ec6a0c23c1138af7d54f725022"
	if got := digest(t, example()); got != want {
		t.Errorf("the digest of the example is %s, want %s", got, want)
	}
}

func TestRemovalDigestIgnores(t *testing.T) {
	tests := map[string]func(*v1alpha1.SyncTask){
		"another generation":   func(task *v1alpha1.SyncTask) { task.Generation = 9 },
		"defaults written out": func(task *v1alpha1.SyncTask) { task.Spec = definition.Resolve(&task.Spec) },
		"addresses":            func(task *v1alpha1.SyncTask) { task.Spec.Sources[0].LDAP.URLs = []string{"ldap://other"} },
		"credentials":          func(task *v1alpha1.SyncTask) { task.Spec.Sources[0].LDAP.CredentialsSecretRef.Name = "other" },
		"encryption":           func(task *v1alpha1.SyncTask) { task.Spec.Target.LDAP.StartTLS = false },
		"an authority": func(task *v1alpha1.SyncTask) {
			task.Spec.Target.LDAP.CABundleRef = &v1alpha1.ConfigMapKeyReference{Name: "ca"}
		},
		"limits":                func(task *v1alpha1.SyncTask) { task.Spec.Execution.Concurrency = 1 },
		"the guard":             func(task *v1alpha1.SyncTask) { task.Spec.Guard.Removals.Count = ptr.To[int32](1) },
		"a name for people":     func(task *v1alpha1.SyncTask) { task.Spec.DisplayName = "HR" },
		"suspension":            func(task *v1alpha1.SyncTask) { task.Spec.Suspend = true },
		"the order of a set":    func(task *v1alpha1.SyncTask) { task.Spec.Scope.Departments.Include = []string{"/HR", "/Sales"} },
		"the order of the rows": func(task *v1alpha1.SyncTask) { rows := task.Spec.Mappings.Users; rows[0], rows[2] = rows[2], rows[0] },
		"a secret field":        func(task *v1alpha1.SyncTask) { task.Spec.Mappings.Users[0].Sensitive = true },
		"tests":                 func(task *v1alpha1.SyncTask) { task.Spec.Mappings.Tests = []v1alpha1.MappingTest{{Name: "a"}} },
		"an export":             func(task *v1alpha1.SyncTask) { task.Spec.Export = &v1alpha1.Export{} },
	}
	want := digest(t, example())
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			task := example()
			change(task)
			if got := digest(t, task); got != want {
				t.Errorf("the digest became %s, want %s: removals would wait for nothing", got, want)
			}
		})
	}
}

func TestRemovalDigestIgnoresHowACombinedRuleIsWritten(t *testing.T) {
	pair := func(field v1alpha1.FieldName) v1alpha1.MatchPair {
		return v1alpha1.MatchPair{Target: field, Source: field}
	}
	digests := map[v1alpha1.Digest]bool{}
	for _, rule := range []v1alpha1.MatchRule{
		{Target: "cn", Source: "cn", And: []v1alpha1.MatchPair{pair("mail"), pair("sn")}},
		{Target: "sn", Source: "sn", And: []v1alpha1.MatchPair{pair("mail"), pair("cn")}},
		{Target: "sn", Source: "sn", And: []v1alpha1.MatchPair{pair("cn"), pair("sn"), pair("mail")}},
	} {
		task := example()
		task.Spec.Matching.Users = []v1alpha1.MatchRule{rule}
		digests[digest(t, task)] = true
	}
	if len(digests) != 1 {
		t.Errorf("one rule in three orders has %d digests, want 1", len(digests))
	}
}

func TestRemovalDigestSees(t *testing.T) {
	tests := map[string]func(*v1alpha1.SyncTaskSpec){
		"a base":               func(s *v1alpha1.SyncTaskSpec) { s.Sources[0].LDAP.Users.BaseDN = "ou=few,dc=hr" },
		"a filter":             func(s *v1alpha1.SyncTaskSpec) { s.Sources[0].LDAP.Users.Filter = "(uid=a*)" },
		"references ignored":   func(s *v1alpha1.SyncTaskSpec) { s.Sources[0].LDAP.Referrals = v1alpha1.ReferralsIgnore },
		"departments left out": func(s *v1alpha1.SyncTaskSpec) { s.Sources[0].LDAP.Departments = nil },
		"another target":       func(s *v1alpha1.SyncTaskSpec) { s.Target.LDAP.Users.BaseDN = "ou=others,dc=example" },
		"another mark":         func(s *v1alpha1.SyncTaskSpec) { s.Target.LDAP.Users.Mark = "" },
		"how to disable":       func(s *v1alpha1.SyncTaskSpec) { s.Target.LDAP.Users.Disable.Disabled = "off" },
		"the type of groups": func(s *v1alpha1.SyncTaskSpec) {
			s.Target.LDAP.Departments.Type = v1alpha1.DepartmentsOrganizationalUnits
		},
		"a department":        func(s *v1alpha1.SyncTaskSpec) { s.Scope.Departments.Exclude = []string{"/Sales/Partners"} },
		"a person":            func(s *v1alpha1.SyncTaskSpec) { s.Scope.Users.Exclude = []string{"4711"} },
		"a filter of people":  func(s *v1alpha1.SyncTaskSpec) { s.Scope.Users.Filter = "true" },
		"new people":          func(s *v1alpha1.SyncTaskSpec) { s.Scope.IncludeNewUsers = ptr.To(false) },
		"a row":               func(s *v1alpha1.SyncTaskSpec) { s.Mappings.Users = s.Mappings.Users[:2] },
		"a constant":          func(s *v1alpha1.SyncTaskSpec) { s.Mappings.Users[2].Value = ptr.To("") },
		"an expression":       func(s *v1alpha1.SyncTaskSpec) { s.Mappings.Users[1].Expression = "user.sn" },
		"numbers for doubles": func(s *v1alpha1.SyncTaskSpec) { s.Mappings.Users[0].Doubles = v1alpha1.DoublesNumber },
		"a matching rule": func(s *v1alpha1.SyncTaskSpec) {
			s.Matching.Users = []v1alpha1.MatchRule{{Target: "mail", Source: "mail"}}
		},
		"a combined rule": func(s *v1alpha1.SyncTaskSpec) {
			s.Matching.Users = []v1alpha1.MatchRule{{Target: "mail", Source: "mail", And: []v1alpha1.MatchPair{{Target: "sn", Source: "sn"}}}}
		},
		"adoption":              func(s *v1alpha1.SyncTaskSpec) { s.Matching.Adopt = v1alpha1.MatchNever },
		"what happens to users": func(s *v1alpha1.SyncTaskSpec) { s.Deletion.Users.Action = v1alpha1.DeletionDelete },
		"when they are deleted": func(s *v1alpha1.SyncTaskSpec) { s.Deletion.Users.DeleteAfter = &metav1.Duration{Duration: time.Hour} },
		"who is protected":      func(s *v1alpha1.SyncTaskSpec) { s.Protected.Users = "user.uid == 'root'" },
		"what happens to units": func(s *v1alpha1.SyncTaskSpec) { s.Deletion.Departments.Action = v1alpha1.DepartmentDelete },
	}
	seen := map[v1alpha1.Digest]string{digest(t, example()): "the example"}
	for name, change := range tests {
		task := example()
		change(&task.Spec)
		got := digest(t, task)
		if other, taken := seen[got]; taken {
			t.Errorf("%s has the same digest as %s: removals by a changed definition would slip through", name, other)
		}
		seen[got] = name
	}
}
