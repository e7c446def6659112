package definition_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/definition"
)

// example is a task with a bit of everything that decides about removals.
func example() *v1alpha1.SyncTask {
	return &v1alpha1.SyncTask{
		ObjectMeta: metav1.ObjectMeta{Namespace: "people", Name: "hr", UID: "task-uid", Generation: 3},
		Spec: v1alpha1.SyncTaskSpec{
			Sources: []v1alpha1.Source{{
				Name: "hr", Type: v1alpha1.ConnectorLDAP,
				LDAP: &v1alpha1.LDAPSource{
					LDAPConnection: v1alpha1.LDAPConnection{
						URLs:                 []string{"ldaps://hr.example.com:1636"},
						CredentialsSecretRef: &v1alpha1.SecretReference{Name: "hr-ldap"},
					},
					Users:       v1alpha1.LDAPUsers{BaseDN: "ou=people,dc=hr"},
					Departments: &v1alpha1.LDAPDepartments{BaseDN: "ou=org,dc=hr"},
				},
			}},
			Target: v1alpha1.Target{
				Type: v1alpha1.ConnectorLDAP,
				LDAP: &v1alpha1.LDAPTarget{
					LDAPConnection: v1alpha1.LDAPConnection{URLs: []string{"ldap://ldap.example.com"}, StartTLS: true},
					Users: v1alpha1.LDAPTargetUsers{
						LDAPUsers: v1alpha1.LDAPUsers{BaseDN: "ou=people,dc=example"},
						Mark:      "employeeNumber",
						Disable:   &v1alpha1.LDAPDisable{Attribute: "employeeType", Disabled: "disabled"},
					},
					Departments: &v1alpha1.LDAPTargetDepartments{
						LDAPDepartments: v1alpha1.LDAPDepartments{Type: v1alpha1.DepartmentsGroups, BaseDN: "ou=groups,dc=example"},
						Mark:            "businessCategory",
					},
				},
			},
			Scope: v1alpha1.Scope{Departments: v1alpha1.DepartmentScope{Include: []string{"/Sales", "/HR"}}},
			Mappings: v1alpha1.Mappings{Users: []v1alpha1.Mapping{
				{To: "uid", From: "uid"},
				{To: "cn", Expression: "user.cn"},
				{To: "title", Value: ptr.To("staff"), Apply: v1alpha1.ApplyOnCreate},
			}},
		},
	}
}

func exampleRun() *v1alpha1.SyncRun {
	return &v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Namespace: "people", Name: "hr-first", UID: "run-uid"},
		Spec:       v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: "hr"}},
	}
}

func TestDefinitionSurvivesStorage(t *testing.T) {
	want := definition.New(example(), exampleRun(), 7)
	data, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := definition.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the definition differs after storing and reading it (-stored +read):\n%s", diff)
	}
	if got.Owner != "people/hr" || got.Sequence != 7 || got.Task.Generation != 3 || got.Run.UID != "run-uid" || got.RunSpec.Type != v1alpha1.RunSync {
		t.Errorf("the definition says %+v", got)
	}
}

func TestCancelIsNoPartOfADefinition(t *testing.T) {
	run := exampleRun()
	before, err := definition.New(example(), run, 7).Encode()
	if err != nil {
		t.Fatal(err)
	}
	run.Spec.Cancel = true
	after, err := definition.New(example(), run, 7).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(before), string(after)); diff != "" {
		t.Errorf("cancelling changes what is stored:\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	_, err := definition.Decode([]byte(`{"schemaVersion": 2, "taskSpec": {"unheardOf": true}}`))
	if !errors.Is(err, definition.ErrNewerSchema) {
		t.Errorf("a definition of a newer version gives %v, want ErrNewerSchema", err)
	}
	if _, err := definition.Decode([]byte(`{"schema`)); err == nil || errors.Is(err, definition.ErrNewerSchema) {
		t.Errorf("half a definition gives %v, want an error of its own", err)
	}
}

func TestOwner(t *testing.T) {
	task := example()
	task.Spec.Owner = "payroll/hr"
	if got := definition.Owner(task); got != "payroll/hr" {
		t.Errorf("the owner is %q, want the one that the task names", got)
	}
}

func TestResolveLeavesItsInputAlone(t *testing.T) {
	spec := example().Spec
	definition.Resolve(&spec)
	if diff := cmp.Diff(example().Spec, spec); diff != "" {
		t.Errorf("resolving changed its input:\n%s", diff)
	}
}

func TestResolveByTypeOfDepartments(t *testing.T) {
	groups := v1alpha1.LDAPTargetDepartments{
		LDAPDepartments: v1alpha1.LDAPDepartments{
			Type: v1alpha1.DepartmentsGroups, BaseDN: "ou=groups,dc=example", Filter: "(objectClass=groupOfNames)", MemberAttribute: "member",
			LeaderAttribute: "owner",
		},
		ObjectClasses: []v1alpha1.AttributeName{"groupOfNames"}, RDN: "cn", Mark: "businessCategory", Placeholder: "cn=nobody,ou=groups,dc=example",
	}
	spec := definition.Resolve(&example().Spec)
	if diff := cmp.Diff(groups, *spec.Target.LDAP.Departments); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	units := v1alpha1.LDAPDepartments{Type: v1alpha1.DepartmentsOrganizationalUnits, BaseDN: "ou=org,dc=hr", Filter: "(objectClass=organizationalUnit)"}
	if diff := cmp.Diff(units, *spec.Sources[0].LDAP.Departments); diff != "" {
		t.Errorf("organizational units (-want +got):\n%s", diff)
	}
}

func TestResolveKeepsWhatIsSet(t *testing.T) {
	task := example()
	task.Spec.Guard.Removals.Floor = ptr.To[int32](0)
	task.Spec.Guard.Shrink = &v1alpha1.ShareLimit{Percent: 0}
	task.Spec.Execution.Retries = ptr.To[int32](0)
	task.Spec.Scope.IncludeNewUsers = ptr.To(false)
	spec := definition.Resolve(&task.Spec)
	if *spec.Guard.Removals.Floor != 0 || spec.Guard.Shrink.Percent != 0 || *spec.Execution.Retries != 0 || *spec.Scope.IncludeNewUsers {
		t.Errorf("a zero that was set became the default: %+v, %+v, %+v", spec.Guard, spec.Execution, spec.Scope)
	}
	if spec.Guard.Removals.Window.Duration != 24*time.Hour || *spec.Guard.Removals.Count != 500 {
		t.Errorf("the guard beside it is %+v", spec.Guard.Removals)
	}
}

func TestEndpoints(t *testing.T) {
	source, target := definition.Endpoints(&example().Spec)
	if source != "LDAP hr.example.com:1636" || target != "LDAP ldap.example.com" {
		t.Errorf("the ends are called %q and %q", source, target)
	}
	broken := v1alpha1.SyncTaskSpec{Target: v1alpha1.Target{Type: "SCIM"}, Sources: []v1alpha1.Source{{Type: "LDAP", LDAP: &v1alpha1.LDAPSource{}}}}
	if source, target := definition.Endpoints(&broken); source != "LDAP" || target != "SCIM" {
		t.Errorf("ends without a server are called %q and %q", source, target)
	}
}

func TestValidate(t *testing.T) {
	tests := map[string]struct {
		change func(*v1alpha1.SyncTaskSpec)
		// want is how the problem begins; empty means that there is none.
		want, mend string
	}{
		"an example": {change: func(*v1alpha1.SyncTaskSpec) {}},
		"base of the source": {
			func(s *v1alpha1.SyncTaskSpec) { s.Sources[0].LDAP.Users.BaseDN = "people" },
			`spec.sources[0].ldap.users.baseDN: "people" is no distinguished name`, "ou=people,dc=example,dc=com",
		},
		"filter of the source's departments": {
			func(s *v1alpha1.SyncTaskSpec) { s.Sources[0].LDAP.Departments.Filter = "(ou=a)(ou=b)" },
			`spec.sources[0].ldap.departments.filter: "(ou=a)(ou=b)" is no LDAP filter`, "(objectClass=inetOrgPerson)",
		},
		"filter of the target": {
			func(s *v1alpha1.SyncTaskSpec) { s.Target.LDAP.Users.Filter = "(uid=" },
			`spec.target.ldap.users.filter: "(uid=" is no LDAP filter`, "",
		},
		"placeholder": {
			func(s *v1alpha1.SyncTaskSpec) { s.Target.LDAP.Departments.Placeholder = "nobody" },
			`spec.target.ldap.departments.placeholder: "nobody" is no distinguished name`, "",
		},
		"mark in the name": {
			func(s *v1alpha1.SyncTaskSpec) { s.Target.LDAP.Users.RDN = "EmployeeNumber" },
			`spec.target.ldap.users.mark: "employeeNumber" is also what spec.target.ldap.users.rdn names`, "another attribute",
		},
		"mark that disables": {
			func(s *v1alpha1.SyncTaskSpec) { s.Target.LDAP.Users.Mark = "employeeType" },
			`spec.target.ldap.users.disable.attribute: "employeeType" is also what spec.target.ldap.users.mark names`, "another attribute",
		},
		"row that writes the mark": {
			func(s *v1alpha1.SyncTaskSpec) { s.Mappings.Users[1].To = "employeenumber" },
			`spec.mappings.users[1].to: "employeenumber" is written by Sync Center`, "remove the row",
		},
		"a sensitive name": {
			func(s *v1alpha1.SyncTaskSpec) {
				s.Mappings.Users = append(s.Mappings.Users, v1alpha1.Mapping{To: "CN", From: "x", Sensitive: true})
			},
			`spec.mappings.users[3].sensitive: messages and records call people by "CN"`, "leave sensitive out",
		},
		"row that writes the members": {
			func(s *v1alpha1.SyncTaskSpec) {
				s.Mappings.Departments = []v1alpha1.Mapping{{To: "member", From: "member"}}
			},
			`spec.mappings.departments[0].to: "member" is written by Sync Center, since target.ldap.departments.memberAttribute names it`, "remove the row",
		},
		"time zone": {
			func(s *v1alpha1.SyncTaskSpec) { s.Export = &v1alpha1.Export{TimeZone: "Asia/Beijing"} },
			`spec.export.timeZone: "Asia/Beijing" is no time zone`, "Asia/Shanghai",
		},
		"time zone of the machine": {
			func(s *v1alpha1.SyncTaskSpec) { s.Export = &v1alpha1.Export{TimeZone: "Local"} },
			`spec.export.timeZone: "Local" is no time zone`, "UTC",
		},
		"cron": {
			func(s *v1alpha1.SyncTaskSpec) {
				s.Trigger = v1alpha1.Trigger{Mode: v1alpha1.TriggerScheduled, Schedule: &v1alpha1.Schedule{Cron: "0 2 * *"}}
			},
			`spec.trigger.schedule.cron: "0 2 * *" is no cron expression`, "five fields",
		},
		"time zone of a schedule": {
			func(s *v1alpha1.SyncTaskSpec) {
				s.Trigger = v1alpha1.Trigger{Mode: v1alpha1.TriggerScheduled, Schedule: &v1alpha1.Schedule{Cron: "0 2 * *", TimeZone: "Asia/Beijing"}}
			},
			`spec.trigger.schedule.timeZone: "Asia/Beijing" is no time zone`, "Asia/Shanghai",
		},
		"time zone by default": {change: func(s *v1alpha1.SyncTaskSpec) { s.Export = &v1alpha1.Export{} }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			task := example()
			test.change(&task.Spec)
			found := definition.Validate(&task.Spec)
			if test.want == "" {
				if len(found) != 0 {
					t.Errorf("found %v in a task without problems", found)
				}
				return
			}
			if len(found) != 1 || !strings.HasPrefix(found[0].String(), test.want) || !strings.Contains(found[0].Message, test.mend) {
				t.Errorf("found %v, want one problem that begins %q and says %q", found, test.want, test.mend)
			}
		})
	}
}
