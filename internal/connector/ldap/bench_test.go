package ldap_test

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector/ldap"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
)

const benchUsers = 20000

// BenchmarkReadUsers reads the same people with this connector, with go-ldap and with ldapsearch, paged and with the same fields.
func BenchmarkReadUsers(b *testing.B) {
	var ldif strings.Builder
	for i := range benchUsers {
		ldif.WriteString(person(fmt.Sprintf("uid=u%05d,%s", i, slapdtest.People), fmt.Sprint("User ", i), "givenName: Some",
			fmt.Sprintf("mail: u%d@example.com", i), "title: Engineer", "telephoneNumber: +86 10 1234", "mobile: +86 138 0013 8000",
			"departmentNumber: 12", fmt.Sprint("employeeNumber: ", i), "employeeType: staff", "l: Beijing", "manager: uid=u00000,"+slapdtest.People))
	}
	large := slapdtest.Start(b, slapdtest.Options{LDIF: ldif.String()})
	fields := []string{"uid", "cn", "sn", "givenName", "mail", "title", "telephoneNumber", "mobile", "departmentNumber", "employeeNumber", "employeeType", "l", "manager"}

	b.Run("connector", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			source, err := ldap.NewSource(b.Context(), configOf(large, slapdtest.Tree{People: slapdtest.People, Org: slapdtest.Org}))
			if err != nil {
				b.Fatal(err)
			}
			for _, err := range source.Departments(b.Context(), nil) {
				if err != nil {
					b.Fatal(err)
				}
			}
			count := 0
			for _, err := range source.Users(b.Context(), fields) {
				if err != nil {
					b.Fatal(err)
				}
				count++
			}
			expectAll(b, count)
			source.Close()
		}
	})
	b.Run("go-ldap", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			request := &goldap.SearchRequest{BaseDN: slapdtest.People, Scope: goldap.ScopeWholeSubtree, Filter: "(objectClass=inetOrgPerson)", Attributes: append(fields, "entryUUID")}
			result, err := large.Conn(b).SearchWithPaging(request, 1000)
			if err != nil {
				b.Fatal(err)
			}
			expectAll(b, len(result.Entries))
		}
	})
	b.Run("ldapsearch", func(b *testing.B) {
		for b.Loop() {
			arguments := append([]string{"-x", "-LLL", "-o", "ldif-wrap=no", "-E", "pr=1000/noprompt", "-H", large.URL, "-D", slapdtest.AdminDN, "-w", slapdtest.AdminPassword,
				"-b", slapdtest.People, "(objectClass=inetOrgPerson)", "entryUUID"}, fields...)
			output, err := exec.CommandContext(b.Context(), "ldapsearch", arguments...).Output()
			if err != nil {
				b.Fatal(err)
			}
			expectAll(b, strings.Count(string(output), "\nentryUUID: "))
		}
	})
}

func expectAll(b *testing.B, count int) {
	b.Helper()
	if count != benchUsers {
		b.Fatal("read " + strconv.Itoa(count) + " users")
	}
}
