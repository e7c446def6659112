package ldap_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/directory"
)

// newUser is the least that inetOrgPerson takes.
func newUser(login string, departments ...string) connector.NewEntry {
	return connector.NewEntry{
		Attributes:  directory.Attributes{{Name: "cn", Values: []string{login}}, {Name: "sn", Values: []string{login}}, {Name: "uid", Values: []string{login}}},
		Departments: departments, Mark: directory.Mark{Owner: "hr", SourceID: login},
	}
}

func createUser(t *testing.T, target *ldap.Target, login string, departments ...string) directory.Entry {
	t.Helper()
	user, err := target.CreateUser(t.Context(), newUser(login, departments...))
	if err != nil {
		t.Fatal(err)
	}
	return user
}

func createDepartment(t *testing.T, target *ldap.Target, name, parent string) directory.Entry {
	t.Helper()
	department, err := target.CreateDepartment(t.Context(), connector.NewEntry{Parent: parent, Attributes: directory.Attributes{{Name: target.Capabilities().DepartmentName, Values: []string{name}}}})
	if err != nil {
		t.Fatal(err)
	}
	return department
}

// add and remove are changes of a reference.
func reference(field string, add, remove []string) connector.Patch {
	return connector.Patch{Changes: []connector.Change{{Field: field, Add: add, Remove: remove}}}
}

// TestReferencesFollowTheirUsers renames, moves and removes users whom others name, on servers with and without an overlay that
// follows by itself.
func TestReferencesFollowTheirUsers(t *testing.T) {
	servers := map[string]*slapdtest.Server{
		"plain server":                 server,
		"server with refint, memberOf": withOverlays(t),
	}
	for name, s := range servers {
		t.Run(name, func(t *testing.T) {
			config := configOf(s, s.Tree(t))
			config.Departments.Type, config.Departments.Placeholder = ldap.Groups, "cn=nobody"
			target := newTarget(t, config)
			group := createDepartment(t, target, "Sales", "")
			boss, ann := createUser(t, target, "boss"), createUser(t, target, "ann")
			must(t, target.SyncDepartmentMembers(t.Context(), group.ID, []string{boss.ID, ann.ID}, nil))
			must(t, target.SyncDepartmentLeaders(t.Context(), group.ID, []string{boss.ID}, nil))
			if _, err := target.UpdateUser(t.Context(), ann.ID, reference("manager", []string{boss.ID}, nil)); err != nil {
				t.Fatal(err)
			}
			if _, err := target.ChangeUserIdentifier(t.Context(), boss.ID, []string{"chief"}); err != nil {
				t.Fatal(err)
			}
			departments, users := readAll(t, config, "manager")
			resolve := newSource(t, config)
			all(t, resolve.Departments(t.Context(), nil))
			all(t, resolve.Users(t.Context(), []string{"manager"}))
			if leaders := named(t, departments, "Sales").Leaders; len(leaders) != 1 || resolved(resolve, leaders[0]) != boss.ID {
				t.Errorf("the leaders are %q after a rename", leaders)
			}
			if manager := named(t, users, "ann").Attributes.Get("manager"); len(manager) != 1 || resolved(resolve, manager[0]) != boss.ID {
				t.Errorf("the manager is %q after a rename", manager)
			}
			for _, user := range users {
				if !slices.Equal(user.Departments, []string{group.ID}) {
					t.Errorf("%s is in %q after a rename, want %q", user.Name, user.Departments, group.ID)
				}
			}
			must(t, target.DeleteUser(t.Context(), boss.ID))
			must(t, target.DeleteUser(t.Context(), ann.ID))
			departments, users = readAll(t, config)
			if len(users) != 0 || len(named(t, departments, "Sales").Leaders) != 0 {
				t.Errorf("%d users and the leaders %q are left", len(users), named(t, departments, "Sales").Leaders)
			}
			must(t, target.DeleteDepartment(t.Context(), group.ID))
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func resolved(source *ldap.Source, reference string) string {
	id, _ := source.Resolve(reference)
	return id
}

// readAll is what the next run reads.
func readAll(t *testing.T, config ldap.Config, fields ...string) (departments, users []directory.Entry) {
	t.Helper()
	source := newSource(t, config)
	return all(t, source.Departments(t.Context(), nil)), all(t, source.Users(t.Context(), fields))
}

func TestReferencesFollowAMovedSubtree(t *testing.T) {
	tree := server.Tree(t)
	config := configOf(server, tree)
	shapes["ByDepartment"](&config, tree)
	target := newTarget(t, config)
	all(t, target.Departments(t.Context(), nil))
	all(t, target.Users(t.Context(), []string{"manager"}))
	sales, marketing := createDepartment(t, target, "Sales", ""), createDepartment(t, target, "Marketing", "")
	boss := createUser(t, target, "boss", sales.ID)
	ann := createUser(t, target, "ann", marketing.ID)
	if _, err := target.UpdateUser(t.Context(), ann.ID, reference("manager", []string{boss.ID}, nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := target.MoveDepartment(t.Context(), sales.ID, marketing.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := target.UpdateDepartment(t.Context(), marketing.ID, connector.Patch{Changes: []connector.Change{{Field: "ou", Values: []string{"Mar, keting"}}}}); err != nil {
		t.Fatal(err)
	}
	if got, want := valuesOf(t, "uid=ann,ou=Mar\\, keting,"+tree.Org, "manager"), "uid=boss,ou=Sales,ou=Mar\\2C keting,"+tree.Org; len(got) != 1 || !directory.DN.Same(got[0], want) {
		t.Errorf("the manager is %q after the moves, want %q", got, want)
	}
	if _, err := target.ChangeUserDepartments(t.Context(), boss.ID, connector.DepartmentsChange{Main: marketing.ID, Remove: []string{sales.ID}}); err != nil {
		t.Fatal(err)
	}
	if got, want := valuesOf(t, "uid=ann,ou=Mar\\, keting,"+tree.Org, "manager"), "uid=boss,ou=Mar\\2C keting,"+tree.Org; len(got) != 1 || !directory.DN.Same(got[0], want) {
		t.Errorf("the manager is %q after his transfer, want %q", got, want)
	}
}

func TestUsersKeepARenamedDepartment(t *testing.T) {
	for _, shape := range []string{"FlatByName", "FlatByDN", "FlatByID", "ByDepartment", "Groups"} {
		t.Run(shape, func(t *testing.T) {
			tree := server.Tree(t)
			config := configOf(server, tree)
			shapes[shape](&config, tree)
			target := newTarget(t, config)
			sales, other := createDepartment(t, target, "Sales", ""), createDepartment(t, target, "Other", "")
			member := []string{sales.ID}
			if target.Capabilities().Membership == directory.OnDepartment {
				member = nil
			}
			ann := createUser(t, target, "ann", member...)
			if member == nil {
				must(t, target.SyncDepartmentMembers(t.Context(), sales.ID, []string{ann.ID}, nil))
			}
			for _, name := range []string{"sales", "Vertrieb", "Sales"} { // the first differs by case alone
				field := target.Capabilities().DepartmentName
				answer, err := target.UpdateDepartment(t.Context(), sales.ID, connector.Patch{Changes: []connector.Change{{Field: field, Values: []string{name}}}})
				if err != nil {
					t.Fatalf("renaming to %q: %v", name, err)
				}
				if answer.ID != sales.ID || answer.Name != name || !slices.Equal(answer.Attributes.Get(field), []string{name}) {
					t.Errorf("renaming to %q answers with %q, %q", name, answer.Name, answer.Attributes.Get(field))
				}
				departments, users := readAll(t, config)
				if got := named(t, users, "ann").Departments; !slices.Equal(got, []string{named(t, departments, name).ID}) {
					t.Errorf("after the rename to %q Ann is in %q, want %q", name, got, sales.ID)
				}
			}
			if _, err := target.UpdateDepartment(t.Context(), other.ID, connector.Patch{Changes: []connector.Change{{Field: target.Capabilities().DepartmentName, Values: []string{"SALES"}}}}); connector.ClassOf(err) != connector.Conflict {
				t.Errorf("taking a name that is in use: %v, want an error of class Conflict", err)
			}
		})
	}
}

func TestAWriteNeverHitsWhoTookThePlace(t *testing.T) {
	t.Run("with assertions", func(t *testing.T) { takenPlace(t, func(*ldap.Target) {}) })
	t.Run("without assertions", func(t *testing.T) { takenPlace(t, (*ldap.Target).WithoutControls) })
}

func takenPlace(t *testing.T, prepare func(*ldap.Target)) {
	tree := server.Tree(t)
	config := configOf(server, tree)
	target := newTarget(t, config)
	prepare(target)
	ann := createUser(t, target, "ann")
	server.Apply(t, "dn: uid=ann,"+tree.People+"\nchangetype: modrdn\nnewrdn: uid=married\ndeleteoldrdn: 1\n\n"+
		person("uid=ann,"+tree.People, "Another Ann"))
	if _, err := target.UpdateUser(t.Context(), ann.ID, connector.Patch{Changes: []connector.Change{{Field: "title", Values: []string{"Boss"}}}}); err != nil {
		t.Fatal(err)
	}
	if got := valuesOf(t, "uid=ann,"+tree.People, "title"); len(got) != 0 {
		t.Errorf("the other Ann has become %q", got)
	}
	if got := valuesOf(t, "uid=married,"+tree.People, "title"); !slices.Equal(got, []string{"Boss"}) {
		t.Errorf("Ann's title is %q, want Boss", got)
	}
	server.Apply(t, "dn: uid=married,"+tree.People+"\nchangetype: delete\n\n")
	for name, write := range map[string]func() error{
		"delete": func() error { return target.DeleteUser(t.Context(), ann.ID) },
		"rename": func() error { _, err := target.ChangeUserIdentifier(t.Context(), ann.ID, []string{"x"}); return err },
	} {
		if err := write(); connector.ClassOf(err) != connector.NotFound {
			t.Errorf("%s of a user that is gone: %v, want an error of class NotFound", name, err)
		}
	}
}

func TestMissingAndRefusedValues(t *testing.T) {
	strict := slapdtest.Start(t, slapdtest.Options{Database: "overlay unique\nunique_uri ldap:///?mail?sub"})
	config := configOf(strict, slapdtest.Tree{People: slapdtest.People, Org: slapdtest.Org})
	target := newTarget(t, config)
	ann, bob := createUser(t, target, "ann"), createUser(t, target, "bob")
	set := func(id, field string, values ...string) func() error {
		return func() error {
			_, err := target.UpdateUser(t.Context(), id, connector.Patch{Changes: []connector.Change{{Field: field, Values: values}}})
			return err
		}
	}
	create := func(attributes ...directory.Attribute) func() error {
		return func() error {
			_, err := target.CreateUser(t.Context(), connector.NewEntry{Attributes: attributes})
			return err
		}
	}
	must(t, set(ann.ID, "mail", "ann@example.com")())
	tests := map[string]struct {
		write func() error
		class connector.Class
		text  string
	}{
		"a missing MUST":         {create(directory.Attribute{Name: "cn", Values: []string{"x"}}, directory.Attribute{Name: "uid", Values: []string{"x"}}), connector.Invalid, "sn"},
		"no name":                {create(directory.Attribute{Name: "cn", Values: []string{"x"}}, directory.Attribute{Name: "sn", Values: []string{"x"}}), connector.Invalid, "uid"},
		"an emptied MUST":        {set(ann.ID, "sn"), connector.Invalid, "sn"},
		"a name in use":          {func() error { _, err := target.CreateUser(t.Context(), newUser("bob")); return err }, connector.Conflict, "another entry has this name"},
		"a value that is unique": {set(bob.ID, "mail", "ann@example.com"), connector.Conflict, "unique"},
		"an unknown attribute":   {set(bob.ID, "nosuchthing", "x"), connector.Invalid, "nosuchthing"},
		"a class's attribute":    {set(bob.ID, "ou\x00", "x"), connector.Invalid, "no attribute"},
		"an attribute not ours":  {set(bob.ID, "dc", "x"), connector.Invalid, "object classes"},
		"a second value":         {set(bob.ID, "preferredLanguage", "zh", "en"), connector.Invalid, "preferredLanguage"},
		"not an ID":              {set("bob", "title", "x"), connector.Invalid, "not an ID"},
		"a disabled account": {func() error {
			off := false
			_, err := target.UpdateUser(t.Context(), bob.ID, connector.Patch{Active: &off})
			return err
		}, connector.Invalid, "users.disable"},
		"a move of a group": {func() error { return target.SyncDepartmentMembers(t.Context(), ann.ID, nil, nil) }, connector.Invalid, "Groups"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := test.write(); connector.ClassOf(err) != test.class || !strings.Contains(err.Error(), test.text) {
				t.Errorf("the error is %v of class %q, want class %q and %q", err, connector.ClassOf(err), test.class, test.text)
			}
		})
	}
}

func TestGroupsOfThousands(t *testing.T) {
	tree := server.Tree(t)
	config := configOf(server, tree)
	config.Departments.Type = ldap.Groups
	const size = 5000
	var ldif strings.Builder
	for i := range size {
		ldif.WriteString(person(fmt.Sprintf("uid=u%d,%s", i, tree.People), "User"))
	}
	server.Apply(t, ldif.String())
	target := newTarget(t, config)
	group := createDepartment(t, target, "Everyone", "")
	var ids []string
	all(t, target.Departments(t.Context(), nil))
	for _, user := range all(t, target.Users(t.Context(), nil)) {
		ids = append(ids, user.ID)
	}
	must(t, target.SyncDepartmentMembers(t.Context(), group.ID, ids, nil))
	members := func() (count int) {
		_, users := readAll(t, config)
		for _, user := range users {
			count += len(user.Departments)
		}
		return count
	}
	if got := members(); got != size {
		t.Errorf("the group has %d members, want %d", got, size)
	}
	if got := valuesOf(t, group.Place, "member"); slices.Contains(got, "cn=nobody,"+tree.Org) {
		t.Error("the placeholder stays in a group with members")
	}
	must(t, target.SyncDepartmentMembers(t.Context(), group.ID, nil, ids))
	if got := valuesOf(t, group.Place, "member"); !slices.Equal(got, []string{"cn=nobody," + tree.Org}) {
		t.Errorf("an emptied group has %d members, want the placeholder alone", len(got))
	}
}

func TestManyWritersAtOnce(t *testing.T) {
	tree := server.Tree(t)
	config := configOf(server, tree)
	shapes["ByDepartment"](&config, tree)
	target := newTarget(t, config)
	top := createDepartment(t, target, "Top", "")
	var work errgroup.Group
	for writer := range 16 {
		work.Go(func() error {
			department, err := target.CreateDepartment(t.Context(), connector.NewEntry{Parent: top.ID, Attributes: directory.Attributes{{Name: "ou", Values: []string{fmt.Sprint("D", writer)}}}})
			for i := 0; i < 5 && err == nil; i++ {
				var user directory.Entry
				if user, err = target.CreateUser(t.Context(), newUser(fmt.Sprintf("u-%d-%d", writer, i), department.ID)); err == nil {
					_, err = target.ChangeUserDepartments(t.Context(), user.ID, connector.DepartmentsChange{Main: top.ID})
				}
			}
			return errors.Join(err, target.DeleteDepartment(t.Context(), department.ID))
		})
	}
	must(t, work.Wait())
	if departments, users := readAll(t, config); len(departments) != 1 || len(users) != 80 {
		t.Errorf("%d departments and %d users are left, want 1 and 80", len(departments), len(users))
	}
}

func TestWritesOutliveARestartAndEndWithTheirContext(t *testing.T) {
	own := slapdtest.Start(t, slapdtest.Options{})
	target := newTarget(t, configOf(own, slapdtest.Tree{People: slapdtest.People, Org: slapdtest.Org}))
	createUser(t, target, "ann")
	own.Kill()
	if _, err := target.CreateUser(t.Context(), newUser("bob")); connector.ClassOf(err) != connector.Unavailable {
		t.Errorf("writing to a server that is gone: %v, want an error of class Unavailable", err)
	}
	must(t, own.Restart())
	createUser(t, target, "bob")
	resume := own.Pause()
	defer resume()
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	if _, err := target.CreateUser(ctx, newUser("eve")); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled write ends with %v", err)
	}
}

func TestNewAccountsAreOn(t *testing.T) {
	tree := server.Tree(t)
	config := configOf(server, tree)
	shapes["ByDepartment"](&config, tree)
	plain := config
	config.Users.Disable = &ldap.Disable{Attribute: "employeeType", Disabled: "off", Enabled: "on"}
	target := newTarget(t, config)
	top := createDepartment(t, target, "Top", "")
	user := createUser(t, target, "li", top.ID)
	if user.Disabled {
		t.Error("a new account is off")
	}
	source, err := ldap.NewSource(t.Context(), plain)
	must(t, err)
	defer source.Close()
	users, err := source.Lookup(t.Context(), directory.User, []string{user.ID}, []string{"employeeType"})
	must(t, err)
	if len(users) != 1 || !slices.Equal(users[0].Attributes.Get("employeeType"), []string{"on"}) {
		t.Errorf("the account reads %+v, want employeeType on", users)
	}
}
