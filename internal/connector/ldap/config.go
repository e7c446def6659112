package ldap

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/directory"
)

// Referrals says what a reference to another server means for a read.
type Referrals string

// What references mean.
const (
	// FailOnReferrals: a part of the tree was not read, so the read is incomplete.
	FailOnReferrals Referrals = "Fail"
	// IgnoreReferrals: what stands on other servers does not belong to the directory.
	IgnoreReferrals Referrals = "Ignore"
)

// Layout says where users stand.
type Layout string

// The layouts.
const (
	// Flat: users stand anywhere below their base, departments elsewhere.
	Flat Layout = "Flat"
	// ByDepartment: users stand below the entry of their only department.
	ByDepartment Layout = "ByDepartment"
)

// DepartmentType says what a department is.
type DepartmentType string

// The types of departments.
const (
	// OrganizationalUnits are nested: a department's parent is the nearest one above it.
	OrganizationalUnits DepartmentType = "OrganizationalUnits"
	// Groups name their members and have no parents.
	Groups DepartmentType = "Groups"
)

// Holds says what the values of an attribute that names departments are.
type Holds string

// What an attribute holds of a department.
const (
	HoldsDN   Holds = "DN"
	HoldsID   Holds = "ID"
	HoldsName Holds = "Name"
)

// Config describes one directory. Fields that only a target uses say so.
type Config struct {
	// URLs are tried in order, ldap:// and ldaps://.
	URLs []string
	// StartTLS turns TLS on over ldap://.
	StartTLS bool
	// Referrals is FailOnReferrals when empty.
	Referrals Referrals
	// BindDN and Password are the login, neither of them empty unless Anonymous is set.
	BindDN   string
	Password string
	// Anonymous reads without a login.
	Anonymous bool
	// CA holds the certificates, in PEM, that the server's must be signed by; empty: those of the system.
	CA          []byte
	Users       Users
	Departments Departments
	// Concurrency is how many connections a target writes with; 8 when 0.
	Concurrency int
}

// Users says which entries are users.
type Users struct {
	BaseDN string
	// Filter is (objectClass=inetOrgPerson) when empty.
	Filter string
	// Layout is Flat when empty.
	Layout Layout
	// DepartmentAttribute names a user's departments, the main one first. It is for Flat without Groups.
	DepartmentAttribute *DepartmentAttribute
	// ObjectClasses, RDN, Mark and Disable are for targets. The classes are inetOrgPerson and the RDN is uid when empty.
	ObjectClasses []string
	RDN           string
	// Mark is the attribute that holds the mark; empty: users carry none.
	Mark    string
	Disable *Disable
}

// DepartmentAttribute is an attribute of users that names departments.
type DepartmentAttribute struct {
	Name string
	// Holds is HoldsName when empty.
	Holds Holds
}

// Disable says how an account is turned off.
type Disable struct {
	Attribute string
	// Disabled is the value of an account that is off.
	Disabled string
	// Enabled is the value of one that is on; empty: the attribute is removed.
	Enabled string
}

// Departments says which entries are departments.
type Departments struct {
	// Type is OrganizationalUnits when empty.
	Type DepartmentType
	// BaseDN is empty for a directory without departments.
	BaseDN string
	// Filter selects organizationalUnit or groupOfNames, by the type, when empty.
	Filter string
	// ObjectClasses, RDN, Mark and Placeholder are for targets.
	ObjectClasses []string
	RDN           string
	// Mark is the attribute that holds the mark; empty: departments carry none.
	Mark string
	// MemberAttribute is for Groups: member when empty.
	MemberAttribute string
	// LeaderAttribute names the leaders; when empty it is owner for Groups, and organizational units have no leaders.
	LeaderAttribute string
	// Placeholder is the member of a group without members, for classes that demand one: cn=nobody below the base when empty.
	Placeholder string
}

// withDefaults fills in what was left out.
func (c Config) withDefaults() Config {
	setDefault(&c.Referrals, FailOnReferrals)
	setDefault(&c.Concurrency, 8)
	setDefault(&c.Users.Filter, "(objectClass=inetOrgPerson)")
	setDefault(&c.Users.Layout, Flat)
	setDefault(&c.Users.RDN, "uid")
	if len(c.Users.ObjectClasses) == 0 {
		c.Users.ObjectClasses = []string{"inetOrgPerson"}
	}
	if c.Users.DepartmentAttribute != nil {
		attribute := *c.Users.DepartmentAttribute
		setDefault(&attribute.Holds, HoldsName)
		c.Users.DepartmentAttribute = &attribute
	}
	d := &c.Departments
	setDefault(&d.Type, OrganizationalUnits)
	class, rdn := "organizationalUnit", "ou"
	if d.Type == Groups {
		class, rdn = "groupOfNames", "cn"
		setDefault(&d.MemberAttribute, "member")
		setDefault(&d.LeaderAttribute, "owner")
		setDefault(&d.Placeholder, "cn=nobody,"+d.BaseDN)
	}
	setDefault(&d.Filter, "(objectClass="+class+")")
	setDefault(&d.RDN, rdn)
	if len(d.ObjectClasses) == 0 {
		d.ObjectClasses = []string{class}
	}
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate finds what can be found without a server. Its errors name the field as a task spells it.
func (c Config) validate() error {
	if len(c.URLs) == 0 {
		return errors.New("urls: name at least one server, as in ldaps://ldap.example.com")
	}
	for i, address := range c.URLs {
		parsed, err := url.Parse(address)
		if err != nil || parsed.Host == "" || parsed.Scheme != "ldap" && parsed.Scheme != "ldaps" {
			return fmt.Errorf("urls[%d]: %q is not the address of an LDAP server: write ldaps://HOST or ldap://HOST", i, address)
		}
		if c.StartTLS && parsed.Scheme == "ldaps" {
			return fmt.Errorf("urls[%d]: %q speaks TLS from the start: remove startTLS or write ldap://", i, address)
		}
	}
	if c.Users.BaseDN == "" {
		return errors.New("users.baseDN: name the entry that the users stand below")
	}
	for field, dn := range map[string]string{"users.baseDN": c.Users.BaseDN, "departments.baseDN": c.Departments.BaseDN} {
		if _, ok := directory.NormalDN(dn); !ok {
			return fmt.Errorf("%s: %q is not a distinguished name", field, dn)
		}
	}
	for field, filter := range map[string]string{"users.filter": c.Users.Filter, "departments.filter": c.Departments.Filter} {
		if _, err := goldap.CompileFilter(filter); err != nil {
			return fmt.Errorf("%s: %q is not an LDAP filter (RFC 4515): %w", field, filter, err)
		}
	}
	for field, name := range c.attributeNames() {
		if strings.Trim(name, attributeCharacters) != "" {
			return fmt.Errorf("%s: %q is not the name of an attribute", field, name)
		}
	}
	return c.validateShape()
}

const attributeCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-."

// attributeNames are all attributes that the configuration names, by field.
func (c Config) attributeNames() map[string]string {
	names := map[string]string{"users.rdn": c.Users.RDN, "departments.rdn": c.Departments.RDN}
	for setting, name := range c.managedOfUsers() {
		names["users."+setting] = name
	}
	for setting, name := range c.managedOfDepartments() {
		names["departments."+setting] = name
	}
	return names
}

// validateShape finds combinations that contradict each other.
func (c Config) validateShape() error {
	attribute := c.Users.DepartmentAttribute
	switch {
	case c.Users.Layout == ByDepartment && c.Departments.Type == Groups:
		return errors.New("users.layout: users cannot stand below groups; ByDepartment needs departments of type OrganizationalUnits")
	case c.Users.Layout == ByDepartment && c.Departments.BaseDN == "":
		return errors.New("departments.baseDN: the layout ByDepartment needs departments")
	case attribute != nil && c.Users.Layout == ByDepartment:
		return errors.New("users.departmentAttribute: with the layout ByDepartment a user's place names the department; remove one of the two")
	case attribute != nil && c.Departments.Type == Groups:
		return errors.New("users.departmentAttribute: groups name their members themselves; remove it or use OrganizationalUnits")
	case attribute != nil && c.Departments.BaseDN == "":
		return errors.New("users.departmentAttribute: it names departments, and departments.baseDN is empty")
	case attribute != nil && attribute.Name == "":
		return errors.New("users.departmentAttribute.name: name the attribute that holds a user's departments")
	case c.Users.Disable != nil && (c.Users.Disable.Attribute == "" || c.Users.Disable.Disabled == ""):
		return errors.New("users.disable: name the attribute that turns an account off, and its value for that")
	}
	return nil
}
