package apply_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"synccenter.dev/synccenter/internal/apply"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
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
		name, target, cn, found, want string
	}{
		{"our mark proves it", "employeeNumber", "li", "employeeNumber: test/hr#li\n", "Succeeded"},
		{"equal values prove nothing where there are marks", "employeeNumber", "li", "", "Failed Conflict"},
		{"without marks equal values are all there is", "", "li", "", "Succeeded"},
		{"case is no matter, since targets store it as they like", "", "LI", "", "Succeeded"},
		{"with other values it is not known whose it is", "", "other", "", "Failed InDoubt"},
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
			server.Apply(t, fmt.Sprintf("dn: uid=li,%s\nobjectClass: inetOrgPerson\nuid: li\ncn: %s\nsn: li\n%s\n", b.tree.Org, test.cn, test.found))

			b.expect("outcome", b.apply(person("li")), []string{test.want})
		})
	}
}

// silent is a target that cannot be asked what a create left behind.
type silent struct{ *troubled }

func (s *silent) Find(context.Context, directory.Kind, connector.NewEntry) (*directory.Entry, error) {
	return nil, trouble(connector.Permission)
}

// TestAnAnswerThatWasLostAndCannotBeAskedForIsADoubt: the create may have been done, whatever the look at it ends with.
func TestAnAnswerThatWasLostAndCannotBeAskedForIsADoubt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.target.after = []error{trouble(connector.Unavailable)}
	b.options.Target = &silent{b.target}

	b.expect("outcome", b.apply(person("li")), []string{"Failed Permission"})

	if outcome, _ := b.options.Ledger.Outcome(0); !strings.Contains(outcome.Message, "whether it was done is not known") || b.people() != 1 {
		t.Errorf("%d people, and the record says %q", b.people(), outcome.Message)
	}
}

// TestWhatIsLostIsNoReference: one who is gone from the target must not keep others from becoming members or getting a manager.
func TestWhatIsLostIsNoReference(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	gone := state.Link{Kind: directory.User, SourceID: "gone", TargetID: "5f8a4c3e-0000-4000-8000-000000000000", Origin: state.Created, State: state.Active}
	if err := b.options.Links.Put(gone); err != nil {
		t.Fatal(err)
	}
	b.options.Lost = map[directory.Kind][]string{directory.User: {"gone"}}
	manager := plan.Operation{
		Kind: plan.UpdateUser, Subject: directory.User, SourceID: "li", Wave: 3,
		Changes: []plan.Change{{Field: "manager", Reference: directory.User, After: []string{"gone"}}, {Field: "title", After: []string{"clerk"}}},
	}

	b.expect("outcomes", b.apply(person("li"), manager), []string{"Succeeded", "Succeeded ReferencePending"})
}

// TestWhatBelongsToSomebodyElseIsNotWhatACreateLeft: an entry with the planned values that another source entry is linked to is that one's. To take
// it for what the create in doubt has made would link it twice, and no attempt could end the run.
func TestWhatBelongsToSomebodyElseIsNotWhatACreateLeft(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.unmarked()
	b.apply(department("Sales"))
	made, _ := b.options.Ledger.Outcome(0)
	if err := b.options.Links.Put(state.Link{Kind: directory.Department, SourceID: "other", TargetID: made.TargetID, Origin: state.Created, State: state.Active}); err != nil {
		t.Fatal(err)
	}
	b.options.Ledger = apply.NewLedger(b.journal, apply.Past{IssuedThrough: 0}) // the create may have been done

	b.expect("outcome", b.apply(department("Sales")), []string{"Failed Conflict"})
}

// unmarked gives the bench a target that has no place for marks.
func (b *bench) unmarked() {
	b.t.Helper()
	target, err := ldap.NewTarget(b.t.Context(), ldap.Config{
		URLs: []string{server.URL}, BindDN: slapdtest.AdminDN, Password: slapdtest.AdminPassword,
		Users: ldap.Users{BaseDN: b.tree.Org, Layout: ldap.ByDepartment}, Departments: ldap.Departments{BaseDN: b.tree.Org},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { target.Close() })
	b.target.Target = target
}
