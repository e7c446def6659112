package mapping_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
)

// ldap is a source like an LDAP server: names regardless of case, most fields with several values.
var ldap = directory.Schema{
	FoldNames: true,
	Users: []directory.Field{
		{Name: "cn", Type: directory.String, Multiple: true, Equality: directory.IgnoreCase},
		{Name: "enabled", Type: directory.Bool},
		{Name: "joined", Type: directory.Time},
		{Name: "mail", Type: directory.String, Multiple: true, Equality: directory.IgnoreCase},
		{Name: "manager", Type: directory.Reference, Refers: directory.User, Equality: directory.DN},
		{Name: "mobile", Type: directory.String, Equality: directory.Phone},
		{Name: "photo", Type: directory.Bytes},
		{Name: "uid", Type: directory.String, Equality: directory.IgnoreCase},
		{Name: "uidNumber", Type: directory.Int},
	},
	Departments: []directory.Field{{Name: "ou", Type: directory.String}},
}

// app is a target with names of its own.
var app = directory.Schema{
	Users: []directory.Field{
		{Name: "active", Type: directory.Bool},
		{Name: "boss", Type: directory.Reference, Refers: directory.User},
		{Name: "displayName", Type: directory.String, MaxLength: 8},
		{Name: "emails", Type: directory.String, Multiple: true, Equality: directory.IgnoreCase},
		{Name: "id", Type: directory.String, ReadOnly: true},
		{Name: "number", Type: directory.Int},
		{Name: "password", Type: directory.Bytes, Secret: true},
		{Name: "phones", Type: directory.String, Multiple: true, Equality: directory.Phone},
		{Name: "picture", Type: directory.Bytes, MaxLength: 4},
		{Name: "since", Type: directory.Time},
		{Name: "userName", Type: directory.String, Equality: directory.IgnoreCase, Required: true},
	},
	Departments: []directory.Field{{Name: "displayName", Type: directory.String}},
}

var appAbilities = directory.Capabilities{UserIdentifier: "userName", DepartmentName: "displayName"}

var departmentRows = []mapping.Row{{To: "displayName", From: "ou"}}

func pointer(text string) *string { return &text }

// compileUsers compiles rows for users beside a plain row for departments.
func compileUsers(t testing.TB, rows ...mapping.Row) *mapping.Mapper {
	t.Helper()
	return compile(t, mapping.Spec{Users: append([]mapping.Row{{To: "userName", From: "uid"}}, rows...), Departments: departmentRows})
}

func compile(t testing.TB, spec mapping.Spec) *mapping.Mapper {
	t.Helper()
	m, err := mapping.Compile(spec, ldap, app, appAbilities)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// user makes an entry from "name=value" pairs, which must be in the order of the names.
func user(pairs ...string) directory.Entry {
	e := directory.Entry{Kind: directory.User, ID: "1", Name: "Li"}
	for _, p := range pairs {
		name, value, _ := strings.Cut(p, "=")
		if last := len(e.Attributes) - 1; last >= 0 && e.Attributes[last].Name == name {
			e.Attributes[last].Values = append(e.Attributes[last].Values, value)
			continue
		}
		e.Attributes = append(e.Attributes, directory.Attribute{Name: name, Values: []string{value}})
	}
	return e
}

func TestMapValues(t *testing.T) {
	tests := []struct {
		name  string
		row   mapping.Row
		entry []string
		want  []string
		fails string
	}{
		{name: "copy", row: mapping.Row{To: "emails", From: "mail"}, entry: []string{"mail=a@x"}, want: []string{"a@x"}},
		{name: "name regardless of case", row: mapping.Row{To: "emails", From: "MAIL"}, entry: []string{"mail=a@x"}, want: []string{"a@x"}},
		{name: "a set is sorted", row: mapping.Row{To: "emails", From: "mail"}, entry: []string{"mail=c", "mail=a", "mail=b"}, want: []string{"a", "b", "c"}},
		{name: "equal values are one", row: mapping.Row{To: "emails", From: "mail"}, entry: []string{"mail=li", "mail=LI"}, want: []string{"LI"}},
		{name: "equal phones are one", row: mapping.Row{To: "phones", From: "mobile"}, entry: []string{"mobile=+86 138", "mobile=+86138"}, want: []string{"+86 138"}},
		{name: "an overridden equality", row: mapping.Row{To: "emails", From: "mail", Equality: directory.Exact}, entry: []string{"mail=li", "mail=LI"}, want: []string{"LI", "li"}},
		{name: "absent clears", row: mapping.Row{To: "emails", From: "mail"}},
		{name: "empty text is no value", row: mapping.Row{To: "emails", From: "mail"}, entry: []string{"mail=", "mail=a"}, want: []string{"a"}},
		{name: "constant", row: mapping.Row{To: "active", Value: pointer("TRUE")}, want: []string{"true"}},
		{name: "empty constant clears", row: mapping.Row{To: "emails", Value: pointer("")}},
		{name: "expression", row: mapping.Row{To: "emails", Expression: `user.all.mail.map(m, lower(m))`}, entry: []string{"mail=B@X", "mail=A@X"}, want: []string{"a@x", "b@x"}},
		{name: "expression without a value", row: mapping.Row{To: "emails", Expression: `user.mail`}},
		{name: "number", row: mapping.Row{To: "number", Expression: `user.uidNumber + 1`}, entry: []string{"uidNumber=41"}, want: []string{"42"}},
		{name: "one writing of numbers", row: mapping.Row{To: "number", From: "uid"}, entry: []string{"uid=+0042"}, want: []string{"42"}},
		{name: "a large number", row: mapping.Row{To: "number", From: "uid"}, entry: []string{"uid=0123456789012345678901234567890"}, want: []string{"123456789012345678901234567890"}},
		{name: "one writing of times", row: mapping.Row{To: "since", From: "joined"}, entry: []string{"joined=2026-01-31T08:00:00+08:00"}, want: []string{"2026-01-31T00:00:00Z"}},
		{name: "bytes", row: mapping.Row{To: "picture", From: "photo"}, entry: []string{"photo=\xff\xd8"}, want: []string{"\xff\xd8"}},
		{name: "an overridden type", row: mapping.Row{To: "displayName", From: "photo", Type: directory.Bytes}, entry: []string{"photo=\xff"}, want: []string{"\xff"}},
		{name: "characters, not bytes, are counted", row: mapping.Row{To: "displayName", From: "cn"}, entry: []string{"cn=八个字的名字真长"}, want: []string{"八个字的名字真长"}},
		{name: "too long", row: mapping.Row{To: "displayName", From: "cn"}, entry: []string{"cn=nine chars"}, fails: "10 characters, the target takes at most 8"},
		{name: "too many bytes", row: mapping.Row{To: "picture", From: "photo"}, entry: []string{"photo=12345"}, fails: "5 bytes, the target takes at most 4"},
		{name: "several values for one", row: mapping.Row{To: "displayName", From: "cn"}, entry: []string{"cn=a", "cn=b"}, fails: "2 values and the target takes one"},
		{name: "no text", row: mapping.Row{To: "displayName", From: "cn"}, entry: []string{"cn=\xff"}, fails: "not text in UTF-8"},
		{name: "neither true nor false", row: mapping.Row{To: "active", From: "uid"}, entry: []string{"uid=yes"}, fails: "neither true nor false"},
		{name: "no number", row: mapping.Row{To: "number", From: "uid"}, entry: []string{"uid=4x"}, fails: "no whole number"},
		{name: "no time", row: mapping.Row{To: "since", From: "uid"}, entry: []string{"uid=now"}, fails: "no time"},
		{name: "required", row: mapping.Row{To: "displayName", From: "cn", Required: true}, fails: "the field is required"},
		{name: "required but empty", row: mapping.Row{To: "displayName", From: "cn", Required: true}, entry: []string{"cn="}, fails: "the field is required"},
		{name: "huge", row: mapping.Row{To: "emails", From: "mail"}, entry: []string{"mail=" + strings.Repeat("x", 1<<20+1)}, fails: "1048577 bytes"},
		{name: "a base for numbers", row: mapping.Row{To: "emails", From: "mail", Numbered: true}, entry: []string{"mail=li@x"}, want: []string{"li@x"}},
		{name: "two bases for numbers", row: mapping.Row{To: "emails", From: "mail", Numbered: true}, entry: []string{"mail=a", "mail=b"}, fails: "2 values, and a row with doubles: Number takes one"},
		{name: "expression that fails", row: mapping.Row{To: "displayName", Expression: `lower(user.cn)`}, fails: "no value for user.cn"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := compileUsers(t, test.row)
			entry := user(test.entry...)
			if entry.Attributes.Get("uid") == nil {
				entry.Attributes = append(entry.Attributes, directory.Attribute{Name: "uid", Values: []string{"li"}})
			}
			form, err := m.Map(entry)
			if test.fails != "" {
				checkEntryError(t, err, test.row.To, test.fails)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, form.Fields.Get(test.row.To)); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
		})
	}
}

// checkEntryError expects an error of the second row.
func checkEntryError(t *testing.T, err error, field, cause string) {
	t.Helper()
	var failed *mapping.EntryError
	if !errors.As(err, &failed) {
		t.Fatalf("error %v, want an EntryError", err)
	}
	if failed.Row != "mappings.users[1]" || failed.Field != field {
		t.Errorf("the error names row %q and field %q, want mappings.users[1] and %q", failed.Row, failed.Field, field)
	}
	if prefix := "mappings.users[1] (to: " + field + "): "; !strings.HasPrefix(err.Error(), prefix) || !strings.Contains(err.Error(), cause) {
		t.Errorf("error %q, want %q ... %q", err, prefix, cause)
	}
}

func TestMapForm(t *testing.T) {
	m := compile(t, mapping.Spec{
		Users: []mapping.Row{
			{To: "userName", From: "uid"},
			{To: "displayName", From: "cn", OnCreate: true},
			{To: "picture", From: "photo", OnCreate: true},
			{To: "boss", From: "manager"},
			{To: "emails", From: "mail"},
			{To: "phones", Expression: `[user.mobile]`},
			{To: "active", Value: pointer("true")},
		},
		Departments: departmentRows,
	})
	entry := user("cn=Li Lei", "manager=uid=boss,dc=x", "uid=Li")
	entry.Departments = []string{"d2", "d1"}
	entry.Unreadable = []string{"mobile", "mail"}
	got, err := m.Map(entry)
	if err != nil {
		t.Fatal(err)
	}
	want := mapping.Form{
		Kind: directory.User, ID: "1", Name: "Li", Departments: []string{"d2", "d1"},
		Fields:     directory.Attributes{{Name: "active", Values: []string{"true"}}, {Name: "userName", Values: []string{"Li"}}},
		OnCreate:   directory.Attributes{{Name: "displayName", Values: []string{"Li Lei"}}},
		References: directory.Attributes{{Name: "boss", Values: []string{"uid=boss,dc=x"}}},
		Unreadable: []string{"emails", "phones"},
	}
	if diff := cmp.Diff(want.Keys, got.Keys); len(got.Keys) != 1 {
		t.Errorf("users without a rule are matched by their identifier: %s", diff)
	}
	got.Keys = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
}

func TestMapLeavesTheEntryAlone(t *testing.T) {
	m := compileUsers(t, mapping.Row{To: "emails", From: "mail"}, mapping.Row{To: "number", Expression: "user.uidNumber"})
	entry := user("mail=b", "mail=", "mail=a", "mail=A", "uid=x", "uidNumber=7")
	before := user("mail=b", "mail=", "mail=a", "mail=A", "uid=x", "uidNumber=7")
	if _, err := m.Map(entry); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, entry); diff != "" {
		t.Errorf("the entry changed (-before +after):\n%s", diff)
	}
}

func TestMapUnknownEntry(t *testing.T) {
	m := compileUsers(t)
	cause := errors.New("two values for entryUUID")
	_, err := m.Map(directory.Entry{Kind: directory.User, ID: "1", Err: cause})
	var failed *mapping.EntryError
	if !errors.As(err, &failed) || !errors.Is(err, cause) || err.Error() != cause.Error() {
		t.Errorf("error %v, want an EntryError with the cause alone", err)
	}
}

func TestObserve(t *testing.T) {
	m := compileUsers(t,
		mapping.Row{To: "emails", From: "mail"},
		mapping.Row{To: "active", Value: pointer("true")},
		mapping.Row{To: "displayName", From: "cn", OnCreate: true},
		mapping.Row{To: "boss", From: "manager"},
		mapping.Row{To: "number", From: "uidNumber"})
	entry := user("active=maybe", "boss=77", "displayName=Li", "emails=B", "emails=A", "emails=b", "other=x", "userName=li")
	entry.Mark = &directory.Mark{Owner: "ns/task", SourceID: "s1"}
	entry.Disabled = true
	entry.Unreadable = []string{"number"}
	got := m.Observe(entry)
	got.Keys = nil
	want := mapping.Form{
		Kind: directory.User, ID: "1", Name: "Li", Mark: entry.Mark, Disabled: true,
		Fields: directory.Attributes{
			{Name: "active", Values: []string{"maybe"}}, {Name: "emails", Values: []string{"A", "B"}}, {Name: "userName", Values: []string{"li"}},
		},
		References: directory.Attributes{{Name: "boss", Values: []string{"77"}}},
		Unreadable: []string{"number"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
}

func TestFieldNames(t *testing.T) {
	m := compile(t, mapping.Spec{
		Users: []mapping.Row{
			{To: "userName", Expression: `lower(user.uid)`},
			{To: "displayName", From: "CN", OnCreate: true},
			{To: "boss", From: "manager"},
			{To: "emails", Expression: `user.all.mail`, Equality: directory.Exact, Required: true},
		},
		Departments: departmentRows,
		MatchUsers:  []mapping.Rule{{Pairs: []mapping.Pair{{Target: "number", Source: "uidnumber"}}}},
	})
	if diff := cmp.Diff([]string{"cn", "mail", "manager", "uid", "uidNumber"}, m.SourceFields(directory.User)); diff != "" {
		t.Errorf("source fields (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"boss", "emails", "number", "userName"}, m.TargetFields(directory.User)); diff != "" {
		t.Errorf("target fields (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"ou"}, m.SourceFields(directory.Department)); diff != "" {
		t.Errorf("source fields of departments (-want +got):\n%s", diff)
	}
	field, ok := m.Field(directory.User, "emails")
	want := directory.Field{Name: "emails", Type: directory.String, Multiple: true, Equality: directory.Exact, Required: true}
	if diff := cmp.Diff(want, field); !ok || diff != "" {
		t.Errorf("field emails, found %v (-want +got):\n%s", ok, diff)
	}
	if _, ok := m.Field(directory.User, "active"); ok {
		t.Error("a field that no row names is not the mapper's")
	}
}

func TestKeys(t *testing.T) {
	spec := mapping.Spec{
		Users: []mapping.Row{{To: "userName", From: "uid"}, {To: "emails", From: "mail"}}, Departments: departmentRows,
		MatchUsers: []mapping.Rule{
			{Pairs: []mapping.Pair{{Target: "userName", Source: "uid"}}},
			{Pairs: []mapping.Pair{{Target: "emails", Source: "mail"}, {Target: "displayName", Source: "cn"}}},
		},
	}
	m := compile(t, spec)
	tests := []struct {
		name           string
		source, target directory.Entry
		want           [2]bool
	}{
		{"equal regardless of case", user("uid=LI"), user("userName=li"), [2]bool{true, false}},
		{"different", user("uid=li"), user("userName=lu"), [2]bool{false, false}},
		{"all pairs are equal", user("cn=Li", "mail=A@X", "mail=b@x", "uid=li"), user("displayName=Li", "emails=B@x", "emails=a@x"), [2]bool{false, true}},
		{"one pair differs", user("cn=li", "mail=a@x", "uid=li"), user("displayName=Li", "emails=a@x"), [2]bool{false, false}},
		{"one pair has no value", user("mail=a@x", "uid=li"), user("emails=a@x"), [2]bool{false, false}},
		{"values do not run into each other", user("cn=b", "mail=a", "uid=li"), user("displayName=c", "emails=a", "emails=b"), [2]bool{false, false}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			source, target := mapped(t, m, test.source), m.Observe(test.target)
			for i := range test.want {
				match := source.Keys[i] != "" && source.Keys[i] == target.Keys[i]
				if match != test.want[i] {
					t.Errorf("rule %d: keys %q and %q, match %v, want %v", i, source.Keys[i], target.Keys[i], match, test.want[i])
				}
			}
		})
	}
	unreadable := user("uid=li")
	unreadable.Unreadable = []string{"uid"}
	if key := mapped(t, m, unreadable).Keys[0]; key != "" {
		t.Errorf("a field that cannot be read gives the key %q, want none", key)
	}
}

// mapped maps an entry; rows that fail fail the test.
func mapped(t testing.TB, m *mapping.Mapper, e directory.Entry) mapping.Form {
	t.Helper()
	form, err := m.Map(e)
	if err != nil {
		t.Fatal(err)
	}
	return form
}
