package definition

import (
	"strings"

	"github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/api/v1alpha1"
)

func (p *problems) ldapSource(path string, source *v1alpha1.LDAPSource) {
	p.ldapUsers(path+".users", &source.Users)
	if source.Departments != nil {
		p.ldapDepartments(path+".departments", source.Departments)
	}
}

func (p *problems) ldapTarget(path string, target *v1alpha1.LDAPTarget) {
	p.ldapUsers(path+".users", &target.Users.LDAPUsers)
	users := target.Users
	p.notShared(path+".users.mark", users.Mark, path+".users.rdn", users.RDN)
	if users.Disable != nil {
		p.notShared(path+".users.disable.attribute", users.Disable.Attribute, path+".users.rdn", users.RDN)
		p.notShared(path+".users.disable.attribute", users.Disable.Attribute, path+".users.mark", users.Mark)
	}
	if users.DepartmentAttribute != nil {
		p.notShared(path+".users.mark", users.Mark, path+".users.departmentAttribute.name", users.DepartmentAttribute.Name)
	}
	departments := target.Departments
	if departments == nil {
		return
	}
	p.ldapDepartments(path+".departments", &departments.LDAPDepartments)
	p.notShared(path+".departments.mark", departments.Mark, path+".departments.rdn", departments.RDN)
	if departments.Placeholder != "" {
		p.dn(path+".departments.placeholder", departments.Placeholder)
	}
}

func (p *problems) ldapUsers(path string, users *v1alpha1.LDAPUsers) {
	p.dn(path+".baseDN", users.BaseDN)
	p.filter(path+".filter", users.Filter)
}

func (p *problems) ldapDepartments(path string, departments *v1alpha1.LDAPDepartments) {
	p.dn(path+".baseDN", departments.BaseDN)
	p.filter(path+".filter", departments.Filter)
}

func (p *problems) dn(path, dn string) {
	if _, err := ldap.ParseDN(dn); err != nil {
		p.add(path, "%q is no distinguished name (%v); write one such as ou=people,dc=example,dc=com", dn, err)
	}
}

func (p *problems) filter(path, filter string) {
	if _, err := ldap.CompileFilter(filter); err != nil {
		p.add(path, "%q is no LDAP filter (%v); write one such as (objectClass=inetOrgPerson)", filter, err)
	}
}

// notShared finds one attribute in two roles that would overwrite each other.
func (p *problems) notShared(path string, attribute v1alpha1.AttributeName, otherPath string, other v1alpha1.AttributeName) {
	if attribute != "" && strings.EqualFold(string(attribute), string(other)) {
		p.add(path, "%q is also what %s names; choose another attribute", attribute, otherPath)
	}
}
