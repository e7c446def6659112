//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// TestEdits changes the source in all the ways in which a company changes. The next run does exactly that to the target.
func TestEdits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	source := w.directory("source", directoryOptions{
		ldif: w.read("company.ldif"), database: "overlay refint\nrefint_attributes manager seeAlso\n",
	})
	target := w.directory("target", directoryOptions{ldif: w.read("target.ldif")})
	// So much of so small a company changes that the guard would stop it.
	w.task("company.yaml", "company", func(task *v1alpha1.SyncTask) { task.Spec.Guard.Changed = &v1alpha1.ShareLimit{Percent: 100} })
	w.succeeds("before", "company")

	editCompany(w, source)
	records := w.succeeds("after", "company")
	want := []string{
		"ChangeUserDepartments Dave Brown [(departments): Sales/Platform → Sales]",
		"ChangeUserIdentifier 韩梅梅 [uid: han.meimei → han.mei]",
		"CreateUser Erin White [(departments): → Sales/Platform/Storage, cn: → Erin White, sn: → White, uid: → erin.white]",
		"DeleteUser Carol O'Neil, Jr. [(active): true → false]",
		"MoveDepartment Sales/Platform [(parent): Engineering → Sales]",
		"SyncDepartmentLeaders Sales [(leaders): Alice Jones → 张伟]",
		"UpdateDepartment Sales/华南 [ou: 华东 → 华南]",
		"UpdateUser Bob Smith [title: Engineer → Senior engineer]",
		"UpdateUser 张伟 [telephoneNumber: +86 21 1000 0002 → ]",
	}
	if diff := cmp.Diff(want, told(records)); diff != "" {
		w.Errorf("what the run did (-want +got):\n%s", diff)
	}
	expectEdited(w, target)
	for operation, count := range tally(w.succeeds("again", "company")) {
		if operation != "NoUpdate Succeeded" {
			w.Errorf("the run after it did %s for %d entries, and nothing differed", operation, count)
		}
	}
}

// editCompany makes one change of each kind.
func editCompany(w *world, source *directory) {
	w.Helper()
	conn := source.connect()
	people, org := ",ou=people,"+suffix, ",ou=org,"+suffix
	modify := func(dn string, change func(*goldap.ModifyRequest)) error {
		request := goldap.NewModifyRequest(dn, nil)
		change(request)
		return conn.Modify(request)
	}
	joiner := goldap.NewAddRequest("uid=erin.white"+people, nil)
	for name, value := range map[string]string{"objectClass": "inetOrgPerson", "uid": "erin.white", "cn": "Erin White", "sn": "White", "departmentNumber": "Storage"} {
		joiner.Attribute(name, []string{value})
	}
	for what, err := range map[string]error{
		"a new login":                conn.ModifyDN(goldap.NewModifyDNRequest("uid=han.meimei"+people, "uid=han.mei", true, "")),
		"a moved subtree":            conn.ModifyDN(goldap.NewModifyDNRequest("ou=Platform,ou=Engineering"+org, "ou=Platform", true, "ou=Sales"+org)),
		"a new name of a department": conn.ModifyDN(goldap.NewModifyDNRequest("ou=华东,ou=Sales"+org, "ou=华南", true, "")),
		"its people": modify("uid=zhang.wei"+people, func(r *goldap.ModifyRequest) {
			r.Replace("departmentNumber", []string{"华南"})
			r.Delete("telephoneNumber", nil)
		}),
		"a new leader":      modify("ou=Sales"+org, func(r *goldap.ModifyRequest) { r.Replace("seeAlso", []string{"uid=zhang.wei" + people}) }),
		"a new title":       modify("uid=bob.smith"+people, func(r *goldap.ModifyRequest) { r.Replace("title", []string{"Senior engineer"}) }),
		"a new department":  modify("uid=dave.brown"+people, func(r *goldap.ModifyRequest) { r.Replace("departmentNumber", []string{"Sales"}) }),
		"someone who left":  conn.Del(goldap.NewDelRequest("uid=carol.oneil"+people, nil)),
		"someone who joins": conn.Add(joiner),
	} {
		if err != nil {
			w.Fatalf("making %s in the source: %v", what, err)
		}
	}
}

// told is what records other than NoUpdate say, for people, sorted. Whom a change names by ID is found among the records.
func told(records []record) []string {
	names := map[string]string{}
	for _, r := range records {
		names[r.Source] = r.Name
	}
	spoken := func(values []string) string {
		list := slices.Clone(values)
		for i, value := range list {
			if name, ok := names[value]; ok {
				list[i] = name
			}
		}
		return strings.Join(list, " ")
	}
	var list []string
	for _, r := range records {
		if r.Operation == "NoUpdate" {
			continue
		}
		var changes []string
		for _, c := range r.Changes {
			changes = append(changes, fmt.Sprintf("%s: %s → %s", c.Field, spoken(c.Before), spoken(c.After)))
		}
		line := fmt.Sprintf("%s %s [%s]", r.Operation, r.Name, strings.ReplaceAll(strings.Join(changes, ", "), ":  →", ": →"))
		if r.Status != "Succeeded" {
			line += fmt.Sprintf(" %s %s: %s", r.Status, r.Reason, r.Message)
		}
		list = append(list, line)
	}
	slices.Sort(list)
	return list
}

// expectEdited looks at the target: everyone stands where they belong, and references followed those who moved.
func expectEdited(w *world, target *directory) {
	w.Helper()
	company := ",ou=company," + suffix
	found := target.search(target.connect(), "ou=company,"+suffix, "(objectClass=inetOrgPerson)")
	var places []string
	for dn, person := range found {
		place := strings.TrimSuffix(dn, company)
		if slices.Contains(person["employeetype"], "disabled") {
			place += " (disabled)"
		}
		places = append(places, place)
	}
	slices.Sort(places)
	want := []string{
		"uid=alice.jones,ou=Sales", "uid=bob.smith,ou=Storage,ou=Platform,ou=Sales", `uid=carol.oneil,ou=Legal\2C Tax (disabled)`,
		"uid=dave.brown,ou=Sales", "uid=erin.white,ou=Storage,ou=Platform,ou=Sales", "uid=han.mei,ou=Platform,ou=Sales", "uid=li.lei,ou=Engineering",
		"uid=wang.fang,ou=Storage,ou=Platform,ou=Sales", "uid=zhang.wei,ou=华南,ou=Sales",
	}
	if diff := cmp.Diff(want, places); diff != "" {
		w.Errorf("people in the target (-want +got):\n%s", diff)
	}
	manager := found["uid=wang.fang,ou=Storage,ou=Platform,ou=Sales"+company]["manager"]
	if diff := cmp.Diff([]string{"uid=han.mei,ou=Platform,ou=Sales" + company}, manager); diff != "" {
		w.Errorf("the manager of wang.fang (-want +got):\n%s", diff)
	}
}
