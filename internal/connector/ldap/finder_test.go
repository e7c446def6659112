package ldap_test

import (
	"fmt"
	"slices"
	"testing"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/directory"
)

func TestUsersAreFoundByTheirValues(t *testing.T) {
	t.Parallel()
	tree := server.Tree(t)
	server.Apply(t, fmt.Sprintf("dn: uid=li,%[1]s\nobjectClass: inetOrgPerson\nuid: li\ncn: 李雷\nsn: 李\nmail: Li@Example.com\nemployeeNumber: test/hr#1\n\n"+
		"dn: uid=star,%[1]s\nobjectClass: inetOrgPerson\nuid: star\ncn: a*b(c)\nsn: star\n\n"+
		"dn: cn=printer,%[1]s\nobjectClass: device\ncn: printer\n\n", tree.People))
	target, err := ldap.NewTarget(t.Context(), ldap.Config{
		URLs: []string{server.URL}, BindDN: slapdtest.AdminDN, Password: slapdtest.AdminPassword, Users: ldap.Users{BaseDN: tree.People, Mark: "employeeNumber"}, Departments: ldap.Departments{BaseDN: tree.Org},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { target.Close() })
	for _, err := range target.Departments(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
	}

	for _, test := range []struct {
		field    string
		equality directory.Equality
		want     bool
	}{
		{"uid", directory.IgnoreCase, true}, {"UID", directory.Exact, true}, {"telephoneNumber", directory.Phone, false},
		{"jpegPhoto", directory.Exact, false}, {"nothing", directory.Exact, false}, {"uid", directory.DN, false}, {"seeAlso", directory.DN, true},
	} {
		if finds, err := target.Finds(t.Context(), test.field, test.equality); err != nil || finds != test.want {
			t.Errorf("%s by %s: found by the server is %t, %v", test.field, test.equality, finds, err)
		}
	}

	values := func(pairs ...string) connector.Criterion {
		var criterion connector.Criterion
		for i := 0; i < len(pairs); i += 2 {
			criterion.Values = append(criterion.Values, connector.FieldValue{Field: pairs[i], Value: pairs[i+1]})
		}
		return criterion
	}
	for _, test := range []struct {
		name     string
		criteria []connector.Criterion
		want     []string
	}{
		{"a value, whatever its case", []connector.Criterion{values("mail", "li@example.COM")}, []string{"李雷"}},
		{"characters that mean something in a filter", []connector.Criterion{values("cn", "a*b(c)")}, []string{"a*b(c)"}},
		{"a star stands for itself", []connector.Criterion{values("cn", "*")}, nil},
		{"all of several values", []connector.Criterion{values("uid", "li", "sn", "star")}, nil},
		{"any of several criteria, each once", []connector.Criterion{values("uid", "li"), values("uid", "star"), values("sn", "李")}, []string{"a*b(c)", "李雷"}},
		{"a mark", []connector.Criterion{{Mark: &directory.Mark{Owner: "test/hr", SourceID: "1"}}}, []string{"李雷"}},
		{"another owner's mark", []connector.Criterion{{Mark: &directory.Mark{Owner: "test/other", SourceID: "1"}}}, nil},
		{"what the filter leaves out", []connector.Criterion{values("cn", "printer")}, nil},
	} {
		found, err := target.FindUsers(t.Context(), test.criteria, nil)
		var names []string
		for _, entry := range found {
			names = append(names, entry.Name)
		}
		if slices.Sort(names); err != nil || !slices.Equal(names, test.want) {
			t.Errorf("%s: found %q, %v; want %q", test.name, names, err, test.want)
		}
	}

	li, _ := target.FindUsers(t.Context(), []connector.Criterion{values("uid", "li")}, nil)
	for reference, want := range map[string]string{
		"UID=LI, " + tree.People: li[0].ID, "uid=nobody," + tree.People: "", "cn=printer," + tree.People: "", "uid=li," + tree.Org: "", "no name": "",
	} {
		if id, ok, err := target.ResolveOne(t.Context(), reference); err != nil || id != want || ok != (want != "") {
			t.Errorf("%q names %q (%t), %v; want %q", reference, id, ok, err, want)
		}
	}
}
