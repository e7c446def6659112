package ldap_test

import (
	"strings"
	"testing"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
)

func TestLacks(t *testing.T) {
	t.Parallel()
	const (
		early  = "20261126223049.000001Z#000000#001#000000 dc=a\n"
		later  = "20261126223049.000002Z#000000#001#000000 dc=a\n"
		count  = "20261126223049.000002Z#000001#001#000000 dc=a\n"
		second = "20261126223040.000000Z#000000#002#000000 dc=a\n"
		other  = "20261126223049.000001Z#000000#001#000000 dc=b\n"
		older  = "20261126223048.000001Z#000000#001#000000 dc=b\n"
	)
	tests := []struct {
		name, has, wanted, says string
	}{
		{"nothing is known", later, "", ""},
		{"nothing at all", "", "", ""},
		{"the same", later + second, later + second, ""},
		{"further", later, early, ""},
		{"further by a count", count, later, ""},
		{"a server more", later + second, later, ""},
		{"behind", early, later, "it has the changes up to 2026-11-26T22:30:49Z"},
		{"behind by a count", later, count, "is behind"},
		{"behind one of two servers", early + second, later + second, "is behind"},
		{"nothing of one of two servers", later, later + second, "does not say"},
		{"filling up", "", later, "may be filling up still"},
		{"behind in one of two databases", later + older, later + other, `"dc=b"`},
	}
	for _, test := range tests {
		if got := ldap.Lacks(test.has, test.wanted); (got == "") != (test.says == "") || !strings.Contains(got, test.says) {
			t.Errorf("%s: it says %q, want %q", test.name, got, test.says)
		}
	}
}

// TestPositionsMoveOn asks a server that has copies, and one that has none.
func TestPositionsMoveOn(t *testing.T) {
	t.Parallel()
	provider := slapdtest.Start(t, slapdtest.Options{Database: slapdtest.Syncprov})
	target := newTarget(t, configOf(provider, provider.Tree(t)))
	position := func(source connector.Replicated) string {
		t.Helper()
		text, err := source.Position(t.Context())
		must(t, err)
		return text
	}
	before := position(target)
	createUser(t, target, "ann")
	after := position(target)
	if before == "" || ldap.Lacks(after, before) != "" || ldap.Lacks(before, after) == "" {
		t.Errorf("the position was %q and is %q after a write", before, after)
	}
	must(t, target.Reach(t.Context(), after))
	if err := newTarget(t, configOf(provider, slapdtest.Tree{People: slapdtest.People, Org: slapdtest.Org})).Reach(t.Context(), strings.Replace(after, "20", "21", 1)); connector.ClassOf(err) != connector.Incomplete {
		t.Errorf("a position that no server has is answered with %v, want an error of class Incomplete", err)
	}
	plain := newSource(t, configOf(server, server.Tree(t)))
	if got := position(plain); got != "" {
		t.Errorf("a server without copies says %q", got)
	}
	if err := plain.Reach(t.Context(), after); connector.ClassOf(err) != connector.Incomplete {
		t.Errorf("a server that does not say how far it is is answered with %v, want an error of class Incomplete", err)
	}
}
