package mapping_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
)

func TestDiffAndHash(t *testing.T) {
	m := compileUsers(t,
		mapping.Row{To: "emails", From: "mail"}, mapping.Row{To: "phones", From: "mobile"}, mapping.Row{To: "displayName", From: "cn"},
		mapping.Row{To: "number", From: "uidNumber"}, mapping.Row{To: "boss", From: "manager"})
	tests := []struct {
		name           string
		source, target directory.Entry
		want           []string
	}{
		{"equal", user("cn=Li", "mail=a", "mail=b", "uid=li"), user("displayName=Li", "emails=b", "emails=a", "userName=li"), nil},
		{"case is a difference", user("cn=McDonald", "uid=li"), user("displayName=mcdonald", "userName=Li"), []string{"displayName [mcdonald] [McDonald]", "userName [Li] [li]"}},
		{"writing of a phone is none", user("mobile=+86 138-0000", "uid=li"), user("phones=+861380000", "userName=li"), nil},
		{"another phone", user("mobile=+86 1", "uid=li"), user("phones=+86 2", "userName=li"), []string{"phones [+86 2] [+86 1]"}},
		{"a value more", user("mail=a", "mail=b", "uid=li"), user("emails=b", "userName=li"), []string{"emails [b] [a b]"}},
		{"emptied", user("uid=li"), user("emails=b", "userName=li"), []string{"emails [b] []"}},
		{"writing of a number is none", user("uid=li", "uidNumber=07"), user("number=7", "userName=li"), nil},
		{"references are not fields", user("manager=uid=x", "uid=li"), user("boss=9", "userName=li"), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			source, target := mapped(t, m, test.source), m.Observe(test.target)
			var got []string
			for _, d := range m.Diff(&source, &target) {
				got = append(got, fmt.Sprintf("%s %v %v", d.Field.Name, d.Before, d.After))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
			if equal := m.Hash(&source) == m.Hash(&target); equal != (len(test.want) == 0) {
				t.Errorf("hashes are equal: %v, differences: %v", equal, got)
			}
		})
	}
}

func TestDiffLeavesUnreadableFieldsAlone(t *testing.T) {
	m := compileUsers(t, mapping.Row{To: "emails", From: "mail"}, mapping.Row{To: "displayName", From: "cn"})
	entry := user("cn=Li", "uid=li")
	entry.Unreadable = []string{"mail"}
	there := user("emails=a", "userName=li")
	there.Unreadable = []string{"displayName"}
	source, target := mapped(t, m, entry), m.Observe(there)
	if got := m.Diff(&source, &target); len(got) != 0 {
		t.Errorf("differences %v, want none", got)
	}
}

func TestHashSeparatesFields(t *testing.T) {
	m := compileUsers(t, mapping.Row{To: "emails", From: "mail"}, mapping.Row{To: "displayName", From: "cn"})
	hash := func(pairs ...string) mapping.Hash {
		form := mapped(t, m, user(pairs...))
		return m.Hash(&form)
	}
	all := []mapping.Hash{
		hash("mail=ab", "uid=li"), hash("mail=a", "mail=b", "uid=li"), hash("cn=ab", "uid=li"), hash("cn=a", "mail=b", "uid=li"), hash("uid=li"),
	}
	for i, a := range all {
		for _, b := range all[:i] {
			if a == b {
				t.Errorf("two different forms have the hash %x", a)
			}
		}
	}
}

// forms draws any form.
func forms() *rapid.Generator[mapping.Form] {
	text := rapid.StringN(0, 8, -1)
	texts := rapid.SliceOfN(text, 0, 3)
	attributes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) directory.Attribute {
		return directory.Attribute{Name: text.Draw(t, "name"), Values: texts.Draw(t, "values")}
	}), 0, 4)
	return rapid.Custom(func(t *rapid.T) mapping.Form {
		f := mapping.Form{
			Kind: rapid.SampledFrom([]directory.Kind{directory.User, directory.Department}).Draw(t, "kind"),
			ID:   text.Draw(t, "id"), Name: text.Draw(t, "name"), Parent: text.Draw(t, "parent"),
			Fields: attributes.Draw(t, "fields"), OnCreate: attributes.Draw(t, "on create"), References: attributes.Draw(t, "references"),
			Unreadable: texts.Draw(t, "unreadable"), Departments: texts.Draw(t, "departments"), Leaders: texts.Draw(t, "leaders"),
			Keys: texts.Draw(t, "keys"), Disabled: rapid.Bool().Draw(t, "disabled"),
		}
		if rapid.Bool().Draw(t, "marked") {
			f.Mark = &directory.Mark{Owner: text.Draw(t, "owner"), SourceID: text.Draw(t, "source")}
		}
		return f
	})
}

func TestFormRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := forms().Draw(t, "form")
		before := []byte("before")
		data := mapping.AppendForm(before, &want)
		got, err := mapping.DecodeForm(data[len(before):])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("form (-want +got):\n%s", diff)
		}
	})
}

func TestDecodedListsDoNotOverlap(t *testing.T) {
	data := mapping.AppendForm(nil, &mapping.Form{Departments: []string{"a"}, Leaders: []string{"b"}})
	form, err := mapping.DecodeForm(data)
	if err != nil {
		t.Fatal(err)
	}
	form.Departments = append(form.Departments, "c")
	if form.Leaders[0] != "b" {
		t.Errorf("adding a department changed the leader to %q", form.Leaders[0])
	}
}

func FuzzDecodeForm(f *testing.F) {
	form := mapping.Form{Kind: directory.User, ID: "1", Name: "李", Mark: &directory.Mark{Owner: "o", SourceID: "s"},
		Fields: directory.Attributes{{Name: "a", Values: []string{"x", "y"}}, {Name: "b"}}, Keys: []string{"", "k"}}
	data := mapping.AppendForm(nil, &form)
	f.Add(data)
	f.Add(data[:len(data)-1])
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		form, err := mapping.DecodeForm(data)
		if err != nil {
			return
		}
		again, err := mapping.DecodeForm(mapping.AppendForm(nil, &form))
		if err != nil {
			t.Fatalf("a form that was decoded cannot be encoded: %v", err)
		}
		if diff := cmp.Diff(form, again); diff != "" {
			t.Fatalf("form (-first +again):\n%s", diff)
		}
	})
}

// TestMappedAndWrittenIsEqual maps any entry, takes the form for what the target then holds, and expects no difference, in whatever
// order the values come.
func TestMappedAndWrittenIsEqual(t *testing.T) {
	m := compileUsers(t, mapping.Row{To: "emails", From: "mail"}, mapping.Row{To: "phones", Expression: "[user.mobile, user.uid]"},
		mapping.Row{To: "number", From: "uidNumber"}, mapping.Row{To: "displayName", From: "cn"})
	rapid.Check(t, func(t *rapid.T) {
		pairs := []string{"uid=" + rapid.StringMatching(`[a-zA-Z0-9]{1,5}`).Draw(t, "uid")}
		for _, value := range rapid.SliceOfN(rapid.StringMatching(`[aAbB ]{0,3}`), 0, 5).Draw(t, "mail") {
			pairs = append(pairs, "mail="+value)
		}
		pairs = append(pairs, "mobile="+rapid.StringMatching(`\+?[0-9 -]{0,6}`).Draw(t, "mobile"))
		pairs = append(pairs, fmt.Sprintf("uidNumber=%03d", rapid.IntRange(-9, 99).Draw(t, "number")))
		slices.SortStableFunc(pairs, func(a, b string) int { return strings.Compare(a[:strings.Index(a, "=")], b[:strings.Index(b, "=")]) })
		source, err := m.Map(user(pairs...))
		if err != nil {
			t.Fatal(err)
		}
		written := directory.Entry{Kind: directory.User}
		for _, a := range source.Fields {
			written.Attributes = append(written.Attributes, directory.Attribute{Name: a.Name, Values: rapid.Permutation(a.Values).Draw(t, a.Name)})
		}
		target := m.Observe(written)
		if got := m.Diff(&source, &target); len(got) != 0 {
			t.Fatalf("differences %v", got)
		}
		if m.Hash(&source) != m.Hash(&target) {
			t.Fatalf("the hashes of %v and %v differ", source.Fields, target.Fields)
		}
	})
}

// person is a user with the fields of a company directory, and personSchema describes them.
func person() (directory.Entry, directory.Schema) {
	e := directory.Entry{Kind: directory.User, ID: "0f0e3a52-7d1c-4b1f-9a55-2f6f6f1f0a11", Name: "Li Lei", Departments: []string{"0f0e3a52-7d1c-4b1f-9a55-2f6f6f1f0a12"}}
	schema := directory.Schema{FoldNames: true}
	random := rand.New(rand.NewPCG(1, 1))
	for _, name := range []string{"cn", "departmentNumber", "displayName", "employeeNumber", "employeeType", "givenName", "mail", "mobile", "sn", "telephoneNumber", "title", "uid"} {
		equality := directory.IgnoreCase
		if name == "mobile" || name == "telephoneNumber" {
			equality = directory.Phone
		}
		schema.Users = append(schema.Users, directory.Field{Name: name, Type: directory.String, Multiple: true, Equality: equality})
		e.Attributes = append(e.Attributes, directory.Attribute{Name: name, Values: []string{fmt.Sprintf("%s %d", name, random.IntN(1e9))}})
	}
	return e, schema
}

func BenchmarkMapHashAppend(b *testing.B) {
	e, schema := person()
	spec := mapping.Defaults(schema, schema, directory.Capabilities{})
	if len(spec.Users) != 12 {
		b.Fatalf("%d rows, want 12", len(spec.Users))
	}
	abilities := directory.Capabilities{UserIdentifier: "uid"}
	m, err := mapping.Compile(spec, schema, schema, abilities)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var data []byte
	for b.Loop() {
		form, err := m.Map(e)
		if err != nil {
			b.Fatal(err)
		}
		hash := m.Hash(&form)
		data = append(mapping.AppendForm(data[:0], &form), hash[:]...)
	}
	b.ReportMetric(float64(len(data)), "bytes/form")
}

func BenchmarkDecodeForm(b *testing.B) {
	e, schema := person()
	m, err := mapping.Compile(mapping.Defaults(schema, schema, directory.Capabilities{}), schema, schema, directory.Capabilities{})
	if err != nil {
		b.Fatal(err)
	}
	form := mapped(b, m, e)
	data := mapping.AppendForm(nil, &form)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := mapping.DecodeForm(data); err != nil {
			b.Fatal(err)
		}
	}
}
