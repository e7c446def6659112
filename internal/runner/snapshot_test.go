package runner_test

import (
	"fmt"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/plan"
)

// entry is one entry of a snapshot.
type entry struct {
	dn         string
	person     bool
	attributes map[string]string
}

// snapshot reads a part of the server by other means than the connector's: entries by entryUUID.
func (w *world) snapshot(tree slapdtest.Tree) map[string]entry {
	w.t.Helper()
	conn := tree.Server.Conn(w.t)
	defer conn.Close()
	found, err := conn.Search(&goldap.SearchRequest{
		BaseDN: tree.Base, Scope: goldap.ScopeWholeSubtree, Filter: "(objectClass=*)", Attributes: []string{"*", "entryUUID"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	entries := map[string]entry{}
	for _, one := range found.Entries {
		e := entry{dn: one.DN, attributes: map[string]string{}}
		for _, attribute := range one.Attributes {
			if attribute.Name == "entryUUID" {
				continue
			}
			values := slices.Sorted(slices.Values(attribute.Values))
			e.attributes[attribute.Name] = strings.Join(values, "|")
		}
		e.person = strings.Contains(e.attributes["objectClass"], "inetOrgPerson")
		entries[one.GetAttributeValue("entryUUID")] = e
	}
	return entries
}

// contents are the entries of a tree by their DN below its base, without what differs from tree to tree.
func (w *world) contents(tree slapdtest.Tree) map[string]map[string]string {
	contents := map[string]map[string]string{}
	for _, e := range w.snapshot(tree) {
		if e.dn == tree.Base {
			continue
		}
		attributes := map[string]string{}
		for name, value := range e.attributes {
			if name != "employeeNumber" && name != "businessCategory" { // the marks
				attributes[name] = strings.ReplaceAll(value, tree.Base, "BASE")
			}
		}
		contents[strings.TrimSuffix(e.dn, ","+tree.Base)] = attributes
	}
	return contents
}

// difference says what happened between two snapshots, as "Operation" for each entry by its target ID. It knows nothing of plans.
func difference(before, after map[string]entry) map[string][]string {
	happened := map[string][]string{}
	for id, was := range before {
		is, ok := after[id]
		switch {
		case !ok && was.person:
			happened[id] = []string{"DeleteUser"}
		case !ok:
			happened[id] = []string{"DeleteDepartment"}
		default:
			if operations := changesBetween(was, is); len(operations) > 0 {
				happened[id] = operations
			}
		}
	}
	for id, is := range after {
		if _, ok := before[id]; ok {
			continue
		}
		if is.person {
			happened[id] = []string{"CreateUser"}
		} else {
			happened[id] = []string{"CreateDepartment"}
		}
	}
	return happened
}

// changesBetween names the operations that lead from one state of an entry to another. A place that changed only because something
// above it did is no operation: the caller compares names and fields.
func changesBetween(was, is entry) []string {
	var operations []string
	rdnBefore, _, _ := strings.Cut(was.dn, ",")
	rdnAfter, _, _ := strings.Cut(is.dn, ",")
	fields := false
	for name := range union(was.attributes, is.attributes) {
		if was.attributes[name] == is.attributes[name] {
			continue
		}
		switch {
		case is.person && name == "uid" && rdnBefore != rdnAfter:
			operations = append(operations, "ChangeUserIdentifier")
		case is.person && name == "employeeType" && is.attributes[name] == "disabled":
			operations = append(operations, "DeleteUser")
		default:
			fields = true
		}
	}
	if fields && is.person {
		operations = append(operations, "UpdateUser")
	} else if fields {
		operations = append(operations, "UpdateDepartment")
	}
	slices.Sort(operations)
	return operations
}

func union(a, b map[string]string) map[string]bool {
	names := map[string]bool{}
	for name := range a {
		names[name] = true
	}
	for name := range b {
		names[name] = true
	}
	return names
}

// recorded are the operations that records say were done, by target ID, without moves: those are compared by place.
func recorded(records []history.Record) map[string][]string {
	done := map[string][]string{}
	for _, r := range records {
		if r.Status != plan.Succeeded || r.Operation == plan.NoUpdate || r.Operation == plan.MoveDepartment || r.Operation == plan.ChangeUserDepartments {
			continue
		}
		done[r.TargetID] = append(done[r.TargetID], string(r.Operation))
	}
	for id := range done {
		slices.Sort(done[id])
		done[id] = slices.Compact(done[id])
	}
	return done
}

// expectEqual fails the test when two values print differently.
func (w *world) expectEqual(what string, got, want any) {
	w.t.Helper()
	if g, x := fmt.Sprint(got), fmt.Sprint(want); g != x {
		w.t.Errorf("%s:\n got %s\nwant %s", what, g, x)
	}
}
