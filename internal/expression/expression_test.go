package expression_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/expression"
)

// schema is that of an LDAP-like directory: names regardless of case.
var schema = directory.Schema{
	FoldNames: true,
	Users: []directory.Field{
		{Name: "active", Type: directory.Bool},
		{Name: "created", Type: directory.Time},
		{Name: "id", Type: directory.String},
		{Name: "mail", Type: directory.String, Multiple: true},
		{Name: "photo", Type: directory.Bytes},
		{Name: "uid", Type: directory.String},
		{Name: "uidNumber", Type: directory.Int, Multiple: true},
		{Name: "x-role", Type: directory.String},
	},
	Departments: []directory.Field{{Name: "ou", Type: directory.String}},
}

var li = directory.Entry{
	Kind: directory.User, ID: "42", Name: "李雷", Departments: []string{"d1", "d2"},
	Attributes: directory.Attributes{
		{Name: "active", Values: []string{"true"}},
		{Name: "created", Values: []string{"2026-01-02T03:04:05Z"}},
		{Name: "id", Values: []string{"a field of its own"}},
		{Name: "mail", Values: []string{"Li@Example.COM", "lei@example.com"}},
		{Name: "photo", Values: []string{"\xff\xd8"}},
		{Name: "uid", Values: []string{"LI"}},
		{Name: "uidNumber", Values: []string{"7", "8"}},
		{Name: "x-role", Values: []string{"ÉCRIVAIN"}},
	},
}

func TestValues(t *testing.T) {
	tests := []struct {
		name, expression string
		want             []string
	}{
		{"first value", `user.mail`, []string{"Li@Example.COM"}},
		{"all values", `user.all.mail.map(m, lower(m))`, []string{"li@example.com", "lei@example.com"}},
		{"name in brackets", `lower(user["x-role"])`, []string{"écrivain"}},
		{"names regardless of case", `user.MAIL`, []string{"Li@Example.COM"}},
		{"computed name", `user["ma" + "il"]`, []string{"Li@Example.COM"}},
		{"absent field of a computed name", `user["no" + "ne"]`, nil},
		{"member style", `user.uid.lower() + user.uid.upper()`, []string{"liLI"}},
		{"text functions", `user.mail.split("@").join("-").replace("Example", "x").substring(0, 4)`, []string{"Li-x"}},
		{"trim", `"  a ".trim()`, []string{"a"}},
		{"matches", `user.uid.matches("^L") && user.mail.contains("@") && user.mail.startsWith("Li")`, []string{"true"}},
		{"typed values", `user.active && user.uidNumber + 1 == 8 && user.created < timestamp("2027-01-01T00:00:00Z")`, []string{"true"}},
		{"typed lists", `user.all.uidNumber.map(n, n * 2)`, []string{"14", "16"}},
		{"time", `user.created`, []string{"2026-01-02T03:04:05Z"}},
		{"bytes", `user.photo`, []string{"\xff\xd8"}},
		{"null", `null`, nil},
		{"null within a list", `[user.uid, null]`, []string{"LI"}},
		{"empty list", `[]`, nil},
		{"id of the entry", `user.id + "/" + user.name`, []string{"42/李雷"}},
		{"a field with a reserved name", `user.all.id`, []string{"a field of its own"}},
		{"departments", `user.departments`, []string{"d1", "d2"}},
		{"has", `has(user.mail) && has(user.all.id)`, []string{"true"}},
		{"null or text", `user.uid == null ? null : user.uid + "!"`, []string{"LI!"}},
		{"null beside literal text", `[user.uid == "x" ? "x" : null, "y"]`, []string{"y"}},
		{"bind", `cel.bind(m, user.mail, m + m)`, []string{"Li@Example.COMLi@Example.COM"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x, err := expression.Compile(directory.User, test.expression, schema)
			if err != nil {
				t.Fatal(err)
			}
			got, err := x.Values(&li)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDepartment(t *testing.T) {
	x, err := expression.Compile(directory.Department, `[department.name, department.id, department.parent, department.ou]`, schema)
	if err != nil {
		t.Fatal(err)
	}
	for parent, want := range map[string][]string{"": {"Sales", "d1", "s"}, "d0": {"Sales", "d1", "d0", "s"}} {
		entry := directory.Entry{Kind: directory.Department, ID: "d1", Name: "Sales", Parent: parent,
			Attributes: directory.Attributes{{Name: "ou", Values: []string{"s"}}}}
		got, err := x.Values(&entry)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("parent %q (-want +got):\n%s", parent, diff)
		}
	}
}

func TestFields(t *testing.T) {
	all := []string{"active", "created", "id", "mail", "photo", "uid", "uidNumber", "x-role"}
	tests := []struct {
		name, expression string
		want             []string
	}{
		{"none", `"a"`, nil},
		{"first, all and brackets", `user.uid == user["x-role"] || user.all.MAIL.exists(m, m == user.all["uid"][0])`, []string{"mail", "uid", "x-role"}},
		{"test for presence", `has(user.mail)`, []string{"mail"}},
		{"reserved names", `user.id + user.name + user.departments[0]`, nil},
		{"computed name", `user[user.uid]`, all},
		{"computed name of a list", `user.all[user.uid]`, all},
		{"the entry under another name", `cel.bind(u, user, u.mail)`, all},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x, err := expression.Compile(directory.User, test.expression, schema)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, x.Fields(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompileErrors(t *testing.T) {
	tests := []struct{ name, expression, want string }{
		{"syntax", "user.mail +", "line 1, column 12"},
		{"second line", "user.mail ==\n  usr.mail", "line 2, column 3: undeclared reference to 'usr'"},
		{"unknown function", `lowr(user.mail)`, "undeclared reference to 'lowr'"},
		{"types", `"a" + 1`, "line 1, column 5"},
		{"unknown field", `user.mial`, `no field "mial"`},
		{"regular expression", `user.mail.matches("(")`, "invalid matches argument"},
		{"fraction", `1.5`, "it gives double"},
		{"list of maps", `[{"a": 1}]`, "it gives map"},
		{"too long", `"` + strings.Repeat("a", 5000) + `"`, "size"},
		{"loops within loops", `[1].map(a, [1].map(b, [1].map(c, [1].map(d, d))))`, "nesting"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := expression.Compile(directory.User, test.expression, schema)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestEvaluationErrors(t *testing.T) {
	nobody := directory.Entry{Kind: directory.User, ID: "1", Unreadable: []string{"mail"},
		Attributes: directory.Attributes{{Name: "uidNumber", Values: []string{"many"}}}}
	tests := []struct {
		name, expression, want string
		unreadable             bool
	}{
		{name: "absent field", expression: `lower(user.uid)`, want: "this entry has no value for user.uid: test with has(user.uid)"},
		{name: "wrong value", expression: `user.uidNumber + 1`, want: `a value of the field "uidNumber" is no Int`},
		{name: "nested list", expression: `[user.all["u" + "id"]]`, want: "gives list"},
		{name: "endless work", expression: `lists.range(1000000).map(n, n * n).size()`, want: "cost limit"},
		{name: "unreadable", expression: `lower(user.mail)`, want: `"mail" could not be read`, unreadable: true},
		{name: "unreadable list", expression: `user.all.mail`, want: `"mail" could not be read`, unreadable: true},
		{name: "presence of an unreadable field", expression: `has(user.mail)`, want: `"mail" could not be read`, unreadable: true},
		{name: "name that is no text", expression: `user[user.all.uid.size()]`, want: "the name of a field is text"},
		{name: "the entry itself", expression: `cel.bind(u, user, u)`, want: "gives entry"},
		{name: "index beyond the end", expression: `user.all.uid[3]`, want: "index"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x, err := expression.Compile(directory.User, test.expression, schema)
			if err != nil {
				t.Fatal(err)
			}
			got, err := x.Values(&nobody)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("values %q, error %v, want one with %q", got, err, test.want)
			}
			var unreadable *expression.UnreadableError
			if errors.As(err, &unreadable) != test.unreadable {
				t.Errorf("error %v is an UnreadableError: %v, want %v", err, !test.unreadable, test.unreadable)
			}
		})
	}
}

func TestFilter(t *testing.T) {
	tests := []struct {
		name, filter string
		want         bool
		fails        string
	}{
		{name: "holds", filter: `user.uid == "LI"`, want: true},
		{name: "does not hold", filter: `user.uid == "x"`},
		{name: "absent is not equal", filter: `user["a" + "b"] == "x"`},
		{name: "unreadable but not needed", filter: `user.uid == "LI" || user.photo == b"x"`, want: true},
		{name: "unreadable", filter: `user.uid == "x" || user.photo == b"x"`, fails: `"photo" could not be read`},
		{name: "neither true nor false", filter: `user.uid`, fails: "gives string instead of true or false"},
	}
	entry := li
	entry.Unreadable = []string{"photo"}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := expression.CompileFilter(directory.User, test.filter, schema)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Holds(&entry)
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("error %v, want one with %q", err, test.fails)
				}
				return
			}
			if err != nil || got != test.want {
				t.Errorf("holds %v, error %v, want %v", got, err, test.want)
			}
		})
	}
}

func TestCheckWithoutDirectory(t *testing.T) {
	if err := expression.Check(directory.User, `user.whatever.split(".")`); err != nil {
		t.Errorf("a field that only the directory can know: %v", err)
	}
	if err := expression.Check(directory.User, `department.ou`); err == nil {
		t.Error("an expression of a user may not read a department")
	}
	if err := expression.CheckFilter(directory.User, `"text"`); err == nil || !strings.Contains(err.Error(), "a filter must give true or false") {
		t.Errorf("a filter that gives text: %v", err)
	}
	if err := expression.CheckFilter(directory.Department, `department.name.startsWith("A")`); err != nil {
		t.Error(err)
	}
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{`user.mail`, `user.all.mail.map(m, lower(m))`, `has(user.uid) ? user.uid : null`, `user["a"]`, `user[user.uid]`,
		`cel.bind(u, user, u.all)`, `{"a": user}`, `user.all.exists(x, true)`, `lists.range(9)`, `"%s".format([user])`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checked := expression.Check(directory.User, text)
		x, err := expression.Compile(directory.User, text, schema)
		if err != nil {
			return
		}
		if checked != nil {
			t.Fatalf("compiled, but Check says: %v", checked)
		}
		first, err := x.Values(&li)
		again, errAgain := x.Values(&li)
		if !cmp.Equal(first, again) || (err == nil) != (errAgain == nil) {
			t.Fatalf("two evaluations differ: %q, %v and %q, %v", first, err, again, errAgain)
		}
	})
}

// FuzzFilter: what Check takes compiles and the other way round, an error is never an answer, and the answer is the same twice.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{`user.uid == "LI"`, `has(user.mail) && user.active`, `user.all.mail.exists(m, m.endsWith("COM"))`, `user.uidNumber / 0 > 1 || true`,
		`user.uid.matches("(")`, `user["x"] == null`, `dyn(user.uid)`, `pinyin(user.name) != ""`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checked := expression.CheckFilter(directory.User, text)
		filter, err := expression.CompileFilter(directory.User, text, schema)
		if err != nil {
			return
		}
		if checked != nil {
			t.Fatalf("compiled, but CheckFilter says: %v", checked)
		}
		first, err := filter.Holds(&li)
		again, errAgain := filter.Holds(&li)
		if first != again || (err == nil) != (errAgain == nil) || err != nil && first {
			t.Fatalf("two answers: %v, %v and %v, %v", first, err, again, errAgain)
		}
	})
}

func BenchmarkValues(b *testing.B) {
	for name, text := range map[string]string{
		"field": `user.uid`, "lower": `lower(user.mail)`, "list": `user.all.mail.map(m, lower(m))`, "regexp": `user.mail.matches("^[a-z.]+@example.com$")`,
	} {
		b.Run(name, func(b *testing.B) {
			x, err := expression.Compile(directory.User, text, schema)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := x.Values(&li); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
