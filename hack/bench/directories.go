package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"

	"synccenter.dev/synccenter/internal/connector/ldap"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
)

// sourceSuffix stands below the suffix of the server, so that the company's own base entry is not there yet.
const sourceSuffix = "dc=hr," + slapdtest.Suffix

// The base entries of the source. The target's are those that every server has.
const (
	sourcePeople = "ou=people," + sourceSuffix
	sourceOrg    = "ou=org," + sourceSuffix
)

const (
	userFilter          = "(objectClass=inetOrgPerson)"
	departmentFilter    = "(objectClass=organizationalUnit)"
	departmentAttribute = "departmentNumber"
	markAttribute       = "employeeNumber"
	connections         = 8
)

// userFields are the twelve mapped fields, departmentFields those of departments. Both ends spell them alike.
var (
	userFields = []string{
		"uid", "cn", "sn", "givenName", "displayName", "mail", "telephoneNumber", "mobile", "title", "employeeType", "preferredLanguage", "roomNumber",
	}
	departmentFields = []string{"ou", "l"}
)

// company starts a server that holds a made-up company.
func (b *bench) company(ctx context.Context, users int) (*slapdtest.Server, error) {
	var ldif, complaint bytes.Buffer
	command := exec.CommandContext(ctx, b.generator, "-users", strconv.Itoa(users), "-departments", strconv.Itoa(b.departments), "-suffix", sourceSuffix)
	command.Stdout, command.Stderr = &ldif, &complaint
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("making a company with %s: %w: %s", b.generator, err, complaint.Bytes())
	}
	return slapdtest.New(slapdtest.Options{LDIF: ldif.String()})
}

// readConfig is how the connector reads the source.
func readConfig(url string) ldap.Config {
	return ldap.Config{
		URLs: []string{url}, BindDN: slapdtest.AdminDN, Password: slapdtest.AdminPassword,
		Users: ldap.Users{
			BaseDN: sourcePeople, Filter: userFilter,
			DepartmentAttribute: &ldap.DepartmentAttribute{Name: departmentAttribute, Holds: ldap.HoldsDN},
		},
		Departments: ldap.Departments{BaseDN: sourceOrg, Filter: departmentFilter},
	}
}

// readAttributes is what the runner asks a server for when it reads users.
func readAttributes(mark bool) []string {
	attributes := append([]string{"entryUUID", departmentAttribute}, userFields...)
	if mark {
		attributes = append(attributes, markAttribute)
	}
	return attributes
}

// ldapsearch reads all users below a base, page by page.
func ldapsearch(ctx context.Context, url, base string, attributes []string) (sample, error) {
	arguments := []string{
		"-x", "-H", url, "-D", slapdtest.AdminDN, "-w", slapdtest.AdminPassword, "-LLL", "-E", "pr=1000/noprompt", "-b", base, userFilter,
	}
	return measure(ctx, "ldapsearch", append(arguments, attributes...)...)
}
