package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

// writeLDIF writes the base entries, then the departments below ou=org, parents first, then the people below ou=people.
func writeLDIF(w io.Writer, suffix string, c company) error {
	l := ldif{w: w}
	l.entry(suffix, "objectClass", "dcObject", "objectClass", "organization",
		"dc", strings.TrimPrefix(strings.Split(suffix, ",")[0], "dc="), "o", "Example")
	l.entry("ou=org,"+suffix, "objectClass", "organizationalUnit", "ou", "org")
	l.entry("ou=people,"+suffix, "objectClass", "organizationalUnit", "ou", "people")
	departments := make([]string, len(c.departments)) // their DNs
	for i, d := range c.departments {
		above := "ou=org," + suffix
		if d.parent >= 0 {
			above = departments[d.parent]
		}
		departments[i] = "ou=" + d.name + "," + above // names hold no character that a DN escapes
		attributes := []string{"objectClass", "organizationalUnit", "ou", d.name, "l", d.city}
		if d.leader >= 0 {
			attributes = append(attributes, "seeAlso", personDN(c.people[d.leader], suffix))
		}
		l.entry(departments[i], attributes...)
	}
	for _, p := range c.people {
		l.entry(personDN(p, suffix), p.attributes(c, departments, suffix)...)
	}
	return l.err
}

func personDN(p person, suffix string) string { return "uid=" + p.login + ",ou=people," + suffix }

func (p person) attributes(c company, departments []string, suffix string) []string {
	attributes := []string{
		"objectClass", "inetOrgPerson",
		"uid", p.login,
		"cn", p.fullName,
		"sn", p.family,
		"givenName", p.given,
		"displayName", p.fullName,
		"mail", p.login + "@example.com",
		"telephoneNumber", p.phone,
		"mobile", p.mobile,
		"title", p.title,
		"employeeNumber", fmt.Sprintf("E%06d", p.number),
		"employeeType", p.kind,
		"preferredLanguage", p.language,
		"roomNumber", p.room,
		"l", c.departments[p.departments[0]].city,
	}
	for _, d := range p.departments {
		attributes = append(attributes, "departmentNumber", departments[d])
	}
	if p.manager >= 0 {
		attributes = append(attributes, "manager", personDN(c.people[p.manager], suffix))
	}
	return attributes
}

// ldif writes entries until the first error, which it keeps.
type ldif struct {
	w   io.Writer
	err error
}

// entry takes attributes as names and values in turn.
func (l *ldif) entry(dn string, attributes ...string) {
	l.line("dn", dn)
	for i := 0; i < len(attributes); i += 2 {
		l.line(attributes[i], attributes[i+1])
	}
	l.print("\n")
}

// line writes a value in base64 unless it is plain text, as RFC 2849 wants.
func (l *ldif) line(attribute, value string) {
	if !plain(value) {
		l.print(attribute + ":: " + base64.StdEncoding.EncodeToString([]byte(value)) + "\n")
		return
	}
	l.print(attribute + ": " + value + "\n")
}

// plain says whether a value can stand in LDIF as it is: ASCII, without a sign at its ends that would be taken for something else.
func plain(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) &&
		!strings.HasPrefix(value, " ") && !strings.HasPrefix(value, ":") && !strings.HasPrefix(value, "<") && !strings.HasSuffix(value, " ")
}

func (l *ldif) print(s string) {
	if l.err == nil {
		_, l.err = io.WriteString(l.w, s)
	}
}
