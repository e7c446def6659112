//go:build e2e

package e2e

import (
	"fmt"
	"strings"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// teams is how many departments a crowd has.
const teams = 5

// login of one of a crowd.
func login(number int) string { return fmt.Sprintf("user.%03d", number) }

// logins of a crowd, sorted.
func logins(from, through int) []string {
	var list []string
	for number := from; number <= through; number++ {
		list = append(list, login(number))
	}
	return list
}

// crowd is a source with people from 1 to size, in teams, as LDIF.
func crowd(size int) string {
	var b strings.Builder
	b.WriteString("dn: " + suffix + "\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n")
	b.WriteString(unit("org") + unit("people"))
	for team := range teams {
		fmt.Fprintf(&b, "dn: ou=Team %[1]d,ou=org,%[2]s\nobjectClass: organizationalUnit\nou: Team %[1]d\n\n", team, suffix)
	}
	for number := 1; number <= size; number++ {
		b.WriteString(person(number))
	}
	return b.String()
}

func person(number int) string {
	return fmt.Sprintf("dn: uid=%[1]s,ou=people,%[2]s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: User %[3]d\nsn: %[3]d\ntitle: Engineer\ndepartmentNumber: Team %[4]d\n\n",
		login(number), suffix, number, number%teams)
}

// bases is a target with nothing but bases, as LDIF.
func bases(names ...string) string {
	var b strings.Builder
	b.WriteString("dn: " + suffix + "\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n")
	for _, name := range names {
		b.WriteString(unit(name))
	}
	return b.String()
}

func unit(name string) string {
	return fmt.Sprintf("dn: ou=%[1]s,%[2]s\nobjectClass: organizationalUnit\nou: %[1]s\n\n", name, suffix)
}

// into makes a task write below a base of its own.
func into(base string) func(*v1alpha1.SyncTask) {
	return func(task *v1alpha1.SyncTask) {
		target := task.Spec.Target.LDAP
		target.Users.BaseDN, target.Departments.BaseDN = "ou="+base+","+suffix, "ou="+base+","+suffix
	}
}

// slowly makes a task write a few entries a second, one after the other.
func slowly(qps int32) func(*v1alpha1.SyncTask) {
	return func(task *v1alpha1.SyncTask) {
		task.Spec.Execution.Concurrency = 2
		task.Spec.Execution.RateLimit = v1alpha1.RateLimit{QPS: qps, Burst: 1}
	}
}
