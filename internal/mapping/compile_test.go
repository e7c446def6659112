package mapping_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
)

func TestCompileProblems(t *testing.T) {
	name := mapping.Row{To: "userName", From: "uid"}
	tests := []struct {
		name string
		spec mapping.Spec
		want []string
	}{
		{"unknown fields", mapping.Spec{Users: []mapping.Row{name, {To: "nick", From: "uid"}, {To: "emails", From: "maill"}}}, []string{
			`mappings.users[1] (to: nick): the target has no field "nick" for a user`,
			`mappings.users[2] (to: emails): the source has no field "maill" for a user`}},
		{"read-only field", mapping.Spec{Users: []mapping.Row{name, {To: "id", From: "uid"}}}, []string{
			`mappings.users[1] (to: id): the field cannot be written: the target or its connector sets it`}},
		{"sensitive rows", mapping.Spec{Users: []mapping.Row{{To: "userName", From: "uid", Sensitive: true}, {To: "emails", Value: pointer("x"), Sensitive: true},
			{To: "boss", From: "manager", Sensitive: true}, {To: "phones", From: "mobile", Sensitive: true, Numbered: true}}}, []string{
			`mappings.users[0] (to: userName): the field names the user in the target, and so in messages and records, so it cannot be sensitive`,
			`mappings.users[1] (to: emails): a constant stands in the task itself, for everyone who may read it, so it cannot be sensitive: leave out sensitive, or take the value from the source`,
			`mappings.users[2] (to: boss): a reference names people by IDs that stand in links and records, so it cannot be sensitive: leave out sensitive`,
			`mappings.users[3] (to: phones): a sensitive value gets no number, since plan and records would tell of it: leave out doubles or sensitive`}},
		{"a secret", mapping.Spec{Users: []mapping.Row{name, {To: "password", From: "cn", OnCreate: true}}}, []string{
			`mappings.users[1] (to: password): the field holds a secret, which the target does not give back: it is written only by a row with sensitive: true and apply: OnCreate`}},
		{"no giver and two", mapping.Spec{Users: []mapping.Row{name, {To: "emails"}, {To: "displayName", From: "cn", Value: pointer("x")}}}, []string{
			`mappings.users[1] (to: emails): exactly one of from, value and expression must be set`,
			`mappings.users[2] (to: displayName): exactly one of from, value and expression must be set`}},
		{"two rows for one field", mapping.Spec{Users: []mapping.Row{name, {To: "userName", From: "cn", OnCreate: true}}}, []string{
			`mappings.users[1] (to: userName): mappings.users[0] gives this field already: keep one of the two rows`}},
		{"types", mapping.Spec{Users: []mapping.Row{name, {To: "active", From: "photo"}, {To: "boss", From: "uid"}, {To: "displayName", From: "manager"},
			{To: "number", Expression: `user.uid == "x"`}}}, []string{
			`mappings.users[1] (to: active): it copies the field "photo" of type Bytes into one of type Bool: convert it with an expression`,
			`mappings.users[2] (to: boss): it copies the field "uid" of type String into one of type Reference: convert it with an expression`,
			`mappings.users[3] (to: displayName): it copies the field "manager" of type Reference into one of type String: convert it with an expression`,
			`mappings.users[4] (to: number): the expression gives Bool and the field is of type Int`}},
		{"expression", mapping.Spec{Users: []mapping.Row{name, {To: "emails", Expression: "user.mail +"}}}, []string{
			`mappings.users[1] (to: emails): expression: line 1, column 12: Syntax error: mismatched input '<EOF>'`}},
		{"field of an expression", mapping.Spec{Users: []mapping.Row{name, {To: "emails", Expression: "user.all.maill"}}}, []string{
			`mappings.users[1] (to: emails): expression: the directory has no field "maill" for a user`}},
		{"constant", mapping.Spec{Users: []mapping.Row{name, {To: "active", Value: pointer("yes")}, {To: "emails", Value: pointer(""), Required: true}}}, []string{
			`mappings.users[1] (to: active): the constant does not fit: a value is neither true nor false`,
			`mappings.users[2] (to: emails): the constant does not fit: the entry has no value for this field, and the field is required`}},
		{"missing required field", mapping.Spec{Users: []mapping.Row{{To: "emails", From: "mail"}}}, []string{
			`mappings.users: the target needs the field "userName" for every user, and no row gives it`}},
		{"reference at creation", mapping.Spec{Users: []mapping.Row{name, {To: "boss", From: "manager", OnCreate: true}}}, []string{
			`mappings.users[1] (to: boss): a reference is written after all creates: it cannot be OnCreate`}},
		{"numbers", mapping.Spec{Users: []mapping.Row{name, {To: "number", From: "uid", Numbered: true}, {To: "emails", From: "mail", Numbered: true}},
			Departments: []mapping.Row{{To: "displayName", From: "ou", Numbered: true}}}, []string{
			`mappings.users[1] (to: number): doubles: Number appends a number to a text, and the field is of type Int: leave it out, or give the row the type String`,
			`mappings.departments[0] (to: displayName): doubles: Number is for rows of users; departments are told apart by their parents`}},
		{"rules", mapping.Spec{Users: []mapping.Row{name}, MatchUsers: []mapping.Rule{{},
			{Pairs: []mapping.Pair{{Target: "nick", Source: "nock"}}},
			{Pairs: []mapping.Pair{{Target: "boss", Source: "manager"}}},
			{Pairs: []mapping.Pair{{Target: "number", Source: "photo"}}}}}, []string{
			`matching.users[0]: the rule names no fields, so it would match everything`,
			`matching.users[1]: the target has no field "nick" for a user`,
			`matching.users[1]: the source has no field "nock" for a user`,
			`matching.users[2]: "boss" and "manager" cannot be matched: a reference means something in its own directory only`,
			`matching.users[3]: "number" is of type Int and "photo" of type Bytes: they are never equal`}},
		{"departments", mapping.Spec{Users: []mapping.Row{name}, Departments: []mapping.Row{{To: "displayName", From: "cn"}}}, []string{
			`mappings.departments[0] (to: displayName): the source has no field "cn" for a department`}},
		{"no row for the name of departments", mapping.Spec{Users: []mapping.Row{name}, Departments: []mapping.Row{}}, []string{
			`mappings.departments: the target needs the field "displayName" for every department, and no row gives it`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.spec.Departments == nil {
				test.spec.Departments = departmentRows
			}
			_, err := mapping.Compile(test.spec, ldap, app, appAbilities)
			var problems mapping.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("error %v, want Problems", err)
			}
			var got []string
			for _, p := range problems {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckExpressions(t *testing.T) {
	problems := mapping.CheckExpressions(mapping.Spec{
		Users:       []mapping.Row{{To: "a", Expression: "usr.x"}, {To: "b", Expression: "user.anything"}, {To: "c"}},
		Departments: []mapping.Row{{To: "d", Expression: "user.x"}},
	})
	want := "mappings.users[0] (to: a): expression: line 1, column 1: undeclared reference to 'usr'; " +
		"mappings.users[2] (to: c): exactly one of from, value and expression must be set; " +
		"mappings.departments[0] (to: d): expression: line 1, column 1: undeclared reference to 'user'"
	if problems.Error() != want {
		t.Errorf("problems:\n%s\nwant:\n%s", problems.Error(), want)
	}
}

func TestDefaultMatching(t *testing.T) {
	match := func(spec mapping.Spec) int {
		spec.Departments = departmentRows
		return len(mapped(t, compile(t, spec), user("cn=Li", "uid=li")).Keys)
	}
	if got := match(mapping.Spec{Users: []mapping.Row{{To: "userName", From: "uid"}}}); got != 1 {
		t.Errorf("a copied identifier gives %d keys, want 1", got)
	}
	if got := match(mapping.Spec{Users: []mapping.Row{{To: "userName", From: "uid", OnCreate: true}}}); got != 1 {
		t.Errorf("an identifier that is copied at creation gives %d keys, want 1", got)
	}
	if got := match(mapping.Spec{Users: []mapping.Row{{To: "userName", From: "uid", Numbered: true}}}); got != 0 {
		t.Errorf("an identifier whose doubles get a number gives %d keys, want 0: a newcomer would take a namesake's account over", got)
	}
	if got := match(mapping.Spec{Users: []mapping.Row{{To: "userName", Expression: "user.uid"}}}); got != 0 {
		t.Errorf("a computed identifier gives %d keys, want 0", got)
	}
}

func TestDefaults(t *testing.T) {
	field := func(name string, multiple bool) directory.Field {
		return directory.Field{Name: name, Type: directory.String, Multiple: multiple}
	}
	readOnly := field("employeeNumber", false)
	readOnly.ReadOnly = true
	source := directory.Schema{FoldNames: true,
		Users: []directory.Field{field("cn", true), field("employeeNumber", false), field("mail", true), field("uid", false),
			{Name: "manager", Type: directory.Reference}, {Name: "userPassword", Type: directory.Bytes}, {Name: "title", Type: directory.Bytes}},
		Departments: []directory.Field{field("description", true), field("ou", true)},
	}
	target := directory.Schema{FoldNames: true,
		Users: []directory.Field{field("CN", true), readOnly, field("mail", false), field("sn", true), field("title", true), field("uid", false),
			{Name: "manager", Type: directory.Reference}, {Name: "userPassword", Type: directory.Bytes}},
		Departments: []directory.Field{field("cn", true), field("description", true)},
	}
	abilities := directory.Capabilities{UserIdentifier: "uid", DepartmentName: "cn"}
	got := mapping.Defaults(source, target, abilities)
	want := mapping.Spec{
		Users: []mapping.Row{{To: "uid", From: "uid"}, {To: "CN", From: "cn"}, {To: "mail", Expression: `user["mail"]`}, {To: "manager", From: "manager"}},
		Departments: []mapping.Row{
			{To: "description", From: "description"}, {To: "cn", Expression: "department.name"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	m, err := mapping.Compile(got, source, target, abilities)
	if err != nil {
		t.Fatal(err)
	}
	form := mapped(t, m, directory.Entry{Kind: directory.Department, ID: "d", Name: "Sales"})
	if diff := cmp.Diff([]string{"Sales"}, form.Fields.Get("cn")); diff != "" {
		t.Errorf("name of the department (-want +got):\n%s", diff)
	}
}
