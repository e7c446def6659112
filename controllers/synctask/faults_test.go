package synctask

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
)

var testTime = time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)

// newTask is a valid task that was made some minutes after the first.
func newTask(name string, minutes int) *v1alpha1.SyncTask {
	users := v1alpha1.LDAPUsers{BaseDN: "ou=people,dc=example,dc=com"}
	return &v1alpha1.SyncTask{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: "people", UID: types.UID(name + "-uid"), Generation: 2,
			CreationTimestamp: metav1.NewTime(testTime.Add(time.Duration(minutes) * time.Minute)),
		},
		Spec: v1alpha1.SyncTaskSpec{
			Sources: []v1alpha1.Source{{Name: "hr", Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPSource{
				LDAPConnection: v1alpha1.LDAPConnection{URLs: []string{"ldaps://hr.example.com"}}, Users: users,
			}}},
			Target: v1alpha1.Target{Type: v1alpha1.ConnectorLDAP, LDAP: &v1alpha1.LDAPTarget{
				LDAPConnection: v1alpha1.LDAPConnection{URLs: []string{"ldaps://directory.example.com"}},
				Users:          v1alpha1.LDAPTargetUsers{LDAPUsers: users},
			}},
		},
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	owned := func(name string, minutes int) v1alpha1.SyncTask {
		task := newTask(name, minutes)
		task.Spec.Owner = "people/everybody"
		return *task
	}
	elsewhere := owned("elsewhere", -5)
	elsewhere.Spec.Owner = "people/nobody"
	for _, test := range []struct {
		name   string
		change func(*v1alpha1.SyncTask)
		others []v1alpha1.SyncTask
		reason v1alpha1.Reason
		words  []string
	}{
		{name: "valid"},
		{
			name: "an example that the mapping does not meet",
			change: func(task *v1alpha1.SyncTask) {
				task.Spec.Mappings.Users = []v1alpha1.Mapping{{To: "cn", Expression: "pinyin(user.cn)"}}
				task.Spec.Mappings.Tests = []v1alpha1.MappingTest{{
					Name: "Li Lei", Source: map[string]v1alpha1.TestValues{"cn": {"李雷"}}, Want: map[string]v1alpha1.TestValues{"cn": {"lilei"}},
				}}
			},
			reason: v1alpha1.ReasonInvalidDefinition, words: []string{"spec.mappings.tests[0]", `"li lei"`, `"lilei"`},
		},
		{
			name: "not served, and nothing else is judged",
			change: func(task *v1alpha1.SyncTask) {
				task.Spec.Execution.Approval = v1alpha1.ApprovalFourEyes
				task.Spec.Scope.Users.Filter = "user.uid =="
			},
			reason: v1alpha1.ReasonNotServed, words: []string{"spec.execution.approval: FourEyes"},
		},
		{
			name: "every expression that is wrong",
			change: func(task *v1alpha1.SyncTask) {
				task.Spec.Mappings.Users = []v1alpha1.Mapping{{To: "mail", Expression: "lower(user.mail"}, {To: "sn", From: "sn"}}
				task.Spec.Mappings.Departments = []v1alpha1.Mapping{{To: "ou", Expression: "no such thing"}}
			},
			reason: v1alpha1.ReasonInvalidDefinition, words: []string{"spec.mappings.users[0]", "spec.mappings.departments[0]"},
		},
		{
			name:   "a filter that is no condition",
			change: func(task *v1alpha1.SyncTask) { task.Spec.Scope.Users.Filter = "user.uid + 'x'" },
			reason: v1alpha1.ReasonInvalidDefinition, words: []string{"spec.scope.users.filter"},
		},
		{
			name:   "a time zone that is none",
			change: func(task *v1alpha1.SyncTask) { task.Spec.Export = &v1alpha1.Export{TimeZone: "Mars/Olympus"} },
			reason: v1alpha1.ReasonInvalidDefinition, words: []string{"spec.export.timeZone", "Mars/Olympus"},
		},
		{name: "the first with its owner", others: []v1alpha1.SyncTask{owned("later", 5), elsewhere}},
		{
			name: "the second with its owner", others: []v1alpha1.SyncTask{owned("earlier", -5), owned("later", 5)},
			reason: v1alpha1.ReasonOwnerInUse, words: []string{`"earlier"`, `"people/everybody"`},
		},
		{
			name: "made at once, the second by name", others: []v1alpha1.SyncTask{owned("a", 0)},
			reason: v1alpha1.ReasonOwnerInUse, words: []string{`"a"`},
		},
		{name: "made at once, the first by name", others: []v1alpha1.SyncTask{owned("z", 0)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			task := newTask("hr", 0)
			task.Spec.Owner = "people/everybody"
			if test.change != nil {
				test.change(task)
			}
			faults := faultsOf(task, append(test.others, *task))
			if test.reason == "" {
				if len(faults) > 0 {
					t.Fatalf("a valid task has faults: %+v", faults)
				}
				return
			}
			if len(faults) == 0 {
				t.Fatal("nothing was found")
			}
			for _, fault := range faults {
				if fault.reason != test.reason {
					t.Errorf("reason %s, want %s: %s", fault.reason, test.reason, fault.message)
				}
			}
			for _, word := range test.words {
				if message := messageOf(faults); !strings.Contains(message, word) {
					t.Errorf("the message %q does not name %s", message, word)
				}
			}
		})
	}
}
