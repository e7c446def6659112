package slapdtest

import (
	"fmt"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
)

// The base entries that every server has.
const (
	People = "ou=people," + Suffix
	Org    = "ou=org," + Suffix
)

// Tree is a part of a server that belongs to one test.
type Tree struct {
	Server *Server
	// Base is the entry above People and Org.
	Base, People, Org string
}

// trees counts those of all servers, so that a name tells whose it is.
var trees atomic.Int64

// Tree makes an empty tree that no other test uses.
func (s *Server) Tree(t testing.TB) Tree {
	t.Helper()
	base := fmt.Sprintf("ou=tree-%d,%s", trees.Add(1), Suffix)
	tree := Tree{Server: s, Base: base, People: "ou=people," + base, Org: "ou=org," + base}
	s.Apply(t, Unit(tree.Base)+Unit(tree.People)+Unit(tree.Org))
	return tree
}

// Unit is the LDIF of an organizational unit whose DN begins with ou=.
func Unit(dn string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(dn, "ou="), ",")
	return fmt.Sprintf("dn: %s\nobjectClass: organizationalUnit\nou: %s\n\n", dn, name)
}

// Apply adds entries, or makes the changes, of an LDIF text, as the administrator. Referral entries are taken as entries.
func (s *Server) Apply(t testing.TB, ldif string) {
	t.Helper()
	path, err := program("ldapmodify")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), path, "-a", "-MM", "-x", "-H", s.URL, "-D", AdminDN, "-w", AdminPassword)
	command.Stdin = strings.NewReader(ldif)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("applying LDIF to the test server: %v: %s", err, output)
	}
}
