package apply_test

import (
	"context"
	"fmt"
	"testing"

	"synccenter.dev/synccenter/internal/apply"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/directory"
)

// placing is a target that looks for what a create left behind at its place alone.
type placing struct{ *troubled }

func (p *placing) Find(ctx context.Context, kind directory.Kind, entry connector.NewEntry) (*directory.Entry, error) {
	entry.Mark = directory.Mark{}
	return p.troubled.Find(ctx, kind, entry)
}

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
			b.options.Target = &placing{b.target}
			b.options.Ledger = apply.NewLedger(b.journal, apply.Past{IssuedThrough: 0}) // the create may have been done
			server.Apply(t, fmt.Sprintf("dn: uid=li,%s\nobjectClass: inetOrgPerson\nuid: li\ncn: li\nsn: li\n%s\n", b.tree.Org, test.found))

			b.expect("outcome", b.apply(person("li")), []string{test.want})
		})
	}
}
