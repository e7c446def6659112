package apply_test

import (
	"fmt"
	"testing"

	"synccenter.dev/synccenter/internal/apply"
	"synccenter.dev/synccenter/internal/connector/ldap"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
)

func TestWhoseEntryStandsAtThePlaceOfACreate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, target, found, want string
	}{
		{"our mark proves it", "employeeNumber", "employeeNumber: test/hr#li\n", "Succeeded"},
		{"equal values prove nothing where there are marks", "employeeNumber", "", "Failed Conflict"},
		{"without marks equal values are all there is", "", "", "Succeeded"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			target, err := ldap.NewTarget(t.Context(), ldap.Config{
				URLs: []string{server.URL}, BindDN: slapdtest.AdminDN, Password: slapdtest.AdminPassword,
				Users: ldap.Users{BaseDN: b.tree.Org, Layout: ldap.ByDepartment, Mark: test.target}, Departments: ldap.Departments{BaseDN: b.tree.Org},
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { target.Close() })
			b.target.Target = target
			b.options.Ledger = apply.NewLedger(b.journal, apply.Past{IssuedThrough: 0}) // the create may have been done
			server.Apply(t, fmt.Sprintf("dn: uid=li,%s\nobjectClass: inetOrgPerson\nuid: li\ncn: li\nsn: li\n%s\n", b.tree.Org, test.found))

			b.expect("outcome", b.apply(person("li")), []string{test.want})
		})
	}
}
