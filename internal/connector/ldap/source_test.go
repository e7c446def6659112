package ldap_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/directory"
)

// server serves all tests of this package that need nothing special.
var server *slapdtest.Server

func TestMain(m *testing.M) {
	var err error
	if server, err = slapdtest.New(slapdtest.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	server.Close()
	os.Exit(code)
}

// configOf describes a tree of a test server, read and written by the administrator.
func configOf(s *slapdtest.Server, tree slapdtest.Tree) ldap.Config {
	return ldap.Config{
		URLs: []string{s.URL}, BindDN: slapdtest.AdminDN, Password: slapdtest.AdminPassword,
		Users:       ldap.Users{BaseDN: tree.People, Mark: "employeeNumber"},
		Departments: ldap.Departments{BaseDN: tree.Org, Mark: "businessCategory"},
	}
}

func newSource(t *testing.T, config ldap.Config) *ldap.Source {
	t.Helper()
	source, err := ldap.NewSource(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { source.Close() })
	return source
}

// all collects a sequence up to its end.
func all(t *testing.T, entries iter.Seq2[directory.Entry, error]) []directory.Entry {
	t.Helper()
	collected, err := collect(entries)
	if err != nil {
		t.Fatal(err)
	}
	return collected
}

func collect(entries iter.Seq2[directory.Entry, error]) (collected []directory.Entry, err error) {
	for entry, err := range entries {
		if err != nil {
			return collected, err
		}
		collected = append(collected, entry)
	}
	return collected, nil
}

func named(t *testing.T, entries []directory.Entry, name string) directory.Entry {
	t.Helper()
	at := slices.IndexFunc(entries, func(e directory.Entry) bool { return e.Name == name })
	if at < 0 {
		t.Fatalf("there is no %q among %d entries", name, len(entries))
	}
	return entries[at]
}

// person is the LDIF of a user.
func person(dn, cn string, lines ...string) string {
	rdn, value, _ := strings.Cut(strings.SplitN(dn, ",", 2)[0], "=")
	return fmt.Sprintf("dn: %s\nobjectClass: inetOrgPerson\n%s: %s\ncn: %s\nsn: %s\n%s\n\n", dn, rdn, value, cn, cn, strings.Join(lines, "\n"))
}

func TestSourceReadsFieldsInCanonicalForm(t *testing.T) {
	tree := server.Tree(t)
	server.Apply(t, person("uid=han,"+tree.People, "Han")+
		person("uid=li,"+tree.People, "Li", "mail: li@example.com", "mail: lei@example.com", "jpegPhoto:: /9j/4AE=",
			"telephoneNumber: +86 10 1234", "manager: UID=han, "+tree.People, "userPassword: hidden", "employeeNumber: hr#people#17", "description:: 5p2O6Zu3"))
	source := newSource(t, configOf(server, tree))
	if departments := all(t, source.Departments(t.Context(), nil)); len(departments) != 0 {
		t.Fatalf("an empty base has departments: %v", departments)
	}
	users := all(t, source.Users(t.Context(), []string{"MAIL", "jpegPhoto", "telephoneNumber", "manager", "userPassword", "description", "title", "createTimestamp"}))
	li := named(t, users, "Li")
	created := li.Attributes.Get("createTimestamp")
	if len(created) != 1 || !strings.HasSuffix(created[0], "Z") || !strings.Contains(created[0], "T") {
		t.Errorf("createTimestamp is %q, want an RFC 3339 time", created)
	}
	want := directory.Attributes{
		{Name: "createTimestamp", Values: created},
		{Name: "description", Values: []string{"李雷"}},
		{Name: "jpegPhoto", Values: []string{"\xff\xd8\xff\xe0\x01"}},
		{Name: "mail", Values: []string{"li@example.com", "lei@example.com"}},
		{Name: "manager", Values: li.Attributes.Get("manager")},
		{Name: "telephoneNumber", Values: []string{"+86 10 1234"}},
	}
	if diff := cmp.Diff(want, li.Attributes); diff != "" {
		t.Errorf("attributes (-want +got): %s", diff)
	}
	if diff := cmp.Diff([]string{"userPassword"}, li.Unreadable); diff != "" {
		t.Errorf("unreadable: %s", diff)
	}
	if diff := cmp.Diff(&directory.Mark{Owner: "hr#people", SourceID: "17"}, li.Mark); diff != "" {
		t.Errorf("mark: %s", diff)
	}
	if id, ok := source.Resolve(li.Attributes.Get("manager")[0]); !ok || id != named(t, users, "Han").ID {
		t.Errorf("the manager resolves to %q, %t; want %q", id, ok, named(t, users, "Han").ID)
	}
	if _, ok := source.Resolve("uid=nobody," + tree.People); ok {
		t.Error("a name of nobody resolves")
	}
}

// organization has departments three levels deep with hard names, and a folder that is no department between two of them.
func organization(org string) string {
	return slapdtest.Unit("ou=Company,"+org) +
		"dn: ou=R\\, D \\+ Co\\22,ou=Company," + org + "\nobjectClass: organizationalUnit\nou: R, D + Co\"\n\n" +
		"dn: cn=folder,ou=Company," + org + "\nobjectClass: organizationalRole\ncn: folder\n\n" +
		"dn:: " + base64Of("ou=研发🚀,cn=folder,ou=Company,"+org) + "\nobjectClass: organizationalUnit\nou:: " + base64Of("研发🚀") + "\n\n"
}

func TestSourceNestsDepartments(t *testing.T) {
	tree := server.Tree(t)
	server.Apply(t, organization(tree.Org))
	source := newSource(t, configOf(server, tree))
	departments := all(t, source.Departments(t.Context(), []string{"ou"}))
	company := named(t, departments, "Company")
	if company.Parent != "" {
		t.Errorf("the top department has the parent %q", company.Parent)
	}
	for _, name := range []string{`R, D + Co"`, "研发🚀"} {
		if got := named(t, departments, name); got.Parent != company.ID || got.Attributes.Get("ou")[0] != name {
			t.Errorf("department %q has the parent %q and ou %q, want %q", name, got.Parent, got.Attributes.Get("ou"), company.ID)
		}
	}
	if len(departments) != 3 {
		t.Errorf("%d departments, want 3: neither the base nor a folder is one", len(departments))
	}
}

func TestSourceFindsTheDepartmentsOfUsers(t *testing.T) {
	tests := map[string]struct {
		change func(*ldap.Config, slapdtest.Tree)
		ldif   func(slapdtest.Tree) string
		want   []string
	}{
		"by place": {
			change: func(c *ldap.Config, tree slapdtest.Tree) {
				c.Users.BaseDN, c.Users.Layout = tree.Org, ldap.ByDepartment
			},
			ldif: func(tree slapdtest.Tree) string { return person("uid=li,ou=B,ou=A,"+tree.Org, "Li") },
			want: []string{"B"},
		},
		"above all departments": {
			change: func(c *ldap.Config, tree slapdtest.Tree) {
				c.Users.BaseDN, c.Users.Layout = tree.Org, ldap.ByDepartment
			},
			ldif: func(tree slapdtest.Tree) string { return person("uid=li,"+tree.Org, "Li") },
		},
		"by name": {
			change: func(c *ldap.Config, _ slapdtest.Tree) {
				c.Users.DepartmentAttribute = &ldap.DepartmentAttribute{Name: "departmentNumber"}
			},
			ldif: func(tree slapdtest.Tree) string {
				return person("uid=li,"+tree.People, "Li", "departmentNumber: b", "departmentNumber: unknown", "departmentNumber: A")
			},
			want: []string{"B", "A"},
		},
		"by DN": {
			change: func(c *ldap.Config, _ slapdtest.Tree) {
				c.Users.DepartmentAttribute = &ldap.DepartmentAttribute{Name: "seeAlso", Holds: ldap.HoldsDN}
			},
			ldif: func(tree slapdtest.Tree) string {
				return person("uid=li,"+tree.People, "Li", "seeAlso: ou=b, ou=a,"+tree.Org)
			},
			want: []string{"B"},
		},
		"by groups": {
			change: func(c *ldap.Config, tree slapdtest.Tree) { c.Departments.Type = ldap.Groups },
			ldif: func(tree slapdtest.Tree) string {
				return person("uid=li,"+tree.People, "Li") +
					"dn: cn=G,ou=A," + tree.Org + "\nobjectClass: groupOfNames\ncn: G\nmember: cn=nobody\nmember: UID=li," + tree.People + "\nowner: uid=li," + tree.People + "\n\n"
			},
			want: []string{"G"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			tree := server.Tree(t)
			server.Apply(t, slapdtest.Unit("ou=A,"+tree.Org)+slapdtest.Unit("ou=B,ou=A,"+tree.Org)+test.ldif(tree))
			config := configOf(server, tree)
			test.change(&config, tree)
			source := newSource(t, config)
			departments := all(t, source.Departments(t.Context(), nil))
			li := named(t, all(t, source.Users(t.Context(), nil)), "Li")
			names := map[string]string{}
			for _, department := range departments {
				names[department.ID] = department.Name
				for _, leader := range department.Leaders {
					if id, ok := source.Resolve(leader); !ok || id != li.ID {
						t.Errorf("the leader %q resolves to %q, want %q", leader, id, li.ID)
					}
				}
			}
			compare := func(got []string) {
				t.Helper()
				var called []string
				for _, id := range got {
					called = append(called, names[id])
				}
				if diff := cmp.Diff(test.want, called); diff != "" {
					t.Errorf("departments (-want +got): %s", diff)
				}
			}
			compare(li.Departments)
			found, err := source.Lookup(t.Context(), directory.User, []string{li.ID, li.ID, "no-id"}, nil)
			if err != nil || len(found) != 1 {
				t.Fatalf("looking Li up: %d entries, %v", len(found), err)
			}
			compare(found[0].Departments)
		})
	}
}

func TestLookupAsksForManyAndIgnoresTheFilter(t *testing.T) {
	tree := server.Tree(t)
	var ldif strings.Builder
	for i := range 250 {
		ldif.WriteString(person(fmt.Sprintf("uid=u%d,%s", i, tree.People), fmt.Sprint("User ", i)))
	}
	server.Apply(t, ldif.String())
	config := configOf(server, tree)
	source := newSource(t, config)
	all(t, source.Departments(t.Context(), nil))
	var ids []string
	for _, user := range all(t, source.Users(t.Context(), nil)) {
		ids = append(ids, strings.ToUpper(user.ID))
	}
	config.Users.Filter = "(uid=u1)"
	narrow := newSource(t, config)
	found, err := narrow.Lookup(t.Context(), directory.User, append(ids, "00000000-0000-0000-0000-000000000000"), []string{"uid"})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 250 {
		t.Errorf("%d of 250 users are found", len(found))
	}
}

func TestReadsAreWholeOrAnError(t *testing.T) {
	limited := slapdtest.Start(t, slapdtest.Options{Database: "limits dn.exact=" + slapdtest.ReaderDN + " size=5\n" +
		"access to dn.subtree=ou=hidden," + slapdtest.Suffix + " by * none\n" +
		"access to * by anonymous auth by * read\n"})
	for i := range 10 {
		limited.Apply(t, person(fmt.Sprintf("uid=u%d,%s", i, slapdtest.People), "User"))
	}
	limited.Apply(t, slapdtest.Unit("ou=hidden,"+slapdtest.Suffix)+slapdtest.Unit("ou=split,"+slapdtest.Suffix)+
		"dn: ou=elsewhere,ou=split,"+slapdtest.Suffix+"\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\nref: ldap://other.example.com/ou=x\n\n")
	tests := map[string]struct {
		base  string
		class connector.Class
		text  string
	}{
		"size limit":     {slapdtest.People, connector.Incomplete, "size limit"},
		"no base":        {"ou=nowhere," + slapdtest.Suffix, connector.NotFound, "no such entry"},
		"hidden base":    {"ou=hidden," + slapdtest.Suffix, connector.NotFound, "may not see it"},
		"reference":      {"ou=split," + slapdtest.Suffix, connector.Incomplete, "other.example.com"},
		"other's domain": {"dc=other", connector.NotFound, "dc=other"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			config := configOf(limited, slapdtest.Tree{People: test.base})
			config.BindDN, config.Password = slapdtest.ReaderDN, slapdtest.ReaderPassword
			source := newSource(t, config)
			all(t, source.Departments(t.Context(), nil))
			_, err := collect(source.Users(t.Context(), nil))
			if connector.ClassOf(err) != test.class || !strings.Contains(fmt.Sprint(err), test.text) || !strings.Contains(fmt.Sprint(err), limited.URL) {
				t.Errorf("error %q of class %q, want class %q, the server and %q", err, connector.ClassOf(err), test.class, test.text)
			}
		})
	}
	t.Run("ignored reference", func(t *testing.T) {
		config := configOf(limited, slapdtest.Tree{People: "ou=split," + slapdtest.Suffix})
		config.Referrals = ldap.IgnoreReferrals
		source := newSource(t, config)
		all(t, source.Departments(t.Context(), nil))
		all(t, source.Users(t.Context(), nil))
	})
}

func TestReadsEndWithTheirContext(t *testing.T) {
	tree := server.Tree(t)
	source := newSource(t, configOf(server, tree))
	all(t, source.Departments(t.Context(), nil))
	resume := server.Pause()
	defer resume()
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	_, err := collect(source.Users(ctx, nil))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled read ends with %v", err)
	}
}

func TestLoginsAndCertificatesAreChecked(t *testing.T) {
	named := slapdtest.Start(t, slapdtest.Options{Hosts: []string{"ldap.example.com"}})
	plain := slapdtest.Start(t, slapdtest.Options{NoTLS: true})
	tests := map[string]struct {
		change func(*ldap.Config)
		class  connector.Class
		text   string
	}{
		"ldaps":                    {change: func(c *ldap.Config) { c.URLs, c.CA = []string{server.TLSURL}, server.CA }},
		"StartTLS":                 {change: func(c *ldap.Config) { c.StartTLS, c.CA = true, server.CA }},
		"the second server":        {change: func(c *ldap.Config) { c.URLs = []string{"ldap://127.0.0.1:1", server.URL} }},
		"wrong password":           {func(c *ldap.Config) { c.Password = "wrong" }, connector.Credentials, "Secret"},
		"a username that is no DN": {func(c *ldap.Config) { c.BindDN = "admin" }, connector.Credentials, "key username"},
		"no such host":             {func(c *ldap.Config) { c.URLs = []string{"ldap://directory.invalid"} }, connector.Unavailable, "correct the host in urls"},
		"no StartTLS":              {func(c *ldap.Config) { c.URLs, c.StartTLS = []string{plain.URL}, true }, connector.Invalid, "does not offer StartTLS"},
		"empty password":           {func(c *ldap.Config) { c.Password = "" }, connector.Credentials, "empty"},
		"nobody":                   {change: func(c *ldap.Config) { c.BindDN, c.Password, c.Anonymous = "", "", true }},
		"no server":                {func(c *ldap.Config) { c.URLs = []string{"ldap://127.0.0.1:1"} }, connector.Unavailable, "connection refused: correct host and port in urls if they are wrong; else see whether the server runs, and whether a NetworkPolicy"},
		"no such base": {func(c *ldap.Config) { c.Users.BaseDN = "ou=nowhere," + slapdtest.Suffix }, connector.NotFound,
			`correct users.baseDN (its part "` + slapdtest.Suffix + `" is there), or give the account the right`},
		"unknown authority":   {func(c *ldap.Config) { c.URLs = []string{server.TLSURL} }, connector.Untrusted, "authority"},
		"StartTLS, untrusted": {func(c *ldap.Config) { c.StartTLS = true }, connector.Untrusted, "authority"},
		"another name":        {func(c *ldap.Config) { c.URLs, c.CA = []string{named.TLSURL}, named.CA }, connector.Untrusted, "another name"},
		"no TLS there": {func(c *ldap.Config) {
			c.URLs = []string{strings.Replace(server.URL, "ldap:", "ldaps:", 1)}
		}, connector.Unavailable, "it does not speak TLS at this port"},
		"no certificate":       {func(c *ldap.Config) { c.CA = []byte("x") }, connector.Untrusted, "PEM"},
		"not an address":       {func(c *ldap.Config) { c.URLs = []string{"ldap.example.com"} }, connector.Invalid, "urls[0]"},
		"not a filter":         {func(c *ldap.Config) { c.Users.Filter = "(uid=" }, connector.Invalid, "users.filter"},
		"not a name":           {func(c *ldap.Config) { c.Users.BaseDN = "people" }, connector.Invalid, "users.baseDN"},
		"place and attribute":  {func(c *ldap.Config) { c.Users.Layout, c.Departments.Type = ldap.ByDepartment, ldap.Groups }, connector.Invalid, "users.layout"},
		"TLS and then TLS too": {func(c *ldap.Config) { c.URLs, c.StartTLS = []string{server.TLSURL}, true }, connector.Invalid, "startTLS"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			config := configOf(server, slapdtest.Tree{People: slapdtest.People, Org: slapdtest.Org})
			test.change(&config)
			source, err := ldap.NewSource(t.Context(), config)
			if err == nil {
				defer source.Close()
				_, err = source.Identity(t.Context())
			}
			if connector.ClassOf(err) != test.class || test.class != "" && !strings.Contains(err.Error(), test.text) || (err == nil) != (test.class == "") {
				t.Errorf("error %v of class %q, want class %q and %q", err, connector.ClassOf(err), test.class, test.text)
			}
			if err != nil && strings.Contains(err.Error(), slapdtest.AdminPassword) {
				t.Error("the error holds the password")
			}
		})
	}
}

func TestIdentityIsTheThingAndNotItsName(t *testing.T) {
	tree := server.Tree(t)
	before, err := newSource(t, configOf(server, tree)).Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server.Apply(t, "dn: "+tree.People+"\nchangetype: modrdn\nnewrdn: ou=staff\ndeleteoldrdn: 1\n")
	renamed := tree
	renamed.People = "ou=staff," + tree.Base
	after, err := newSource(t, configOf(server, renamed)).Identity(t.Context())
	if err != nil || after != before {
		t.Errorf("the identity was %q and is %q after a rename, error %v", before, after, err)
	}
	other, err := newSource(t, configOf(server, server.Tree(t))).Identity(t.Context())
	if err != nil || other == before {
		t.Errorf("another directory has the identity %q too, error %v", other, err)
	}
}
