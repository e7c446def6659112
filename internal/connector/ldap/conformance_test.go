package ldap_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
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
			connectortest.Run(t, func(t *testing.T) connectortest.Fixture { return fixture(t, server, shape) })
		})
	}
	t.Run("ServerWithOverlays", func(t *testing.T) {
		overlaid := withOverlays(t)
		connectortest.Run(t, func(t *testing.T) connectortest.Fixture {
			return fixture(t, overlaid, func(c *ldap.Config, _ slapdtest.Tree) {
				c.Departments.Type, c.Departments.Placeholder = ldap.Groups, "cn=nobody"
			})
		})
	})
	t.Run("ServerWithoutControls", func(t *testing.T) {
		connectortest.Run(t, func(t *testing.T) connectortest.Fixture {
			plain := fixture(t, server, shapes["ByDepartment"])
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

// withOverlays makes a server that keeps references in order by itself, at a moment of its own choice.
func withOverlays(t *testing.T) *slapdtest.Server {
	return slapdtest.Start(t, slapdtest.Options{Database: "overlay memberof\noverlay refint\nrefint_attributes member owner manager\nrefint_nothing cn=nobody"})
}

func fixture(t *testing.T, server *slapdtest.Server, shape func(*ldap.Config, slapdtest.Tree)) connectortest.Fixture {
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
		OpenPowerless: func(t *testing.T) connector.Target {
			reader := config
			reader.BindDN, reader.Password = slapdtest.ReaderDN, slapdtest.ReaderPassword
			return newTarget(t, reader)
		},
		Text: "title", Reference: "manager", Unreadable: "userPassword",
		Normalised: &connectortest.Normalised{Field: "seeAlso", Value: "cn=a + sn=b,  dc=x", Stored: "cn=a+sn=b,dc=x"},
		PageSize:   1000,
		Fault:      func(_ *testing.T, fault connectortest.Fault) func() { return misbehave(proxy, fault) },
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
			return func() bool { return slices.Contains(valuesOn(t, server, department.Place, "member"), foreign) }
		},
	}
}

// misbehave lets a directory misbehave as far as LDAP can.
func misbehave(proxy *slapdtest.Proxy, fault connectortest.Fault) (mend func()) {
	switch fault {
	case connectortest.PageLost:
		proxy.Tamper(withoutCookie)
	case connectortest.PageRepeated:
		proxy.Tamper(twice)
	case connectortest.Silent:
		return proxy.Hold()
	default: // a server lists at once what it has, and has no limit on requests but the one of size
		return nil
	}
	return func() { proxy.Tamper(nil) }
}

// applicationOf is the kind of a message of the server.
func applicationOf(message []byte) ber.Tag {
	packet, err := ber.DecodePacketErr(message)
	if err != nil || len(packet.Children) < 2 {
		return 0
	}
	return packet.Children[1].Tag
}

// withoutCookie takes from the end of a page what says whether there is another one.
func withoutCookie(message []byte) [][]byte {
	if applicationOf(message) != goldap.ApplicationSearchResultDone {
		return [][]byte{message}
	}
	packet := ber.DecodePacket(message)
	short := ber.NewSequence("LDAP Response")
	for _, child := range packet.Children[:2] {
		short.AppendChild(child)
	}
	return [][]byte{short.Bytes()}
}

// twice doubles entries.
func twice(message []byte) [][]byte {
	if applicationOf(message) != goldap.ApplicationSearchResultEntry {
		return [][]byte{message}
	}
	return [][]byte{message, message}
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
	return valuesOn(t, server, dn, attribute)
}

func valuesOn(t *testing.T, server *slapdtest.Server, dn, attribute string) []string {
	t.Helper()
	result, err := server.Conn(t).Search(&goldap.SearchRequest{BaseDN: dn, Filter: "(objectClass=*)", Attributes: []string{attribute}})
	if err != nil {
		t.Fatalf("reading %s: %v", dn, err)
	}
	return result.Entries[0].GetAttributeValues(attribute)
}
