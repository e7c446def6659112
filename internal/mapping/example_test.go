package mapping_test

import (
	"strings"
	"testing"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
)

func TestCheckExamples(t *testing.T) {
	constant := "staff"
	rows := []mapping.Row{
		{To: "userName", From: "uid", Required: true},
		{To: "displayName", Expression: "user.cn + ' (' + upper(user.uid) + ')'"},
		{To: "emails", Expression: "user.all.mail.map(m, lower(m))"},
		{To: "kind", Value: &constant, OnCreate: true},
		{To: "login", Expression: "pinyin(user.cn).replace(' ', '')", Numbered: true},
		{To: "pin", Expression: "user.pin + '!'", Sensitive: true},
		{To: "boss", From: "manager", Type: directory.Reference},
	}
	li := map[string][]string{"uid": {"li"}, "pin": {"1"}, "cn": {"李雷"}, "mail": {"LI@example.com", "a@example.com"}}
	cases := map[string]struct {
		example mapping.Example
		want    []string
	}{
		"as wanted": {mapping.Example{Name: "li", Source: li, Want: map[string][]string{
			"userName": {"li"}, "displayName": {"李雷 (LI)"}, "login": {"lilei"}, "emails": {"a@example.com", "li@example.com"}, "kind": {"staff"},
		}}, nil},
		"no value is wanted": {mapping.Example{Name: "li", Source: map[string][]string{"uid": {"li"}, "cn": {"x"}, "pin": {"1"}}, Want: map[string][]string{"emails": {}}}, nil},
		"another value": {mapping.Example{Name: "li", Source: li, Want: map[string][]string{"userName": {"Li"}}},
			[]string{`mappings.tests[0] (li): "userName" is ["li"], want ["Li"]`}},
		"a field that no row gives": {mapping.Example{Name: "li", Source: li, Want: map[string][]string{"phone": {"1"}}},
			[]string{`mappings.tests[0] (li): no row gives "phone"`}},
		"a sensitive value as wanted": {mapping.Example{Name: "li", Source: map[string][]string{"uid": {"li"}, "cn": {"x"}, "pin": {"4711"}},
			Want: map[string][]string{"pin": {"4711!"}}}, nil},
		"another sensitive value": {mapping.Example{Name: "li", Source: map[string][]string{"uid": {"li"}, "cn": {"x"}, "pin": {"4711"}},
			Want: map[string][]string{"PIN": {"0815!"}}}, []string{`mappings.tests[0] (li): "PIN" is not what the example wants; the values are not shown`}},
		"an entry that cannot be mapped": {mapping.Example{Name: "nobody", Source: map[string][]string{"cn": {"x"}}, Want: map[string][]string{"userName": {"li"}}},
			[]string{`mappings.tests[0] (nobody): mappings.users[1] (to: displayName): `}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			problems := mapping.CheckExamples(rows, []mapping.Example{c.example})
			if len(problems) != len(c.want) {
				t.Fatalf("problems %v, want %v", problems, c.want)
			}
			for i, want := range c.want {
				if strings.Contains(problems[i].String(), "4711") {
					t.Errorf("problem %q tells a sensitive value", problems[i])
				}
				if !strings.HasPrefix(problems[i].String(), want) {
					t.Errorf("problem %q, want %q", problems[i], want)
				}
			}
		})
	}
}
