package ldap_test

import (
	"slices"
	"testing"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap"
	"synccenter.dev/synccenter/internal/directory"
)

// TestReferencesFollowAMoveWhoseAnswerWasLost cuts the connection when the server answers a rename, and then asks whether it was done.
func TestReferencesFollowAMoveWhoseAnswerWasLost(t *testing.T) {
	tree := server.Tree(t)
	proxy := server.Proxy(t)
	config := configOf(server, tree)
	config.URLs = []string{proxy.URL}
	config.Departments.Type, config.Departments.Placeholder = ldap.Groups, "cn=nobody"
	target := newTarget(t, config)
	group, boss, ann := createDepartment(t, target, "Sales", ""), createUser(t, target, "boss"), createUser(t, target, "ann")
	must(t, target.SyncDepartmentMembers(t.Context(), group.ID, []string{boss.ID}, nil))
	must(t, target.SyncDepartmentLeaders(t.Context(), group.ID, []string{boss.ID}, nil))
	if _, err := target.UpdateUser(t.Context(), ann.ID, reference("manager", []string{boss.ID}, nil)); err != nil {
		t.Fatal(err)
	}

	proxy.CutAfter(0)
	_, err := target.ChangeUserIdentifier(t.Context(), boss.ID, []string{"chief"})
	if connector.ClassOf(err) != connector.Unavailable {
		t.Fatalf("want a lost answer, got %v", err)
	}
	proxy.CutAfter(-1)
	entries, err := target.Lookup(t.Context(), directory.User, []string{boss.ID}, []string{"uid"})
	if err != nil || len(entries) != 1 || !slices.Equal(entries[0].Attributes.Get("uid"), []string{"chief"}) {
		t.Fatalf("the rename was not done: %+v, %v", entries, err)
	}

	for _, one := range [][2]string{{group.Place, "member"}, {group.Place, "owner"}, {ann.Place, "manager"}} {
		if got := valuesOf(t, one[0], one[1]); !slices.Equal(got, []string{entries[0].Place}) {
			t.Errorf("%s of %s is %q, want %q", one[1], one[0], got, entries[0].Place)
		}
	}
}
