package definition

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/schedule"
)

// Problem is a field with a value that cannot work.
type Problem struct {
	// Path of the field. Example: spec.export.timeZone.
	Path string
	// Message says what is wrong and what to do.
	Message string
}

// String is the problem as a sentence that begins with the path.
func (p Problem) String() string { return p.Path + ": " + p.Message }

// Validate finds what cannot work in a task's spec and the schema of the API
// does not refuse. Expressions are checked by internal/mapping and
// internal/scope, which compile them.
func Validate(spec *v1alpha1.SyncTaskSpec) []Problem {
	resolved := Resolve(spec)
	spec = &resolved
	var found problems
	if timetable := spec.Trigger.Schedule; timetable != nil {
		found.timetable("spec.trigger.schedule", timetable)
	}
	for i := range spec.Sources {
		if ldap := spec.Sources[i].LDAP; ldap != nil {
			found.ldapSource(fmt.Sprintf("spec.sources[%d].ldap", i), ldap)
		}
	}
	if ldap := spec.Target.LDAP; ldap != nil {
		found.ldapTarget("spec.target.ldap", ldap)
		found.ownFields(spec, ldap)
	}
	if spec.Export != nil {
		found.timeZone("spec.export.timeZone", spec.Export.TimeZone)
	}
	return found
}

// problems are what was found, in the order of the API.
type problems []Problem

func (p *problems) add(path, format string, arguments ...any) {
	*p = append(*p, Problem{Path: path, Message: fmt.Sprintf(format, arguments...)})
}

// timetable judges the zone first: without it nothing can be said about the expression.
func (p *problems) timetable(path string, timetable *v1alpha1.Schedule) {
	before := len(*p)
	p.timeZone(path+".timeZone", timetable.TimeZone)
	if len(*p) > before {
		return
	}
	if _, err := schedule.Parse(timetable.Cron, timetable.TimeZone); err != nil {
		p.add(path+".cron", "%v", err)
	}
}

func (p *problems) timeZone(path, zone string) {
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		p.add(path, "%q is no time zone of the IANA database; write one such as Asia/Shanghai or UTC", zone)
	}
}

// ownFields finds mapping rows that write a field which Sync Center itself writes.
func (p *problems) ownFields(spec *v1alpha1.SyncTaskSpec, ldap *v1alpha1.LDAPTarget) {
	own := map[string]string{}
	if ldap.Users.Mark != "" {
		own[strings.ToLower(string(ldap.Users.Mark))] = "users.mark"
	}
	p.rows("spec.mappings.users", spec.Mappings.Users, own)
	p.shown("spec.mappings.users", spec.Mappings.Users, "cn", string(ldap.Users.RDN))
	if departments := ldap.Departments; departments != nil {
		own := map[string]string{}
		for attribute, use := range map[v1alpha1.AttributeName]string{
			departments.Mark:            "departments.mark",
			departments.MemberAttribute: "departments.memberAttribute",
			departments.LeaderAttribute: "departments.leaderAttribute",
		} {
			own[strings.ToLower(string(attribute))] = use
		}
		delete(own, "")
		p.rows("spec.mappings.departments", spec.Mappings.Departments, own)
	}
}

// shown finds sensitive rows of attributes by which records call people.
func (p *problems) shown(path string, rows []v1alpha1.Mapping, names ...string) {
	for i := range rows {
		is := func(name string) bool { return strings.EqualFold(name, string(rows[i].To)) }
		if rows[i].Sensitive && slices.ContainsFunc(names, is) {
			p.add(fmt.Sprintf("%s[%d].sensitive", path, i), "messages and records call people by %q, so it cannot be sensitive; leave sensitive out", rows[i].To)
		}
	}
}

func (p *problems) rows(path string, rows []v1alpha1.Mapping, own map[string]string) {
	for i := range rows {
		if use, taken := own[strings.ToLower(string(rows[i].To))]; taken {
			p.add(fmt.Sprintf("%s[%d].to", path, i), "%q is written by Sync Center, since target.ldap.%s names it; remove the row or name another attribute there", rows[i].To, use)
		}
	}
}
