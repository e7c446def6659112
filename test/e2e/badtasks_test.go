//go:build e2e

package e2e

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/cert"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// accounts are people of the directories other than the administrator, as LDIF: cn=NAME with the password NAME.
func accounts(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteString("dn: cn=" + name + "," + suffix + "\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: " + name + "\nuserPassword: " + name + "\n\n")
	}
	return b.String()
}

// loginAs makes a Secret with the login of an account.
func (w *world) loginAs(secret, account, password string) {
	w.Helper()
	w.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: secret}, Type: corev1.SecretTypeBasicAuth,
		StringData: map[string]string{corev1.BasicAuthUsernameKey: "cn=" + account + "," + suffix, corev1.BasicAuthPasswordKey: password},
	})
}

// TestRefusedManifests applies what the API server itself must refuse, with words that name the field.
func TestRefusedManifests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.read("company.yaml")
	for name, test := range map[string]struct{ from, to, want string }{
		"unknown field":      {"displayName:", "displayname:", "spec.displayname"},
		"password in a URL":  {"[ldap://source]", `["ldap://cn=admin:secret@source"]`, "spec.sources[0].ldap.urls"},
		"two ways of a row":  {"{to: title, from: title}", "{to: title, from: title, value: x}", "spec.mappings.users[5]"},
		"an unknown trigger": {"  export:", "  trigger: {mode: Sometimes}\n  export:", "spec.trigger.mode"},
	} {
		if _, complaint := w.tryKubectl(strings.Replace(good, test.from, test.to, 1), "apply", "--server-side", "--filename=-"); !strings.Contains(complaint, test.want) {
			t.Errorf("%s: kubectl apply says %q, which does not name %s", name, complaint, test.want)
		}
	}
	if list := w.kubectl("get", "synctasks"); list != "" {
		t.Errorf("something was applied: %s", list)
	}
}

// badDefinitions are tasks that are wrong in themselves: Ready says so, and no pod is made for their runs.
var badDefinitions = map[string]struct {
	change func(*v1alpha1.SyncTaskSpec)
	reason v1alpha1.Reason
	words  []string
}{
	"expression":  {func(s *v1alpha1.SyncTaskSpec) { s.Mappings.Users[3].Expression = "lower(user." }, v1alpha1.ReasonInvalidDefinition, []string{"spec.mappings.users[3]", "expression", "column 12"}},
	"cel-filter":  {func(s *v1alpha1.SyncTaskSpec) { s.Scope.Users.Filter = "user.title = 'x'" }, v1alpha1.ReasonInvalidDefinition, []string{"spec.scope.users.filter"}},
	"ldap-filter": {func(s *v1alpha1.SyncTaskSpec) { s.Sources[0].LDAP.Users.Filter = "(&(uid=*)" }, v1alpha1.ReasonInvalidDefinition, []string{"spec.sources[0].ldap.users.filter"}},
	"base":        {func(s *v1alpha1.SyncTaskSpec) { s.Target.LDAP.Users.BaseDN = "people" }, v1alpha1.ReasonInvalidDefinition, []string{"spec.target.ldap.users.baseDN"}},
	"not-served": {func(s *v1alpha1.SyncTaskSpec) {
		s.Execution.Approval, s.Deletion.Confirm = v1alpha1.ApprovalFourEyes, v1alpha1.ConfirmAlways
	}, v1alpha1.ReasonNotServed, []string{"spec.execution.approval", "spec.deletion.confirm"}},
}

// TestBadDefinitions looks at tasks and runs that cannot work whatever the servers say.
func TestBadDefinitions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, bad := range badDefinitions {
		w.task("company.yaml", name, func(task *v1alpha1.SyncTask) { bad.change(&task.Spec) })
		w.start(name, name)
	}
	for name, bad := range badDefinitions {
		w.expectEnd(w.await(name), v1alpha1.PhaseFailed, bad.reason, bad.words...)
		w.expectCondition(name, v1alpha1.ConditionReady, bad.reason, bad.words...)
		if pods := w.podsOf(t.Context(), name); len(pods) > 0 {
			t.Errorf("a pod was made for task %s", name)
		}
	}
}

// badConnections are tasks whose servers, accounts or names turn out to be wrong when a run tries them.
var badConnections = map[string]struct {
	change    func(*v1alpha1.SyncTaskSpec)
	condition string
	reason    v1alpha1.Reason
	words     []string
}{
	"no-secret":  {sourceSecret("absent"), v1alpha1.ConditionSourceReady, v1alpha1.ReasonSecretMissing, []string{`"absent"`, "create it"}},
	"no-key":     {sourceSecret("keyless"), v1alpha1.ConditionSourceReady, v1alpha1.ReasonSecretMissing, []string{`"keyless"`, `"password"`}},
	"no-server":  {sourceURL("ldap://nowhere"), v1alpha1.ConditionSourceReady, v1alpha1.ReasonUnreachable, []string{"ldap://nowhere"}},
	"untrusted":  {sourceURL("ldaps://source"), v1alpha1.ConditionSourceReady, v1alpha1.ReasonUntrustedCert, []string{"ldaps://source", "caBundleRef"}},
	"no-bundle":  {trusting("absent", "ldaps://source"), v1alpha1.ConditionSourceReady, v1alpha1.ReasonConfigMapMissing, []string{`"absent"`, "create it"}},
	"other-name": {trusting("source-ca", "ldaps://other"), v1alpha1.ConditionSourceReady, v1alpha1.ReasonUntrustedCert, []string{"ldaps://other", "another name"}},
	"password":   {sourceSecret("mistyped"), v1alpha1.ConditionSourceReady, v1alpha1.ReasonCredentialsRejected, []string{"ldap://source", "Secret"}},
	"blind":      {sourceSecret("blind"), v1alpha1.ConditionSourceReady, v1alpha1.ReasonBaseNotFound, []string{"ldap://source", "ou=people," + suffix, "may not see"}},
	"few":        {sourceSecret("few"), v1alpha1.ConditionSourceReady, v1alpha1.ReasonReadIncomplete, []string{"ldap://source", "size limit"}},
	"no-base":    {func(s *v1alpha1.SyncTaskSpec) { s.Sources[0].LDAP.Users.BaseDN = "ou=persons," + suffix }, v1alpha1.ConditionSourceReady, v1alpha1.ReasonBaseNotFound, []string{"ou=persons," + suffix}},
	"no-target":  {func(s *v1alpha1.SyncTaskSpec) { s.Target.LDAP.Users.BaseDN = "ou=companies," + suffix }, v1alpha1.ConditionTargetReady, v1alpha1.ReasonBaseNotFound, []string{"ou=companies," + suffix}},
	"not-a-class": {func(s *v1alpha1.SyncTaskSpec) {
		s.Target.LDAP.Users.ObjectClasses = []v1alpha1.AttributeName{"inetOrgPersons"}
	}, v1alpha1.ConditionTargetReady, v1alpha1.ReasonInvalidConnection, []string{"inetOrgPersons"}},
	"attribute": {func(s *v1alpha1.SyncTaskSpec) { s.Mappings.Users[5].To = "titel" }, "", v1alpha1.ReasonInvalidDefinition, []string{"mappings.users[5]", "titel"}},
}

func sourceSecret(name string) func(*v1alpha1.SyncTaskSpec) {
	return func(s *v1alpha1.SyncTaskSpec) { s.Sources[0].LDAP.CredentialsSecretRef.Name = name }
}

func sourceURL(url string) func(*v1alpha1.SyncTaskSpec) {
	return func(s *v1alpha1.SyncTaskSpec) { s.Sources[0].LDAP.URLs = []string{url} }
}

func trusting(bundle, url string) func(*v1alpha1.SyncTaskSpec) {
	return func(s *v1alpha1.SyncTaskSpec) {
		s.Sources[0].LDAP.URLs = []string{url}
		s.Sources[0].LDAP.CABundleRef = &v1alpha1.ConfigMapKeyReference{Name: bundle, Key: "ca.crt"}
	}
}

// TestBadConnections runs tasks that only a server can find wrong. Each run ends at once, in one pod, and says what to do.
func TestBadConnections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	certificate, key, err := cert.GenerateSelfSignedCertKey("source", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.directory("source", directoryOptions{
		ldif: crowd(10) + accounts("blind", "few"),
		tls:  map[string][]byte{"ca.crt": certificate, "tls.crt": certificate, "tls.key": key},
		database: "access to attrs=userPassword by anonymous auth by * none\n" +
			"access to dn.subtree=ou=people," + suffix + " by dn.exact=cn=blind," + suffix + " none by * read\n" +
			"access to * by * read\nlimits dn.exact=cn=few," + suffix + " size=6 size.prtotal=6\n",
	})
	target := w.directory("target", directoryOptions{ldif: bases("company") + accounts("few"), database: "access to attrs=userPassword by anonymous auth by * none\naccess to * by * read\n"})
	w.prepareLogins(certificate)

	for name, bad := range badConnections {
		w.task("company.yaml", name, func(task *v1alpha1.SyncTask) { bad.change(&task.Spec) })
		w.start(name, name)
	}
	for name, bad := range badConnections {
		w.expectEnd(w.await(name), v1alpha1.PhaseFailed, bad.reason, bad.words...)
		if bad.condition != "" {
			w.expectCondition(name, bad.condition, bad.reason, bad.words...)
		}
		if pods := w.podsOf(t.Context(), name); len(pods) != 1 || pods[0].Status.Phase == corev1.PodFailed {
			t.Errorf("run %s had %d pods, want one that ended well: %+v", name, len(pods), pods)
		}
	}
	if people := target.people(target.connect(), suffix); len(people) > 0 {
		t.Errorf("bad tasks have created %v", people)
	}
	w.expectNoRightToWrite()
	// The same server, asked rightly.
	w.task("company.yaml", "trusted", func(task *v1alpha1.SyncTask) { trusting("source-ca", "ldaps://source")(&task.Spec) })
	w.succeeds("trusted", "trusted")
}

// expectNoRightToWrite runs a task whose account may only read the target: every failure says where and what to do.
func (w *world) expectNoRightToWrite() {
	w.Helper()
	w.task("company.yaml", "read-only", func(task *v1alpha1.SyncTask) { task.Spec.Target.LDAP.CredentialsSecretRef.Name = "few" })
	w.start("read-only", "read-only")
	run := w.await("read-only")
	w.expectEnd(run, v1alpha1.PhasePartiallyFailed, v1alpha1.ReasonPartiallyFailed)
	if len(run.Status.Failures) != teams {
		w.Errorf("%d failures in the status of run read-only, want one for each department: %+v", len(run.Status.Failures), run.Status.Failures)
	}
	for _, failure := range run.Status.Failures {
		if !strings.Contains(failure.Message, "ldap://target") || !strings.Contains(failure.Message, "lacks a right") {
			w.Errorf("the failure of %s does not speak of the server and the right: %s", failure.Name, failure.Message)
		}
	}
}

// prepareLogins makes what the tasks of badConnections name beside the servers.
func (w *world) prepareLogins(certificate []byte) {
	w.Helper()
	w.loginAs("blind", "blind", "blind")
	w.loginAs("few", "few", "few")
	w.loginAs("mistyped", "admin", "adnim")
	w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "keyless"}, StringData: map[string]string{corev1.BasicAuthUsernameKey: adminDN}})
	w.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "source-ca"}, Data: map[string]string{"ca.crt": string(certificate)}})
	var source corev1.Service
	w.get("source", &source)
	w.create(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "other"}, Spec: corev1.ServiceSpec{Selector: source.Spec.Selector, Ports: source.Spec.Ports}})
}

// expectCondition waits for a condition of a task to be False for a reason, and expects words in its message.
func (w *world) expectCondition(task, kind string, reason v1alpha1.Reason, words ...string) {
	w.Helper()
	object := until(w, "condition "+kind+" of task "+task, task, &v1alpha1.SyncTask{}, func(task *v1alpha1.SyncTask) bool {
		return meta.IsStatusConditionFalse(task.Status.Conditions, kind)
	})
	condition := meta.FindStatusCondition(object.Status.Conditions, kind)
	if v1alpha1.Reason(condition.Reason) != reason {
		w.Errorf("%s of task %s is False because of %s, want %s: %s", kind, task, condition.Reason, reason, condition.Message)
	}
	for _, word := range words {
		if !strings.Contains(condition.Message, word) {
			w.Errorf("%s of task %s does not speak of %q: %s", kind, task, word, condition.Message)
		}
	}
}
