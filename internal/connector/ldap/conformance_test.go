package ldap_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/connectortest"
	"synccenter.dev/synccenter/internal/connector/ldap"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/directory"
)

// shapes are the forms that a directory can have.
var shapes = map[string]func(*ldap.Config, slapdtest.Tree){
	"ByDepartment": func(c *ldap.Config, tree slapdtest.Tree) {
		c.Users.BaseDN, c.Users.Layout = tree.Org, ldap.ByDepartment
	},
	"FlatByName": func(c *ldap.Config, _ slapdtest.Tree) {
		c.Users.DepartmentAttribute = &ldap.DepartmentAttribute{Name: "departmentNumber", Holds: ldap.HoldsName}
	},
	"FlatByID": func(c *ldap.Config, _ slapdtest.Tree) {
		c.Users.DepartmentAttribute = &ldap.DepartmentAttribute{Name: "departmentNumber", Holds: ldap.HoldsID}
	},
	"FlatByDN": func(c *ldap.Config, _ slapdtest.Tree) {
		c.Users.DepartmentAttribute = &ldap.DepartmentAttribute{Name: "seeAlso", Holds: ldap.HoldsDN}
	},
	"Groups": func(c *ldap.Config, _ slapdtest.Tree) { c.Departments.Type = ldap.Groups },
	"GroupsWithoutMark": func(c *ldap.Config, _ slapdtest.Tree) {
		c.Departments.Type, c.Users.Mark, c.Departments.Mark = ldap.Groups, "", ""
	},
}

func TestConformance(t *testing.T) {
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			connectortest.Run(t, func(t *testing.T) connectortest.Fixture { return fixture(t, shape) })
		})
	}
	t.Run("ServerWithoutControls", func(t *testing.T) {
		connectortest.Run(t, func(t *testing.T) connectortest.Fixture {
			plain := fixture(t, shapes["ByDepartment"])
			open := plain.Open
			plain.Open = func(t *testing.T) connector.Target {
				target := open(t)
				target.(*ldap.Target).WithoutControls()
				return target
			}
			return plain
		})
	})
}

func fixture(t *testing.T, shape func(*ldap.Config, slapdtest.Tree)) connectortest.Fixture {
	tree := server.Tree(t)
	proxy := server.Proxy(t)
	config := configOf(server, tree)
	config.URLs = []string{proxy.URL}
	config.Users.Disable = &ldap.Disable{Attribute: "employeeType", Disabled: "left"}
	shape(&config, tree)
	filled := 0
	return connectortest.Fixture{
		Open: func(t *testing.T) connector.Target { return newTarget(t, config) },
		User: func(login, name string) directory.Attributes {
			return directory.Attributes{{Name: "cn", Values: []string{name}}, {Name: "sn", Values: []string{name}}, {Name: "uid", Values: []string{login}}}
		},
		Department: func(name string) directory.Attributes {
			if config.Departments.Type == ldap.Groups {
				return directory.Attributes{{Name: "cn", Values: []string{name}}}
			}
			return directory.Attributes{{Name: "ou", Values: []string{name}}}
		},
		Text:     "title",
		PageSize: 1000,
		Fill: func(t *testing.T, users int) {
			var ldif strings.Builder
			for range users {
				filled++
				ldif.WriteString(person(fmt.Sprintf("uid=filled-%d,%s", filled, config.Users.BaseDN), "Filled"))
			}
			server.Apply(t, ldif.String())
		},
		CutAfter: proxy.CutAfter,
		AddForeignMember: func(t *testing.T, department directory.Entry) func() bool {
			foreign := "uid=foreign,ou=elsewhere," + slapdtest.Suffix
			server.Apply(t, fmt.Sprintf("dn:: %s\nchangetype: modify\nadd: member\nmember: %s\n", base64Of(department.Place), foreign))
			return func() bool { return slices.Contains(valuesOf(t, department.Place, "member"), foreign) }
		},
	}
}

func newTarget(t *testing.T, config ldap.Config) *ldap.Target {
	t.Helper()
	target, err := ldap.NewTarget(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { target.Close() })
	return target
}

// valuesOf reads an attribute past the connector.
func valuesOf(t *testing.T, dn, attribute string) []string {
	t.Helper()
	result, err := server.Conn(t).Search(&goldap.SearchRequest{BaseDN: dn, Filter: "(objectClass=*)", Attributes: []string{attribute}})
	if err != nil {
		t.Fatalf("reading %s: %v", dn, err)
	}
	return result.Entries[0].GetAttributeValues(attribute)
}
