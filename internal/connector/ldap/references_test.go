package ldap_test

import (
	"slices"
	"testing"

	"synccenter.dev/synccenter/internal/connector/ldap"
	"synccenter.dev/synccenter/internal/directory"
)

// TestReferencesOfOthersStay changes a list of references in which somebody else has put a value too.
func TestReferencesOfOthersStay(t *testing.T) {
	tree := server.Tree(t)
	config := configOf(server, tree)
	target := newTarget(t, config)
	ann, boss, chief := createUser(t, target, "ann"), createUser(t, target, "boss"), createUser(t, target, "chief")
	foreign := "uid=foreign,dc=elsewhere"
	server.Apply(t, "dn: "+ann.Place+"\nchangetype: modify\nadd: secretary\nsecretary: "+foreign+"\n")
	for i, step := range []struct{ add, remove, want []string }{
		{[]string{boss.ID}, nil, []string{foreign, boss.Place}},
		{[]string{boss.ID}, []string{chief.ID}, []string{foreign, boss.Place}}, // done already
		{[]string{chief.ID}, []string{boss.ID}, []string{foreign, chief.Place}},
		{nil, []string{chief.ID}, []string{foreign}},
	} {
		answer, err := target.UpdateUser(t.Context(), ann.ID, reference("secretary", step.add, step.remove))
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		got := valuesOf(t, ann.Place, "secretary")
		slices.Sort(got)
		slices.Sort(step.want)
		if !slices.Equal(got, step.want) || len(answer.Attributes.Get("secretary")) != len(step.want) {
			t.Errorf("step %d: the secretaries are %q and the answer says %q, want %q", i, got, answer.Attributes.Get("secretary"), step.want)
		}
	}
}

// TestLeadersOfUnits keeps leaders where the class of departments has a place for them.
func TestLeadersOfUnits(t *testing.T) {
	tree := server.Tree(t)
	config := configOf(server, tree)
	config.Departments.LeaderAttribute = "seeAlso"
	target := newTarget(t, config)
	sales, ann, boss := createDepartment(t, target, "Sales", ""), createUser(t, target, "ann"), createUser(t, target, "boss")
	must(t, target.SyncDepartmentLeaders(t.Context(), sales.ID, []string{boss.ID, ann.ID}, nil))
	must(t, target.SyncDepartmentLeaders(t.Context(), sales.ID, []string{boss.ID}, []string{ann.ID}))
	if got := leadersOf(t, config, "Sales"); !slices.Equal(got, []string{boss.ID}) {
		t.Errorf("the leaders are %q, want %q", got, boss.ID)
	}
	must(t, target.DeleteUser(t.Context(), boss.ID))
	if got := leadersOf(t, config, "Sales"); len(got) != 0 {
		t.Errorf("the leaders are %q after they have left", got)
	}
	departments, _ := readAll(t, config)
	if got := named(t, departments, "Sales"); len(got.Leaders) != 0 || got.ID != sales.ID {
		t.Errorf("department %s still names %q", got.ID, got.Leaders)
	}
}

// leadersOf are the IDs of a department's leaders as the next run sees them.
func leadersOf(t *testing.T, config ldap.Config, name string) (ids []string) {
	t.Helper()
	source := newSource(t, config)
	var department directory.Entry
	for _, entry := range all(t, source.Departments(t.Context(), nil)) {
		if entry.Name == name {
			department = entry
		}
	}
	all(t, source.Users(t.Context(), nil))
	for _, leader := range department.Leaders {
		ids = append(ids, resolved(source, leader))
	}
	return ids
}
