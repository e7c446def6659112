package mapping_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
)

func TestMapSensitive(t *testing.T) {
	m := compileUsers(t,
		mapping.Row{To: "emails", From: "mail", Sensitive: true}, mapping.Row{To: "displayName", From: "cn"},
		mapping.Row{To: "password", Expression: "user.mobile", Sensitive: true, OnCreate: true},
	)
	entry := user("cn=Li", "mail=b@x", "mail=a@x", "mobile=+49 1", "uid=li")
	got, err := m.MapSensitive(entry)
	if err != nil {
		t.Fatal(err)
	}
	want := directory.Attributes{{Name: "emails", Values: []string{"a@x", "b@x"}}, {Name: "password", Values: []string{"+49 1"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sensitive values (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"b@x", "a@x", "+49 1"}, m.SecretsOfSource(&entry)); diff != "" {
		t.Errorf("what no message may tell (-want +got):\n%s", diff)
	}
	for field, sensitive := range map[string]bool{"emails": true, "password": true, "displayName": false, "userName": false} {
		if m.Sensitive(directory.User, field) != sensitive {
			t.Errorf("Sensitive(%s) is not %v", field, sensitive)
		}
	}
}

func TestAnErrorOfASensitiveRowQuotesNoValue(t *testing.T) {
	for name, row := range map[string]mapping.Row{
		"a key":    {To: "displayName", Expression: "string({'a': 1}[user.uid])", Sensitive: true},
		"a type":   {To: "number", From: "uid", Sensitive: true},
		"a length": {To: "displayName", From: "mail", Sensitive: true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := compileUsers(t, row).Map(user("mail=geheim4711", "uid=geheim"))
			if err == nil || strings.Contains(err.Error(), "geheim") {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestTheAdviceOfASensitiveRowStays(t *testing.T) {
	_, err := compileUsers(t, mapping.Row{To: "displayName", Expression: "lower(user.cn)", Sensitive: true}).Map(user("uid=li"))
	if err == nil || !strings.Contains(err.Error(), "this entry has no value for user.cn") {
		t.Errorf("the error does not say which field has no value: %v", err)
	}
}

func TestAValueThatTheSourceCouldNotReadIsASecretToo(t *testing.T) {
	m := compileUsers(t, mapping.Row{To: "number", From: "uidNumber", Sensitive: true})
	broken := directory.Entry{Kind: directory.User, ID: "1", Err: &directory.ValueError{Field: "uidNumber", Value: "geheim", Type: directory.Int}}
	if diff := cmp.Diff([]string{"geheim"}, m.SecretsOfSource(&broken)); diff != "" {
		t.Errorf("what no message may tell (-want +got):\n%s", diff)
	}
}
