package ldap_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/directory"
)

func TestSchemaSaysWhatTheServerSays(t *testing.T) {
	own := slapdtest.Start(t, slapdtest.Options{Global: "attributetype ( 1.3.6.1.4.1.55555.1 NAME 'active' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )\n" +
		"attributetype ( 1.3.6.1.4.1.55555.2 NAME 'level' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )\n" +
		"attributetype ( 1.3.6.1.4.1.55555.3 NAME 'joined' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )\n" +
		"objectclass ( 1.3.6.1.4.1.55555.4 NAME 'employee' SUP inetOrgPerson STRUCTURAL MUST mail MAY ( active $ level $ joined ) )"})
	config := configOf(own, slapdtest.Tree{People: slapdtest.People, Org: slapdtest.Org})
	config.Users.ObjectClasses = []string{"employee"}
	target := newTarget(t, config)
	schema, err := target.Schema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []directory.Field{
		{Name: "cn", Type: directory.String, Multiple: true, Equality: directory.IgnoreCase, Required: true},
		{Name: "mail", Type: directory.String, Multiple: true, Equality: directory.IgnoreCase, Required: true},
		{Name: "uid", Type: directory.String, Multiple: true, Equality: directory.IgnoreCase, Required: true, Unique: true},
		{Name: "displayName", Type: directory.String, Equality: directory.IgnoreCase},
		{Name: "telephoneNumber", Type: directory.String, Multiple: true, Equality: directory.Phone},
		{Name: "jpegPhoto", Type: directory.Bytes, Multiple: true, Equality: directory.Exact},
		{Name: "manager", Type: directory.Reference, Multiple: true, Equality: directory.DN, Refers: directory.User},
		{Name: "seeAlso", Type: directory.String, Multiple: true, Equality: directory.DN},
		{Name: "active", Type: directory.Bool, Equality: directory.Exact},
		{Name: "level", Type: directory.Int, Equality: directory.Exact},
		{Name: "joined", Type: directory.Time, Equality: directory.Exact},
		{Name: "entryUUID", Type: directory.String, Equality: directory.Exact, ReadOnly: true},
		{Name: "employeeNumber", Type: directory.String, Equality: directory.IgnoreCase, ReadOnly: true}, // it holds the mark
		{Name: "dc", Type: directory.String, Equality: directory.IgnoreCase, ReadOnly: true},             // the classes do not allow it
	} {
		got, _ := schema.Field(directory.User, strings.ToUpper(want.Name))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("field %s (-want +got): %s", want.Name, diff)
		}
	}
	if ou, _ := schema.Field(directory.Department, "ou"); !ou.Required {
		t.Error("ou is not required of a department")
	}
	entry := newUser("li")
	entry.Attributes = append(entry.Attributes, directory.Attribute{Name: "active", Values: []string{"true"}}, directory.Attribute{Name: "joined", Values: []string{"2026-01-02T03:04:05.5Z"}},
		directory.Attribute{Name: "level", Values: []string{"-7"}}, directory.Attribute{Name: "mail", Values: []string{"li@example.com"}})
	created, err := target.CreateUser(t.Context(), entry)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"active": "true", "joined": "2026-01-02T03:04:05.5Z", "level": "-7"} {
		if got := created.Attributes.Get(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s is read back as %q, want %q", name, got, want)
		}
	}
}

func TestTargetRefusesWhatTheSchemaForbids(t *testing.T) {
	tests := map[string]struct {
		change func(*ldap.Config)
		text   string
	}{
		"an unknown object class":  {func(c *ldap.Config) { c.Users.ObjectClasses = []string{"robot"} }, "robot"},
		"a mark without a place":   {func(c *ldap.Config) { c.Departments.Mark = "employeeNumber" }, "mark"},
		"leaders without a place":  {func(c *ldap.Config) { c.Departments.LeaderAttribute = "owner" }, "leaderAttribute"},
		"not an attribute at all":  {func(c *ldap.Config) { c.Users.Mark = "a)(b=c" }, "users.mark"},
		"a switch without a value": {func(c *ldap.Config) { c.Users.Disable = &ldap.Disable{Attribute: "title"} }, "users.disable"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			config := configOf(server, slapdtest.Tree{People: slapdtest.People, Org: slapdtest.Org})
			test.change(&config)
			_, err := ldap.NewTarget(t.Context(), config)
			if connector.ClassOf(err) != connector.Invalid || !strings.Contains(err.Error(), test.text) {
				t.Errorf("the error is %v of class %q, want class Invalid and %q", err, connector.ClassOf(err), test.text)
			}
		})
	}
}

func TestAnEntryThatCannotBeUnderstoodIsUnknownAlone(t *testing.T) {
	tree := server.Tree(t)
	server.Apply(t, slapdtest.Unit("ou=A,"+tree.Org)+slapdtest.Unit("ou=B,"+tree.Org)+slapdtest.Unit("ou=Same,ou=A,"+tree.Org)+slapdtest.Unit("ou=Same,ou=B,"+tree.Org)+
		person("uid=ann,"+tree.People, "Ann", "departmentNumber: same")+person("uid=bob,"+tree.People, "Bob", "departmentNumber: A"))
	config := configOf(server, tree)
	shapes["FlatByName"](&config, tree)
	departments, users := readAll(t, config)
	ann, bob := named(t, users, "Ann"), named(t, users, "Bob")
	if ann.Err == nil || !strings.Contains(ann.Err.Error(), "same") || ann.ID == "" {
		t.Errorf("Ann, whose department cannot be told, has the error %v", ann.Err)
	}
	if bob.Err != nil || len(bob.Departments) != 1 || bob.Departments[0] != named(t, departments, "A").ID {
		t.Errorf("Bob is in %q with the error %v", bob.Departments, bob.Err)
	}
}
