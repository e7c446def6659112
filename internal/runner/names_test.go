package runner_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
)

// hardNames are logins, names of people and of departments that some part may take for something else.
var hardNames = map[string]string{
	"a slash": "R/D", "a comma": "Li, Lei", "a plus": "C++", "a quote": `the "big" one`, "a backslash": `back\slash`, "a hash": "#1", "an equals sign": "a=b",
	"a semicolon": "a;b", "angles": "<x>", "a star and parentheses": "*(x)", "blanks at both ends": "  Li  ", "a blank at the beginning": " Lei", "two blanks within": "x  y",
	"a backslash at the end": `end\`, "emoji": "🚀🌏", "Chinese": "研发部", "Arabic and Hebrew": "قسم אגף", "combining accents": "Zoe\u0308", "a line break": "two\nlines", "a tab": "a\tb",
	"a percent sign": "100%41", "an apostrophe": "O'Brien", "64 characters": strings.Repeat("x", 63) + "é", "240 characters": strings.Repeat("z", 239) + "y", "64 Chinese characters": strings.Repeat("长", 64), "a DN": "uid=x,ou=y",
}

// add makes an entry of the source whose name may need escaping.
func (w *world) add(rdn, value, above string, attributes map[string]string) string {
	w.t.Helper()
	dn := rdn + "=" + goldap.EscapeDN(value) + "," + above
	request := goldap.NewAddRequest(dn, nil)
	request.Attribute(rdn, []string{value})
	for name, text := range attributes {
		request.Attribute(name, []string{text})
	}
	conn := w.source.Server.Conn(w.t)
	defer conn.Close()
	if err := conn.Add(request); err != nil {
		w.t.Fatalf("adding %q: %v", dn, err)
	}
	return dn
}

func TestHardNames(t *testing.T) {
	t.Parallel()
	for what, name := range hardNames {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.task.Spec.Mappings.Users = append(w.task.Spec.Mappings.Users, copies("manager")...)
			w.unit("Head")
			w.person("boss", "Head")
			department := w.add("ou", name, w.dn("Head"), map[string]string{"objectClass": "organizationalUnit", "description": name})
			person := w.add("uid", name, department, map[string]string{"objectClass": "inetOrgPerson", "cn": name, "sn": name, "description": name})
			w.modify("uid=boss,"+w.dn("Head"), "add: manager\nmanager:: "+base64.StdEncoding.EncodeToString([]byte(person)))
			w.synced()
			w.expectEven()
			w.expectRest()

			// The login and the department get other names and back again, and the department goes elsewhere.
			for _, rename := range [][2]string{{"plain", "Plain"}, {name, name}} {
				w.renameInSource(person, "uid", rename[0])
				person = "uid=" + goldap.EscapeDN(rename[0]) + "," + department
				moved := w.renameInSource(department, "ou", rename[1])
				person, department = strings.TrimSuffix(person, department)+moved, moved
				w.modify("uid=boss,"+w.dn("Head"), "replace: manager\nmanager:: "+base64.StdEncoding.EncodeToString([]byte(person)))
				w.synced()
				w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"ChangeUserIdentifier Succeeded": 1, "UpdateDepartment Succeeded": 1, "NoUpdate Succeeded": 2})
				w.expectEven()
				w.expectRest()
			}
		})
	}
}

// renameInSource gives an entry of the source another value for its name, and answers with its DN.
func (w *world) renameInSource(dn, rdn, value string) string {
	w.t.Helper()
	conn := w.source.Server.Conn(w.t)
	defer conn.Close()
	next := rdn + "=" + goldap.EscapeDN(value)
	if err := conn.ModifyDN(goldap.NewModifyDNRequest(dn, next, true, "")); err != nil {
		w.t.Fatalf("renaming %q to %q: %v", dn, next, err)
	}
	_, above := cut(dn)
	return next + "," + above
}

// cut separates an entry's own part of a name from what stands above.
func cut(dn string) (rdn, above string) {
	for i := 0; i < len(dn); i++ {
		switch dn[i] {
		case '\\':
			i++
		case ',':
			return dn[:i], dn[i+1:]
		}
	}
	return dn, ""
}

// TestNamesThatTheTargetRefuses gives one person a value that the target does not take: the record says by which rule, and the other one is created.
func TestNamesThatTheTargetRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("长", 256)
	tests := []struct {
		name, field, expression string
		says                    []string
	}{
		{"no ASCII in an ASCII attribute", "mail", "user.cn", []string{"mail", "does not have the form that the attribute demands"}},
		{"no login", "uid", "user.uid == 'li' ? null : user.uid", []string{"uid"}},
		{"an empty login", "uid", "user.uid == 'li' ? '' : user.uid", []string{"uid"}},
		{"a login of 256 characters", "uid", "user.uid == 'li' ? user.sn.substring(0, 1) + user.description : user.uid", []string{"too long", "258 bytes"}},
		{"a login of 256 Chinese characters", "uid", "user.uid == 'li' ? user.sn : user.uid", []string{"too long", "768 bytes"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.unit("Head")
			w.person("boss", "Head")
			w.modify("uid=boss,"+w.dn("Head"), "replace: cn\ncn: boss")
			w.add("uid", "li", w.dn("Head"), map[string]string{"objectClass": "inetOrgPerson", "cn": "李雷", "sn": long, "description": strings.Repeat("z", 255)})
			w.mapTo(v1alpha1.FieldName(test.field), test.expression)
			w.sync()
			w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"CreateDepartment Succeeded": 1, "CreateUser Succeeded": 1, "CreateUser Failed": 1})
			for _, r := range w.records(w.lastUID()) {
				for _, text := range test.says {
					if r.Status == "Failed" && !strings.Contains(r.Message, text) {
						t.Errorf("the record says %s: %q, want %q in it", r.Reason, r.Message, text)
					}
				}
			}
		})
	}
}

// mapTo fills a field of users with the value of an expression.
func (w *world) mapTo(field v1alpha1.FieldName, expression string) {
	rows := w.task.Spec.Mappings.Users
	for i := range rows {
		if rows[i].To == field {
			rows[i] = v1alpha1.Mapping{To: field, Expression: expression}
			return
		}
	}
	w.task.Spec.Mappings.Users = append(rows, v1alpha1.Mapping{To: field, Expression: expression})
}

// TestIdentifiersThatDifferInCase has two people whose logins are one to the target, where its names or a rule of the server say so.
func TestIdentifiersThatDifferInCase(t *testing.T) {
	t.Parallel()
	flat := func(w *world) { w.task.Spec.Target.LDAP.Users.LDAPUsers = v1alpha1.LDAPUsers{BaseDN: w.target.People} }
	unique := slapdtest.Options{Database: "overlay unique\nunique_uri ldap:///?uid?sub"}
	tests := []struct {
		name   string
		server func(*testing.T) *slapdtest.Server
		adapt  func(*world)
		failed int
	}{
		{"side by side", func(*testing.T) *slapdtest.Server { return server }, flat, 1},
		{"in two departments of a server that keeps them unique", func(t *testing.T) *slapdtest.Server { return slapdtest.Start(t, unique) }, func(*world) {}, 1},
		{"in two departments of a server that does not", func(*testing.T) *slapdtest.Server { return server }, func(*world) {}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, server, test.server(t))
			test.adapt(w)
			w.unit("A")
			w.unit("B")
			w.person("li", "A")
			w.person("LI", "B")
			w.person("other", "B")
			var before string
			for range 2 {
				w.sync()
				failed := 0
				for _, r := range w.records(w.lastUID()) {
					if r.Status == "Failed" {
						failed++
						if r.Reason != "Collision" && r.Reason != "Conflict" {
							t.Errorf("the record of %s says %s: %s", r.Name, r.Reason, r.Message)
						}
					}
				}
				w.expectEqual("who failed", failed, test.failed)
				now := fmt.Sprint(w.logins())
				if before != "" && now != before {
					t.Errorf("the second run changed %s to %s", before, now)
				}
				before = now
			}
		})
	}
}
