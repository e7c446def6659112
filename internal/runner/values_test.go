package runner_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// typedSchema adds an attribute of each type that inetOrgPerson has none of, and a class that allows them.
const typedSchema = `attributetype ( 1.3.6.1.4.1.55555.1.1 NAME 'xActive' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.2 NAME 'xCount' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.3 NAME 'xSince' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.4 NAME 'xExact' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.3.6.1.4.1.55555.2.1 NAME 'xPerson' AUXILIARY MAY ( xActive $ xCount $ xSince $ xExact ) )
`

// newTyped is a company of four whose entries have a field of every type.
func newTyped(t *testing.T, rows ...v1alpha1.Mapping) *world {
	t.Helper()
	w := newWorld(t)
	w.task.Spec.Target.LDAP.Users.ObjectClasses = []v1alpha1.AttributeName{"inetOrgPerson", "xPerson"}
	w.task.Spec.Mappings.Users = append(copies("uid", "cn", "sn", "mail"), rows...)
	w.unit("Head")
	for _, uid := range []string{"an", "bo", "chen", "dora"} {
		server.Apply(t, strings.Replace(personLDIF(uid, w.dn("Head")), "objectClass: inetOrgPerson\n", "objectClass: inetOrgPerson\nobjectClass: xPerson\n", 1))
	}
	return w
}

// head is a person of the source.
func (w *world) head(uid string) string { return "uid=" + uid + "," + w.dn("Head") }

// reads is what the target holds in a field of somebody.
func (w *world) reads(uid, field string) string {
	w.t.Helper()
	person, ok := w.targetPerson(uid)
	if !ok {
		w.t.Fatalf("%s is not in the target", uid)
	}
	return person.attributes[field]
}

// quiet fails unless a further run finds nothing to do.
func (w *world) quiet(after string) {
	w.t.Helper()
	w.synced()
	w.expectEqual("a further run after "+after, w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 5})
}

func TestValuesOfEachTypeFollowTheSource(t *testing.T) {
	t.Parallel()
	photo := func(data string) string {
		return "replace: jpegPhoto\njpegPhoto:: " + base64.StdEncoding.EncodeToString([]byte(data))
	}
	tests := []struct {
		field         v1alpha1.FieldName
		first, then   string
		reads, reads2 string
	}{
		{"description", "replace: description\ndescription:: " + base64.StdEncoding.EncodeToString([]byte("李雷 😀")), "replace: description\ndescription: plain", "李雷 😀", "plain"},
		{"jpegPhoto", photo("\xff\xd8\x00\xfe"), photo("\xff\xd8\x00\xfd"), "\xff\xd8\x00\xfe", "\xff\xd8\x00\xfd"},
		{"xActive", "replace: xActive\nxActive: TRUE", "replace: xActive\nxActive: FALSE", "TRUE", "FALSE"},
		{"xCount", "replace: xCount\nxCount: -12345678901234567890", "replace: xCount\nxCount: 0", "-12345678901234567890", "0"},
		{"xSince", "replace: xSince\nxSince: 20260131080000+0800", "replace: xSince\nxSince: 20260131080000.5Z", "20260131000000Z", "20260131080000.5Z"},
		{"telephoneNumber", "replace: telephoneNumber\ntelephoneNumber: +86 10 1\ntelephoneNumber: +86 10 2", "replace: telephoneNumber\ntelephoneNumber: +86 10 3", "+86 10 1|+86 10 2", "+86 10 3"},
		{"description", "replace: description\ndescription: a\ndescription: b\ndescription: c", "replace: description\ndescription: c\ndescription: d", "a|b|c", "c|d"},
	}
	for _, test := range tests {
		t.Run(string(test.field), func(t *testing.T) {
			t.Parallel()
			w := newTyped(t, copies(test.field)...)
			w.modify(w.head("an"), test.first)
			w.synced()
			w.expectEqual("the value", w.reads("an", string(test.field)), test.reads)
			w.quiet("the create")
			w.modify(w.head("an"), test.then)
			w.synced()
			w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"UpdateUser Succeeded": 1, "NoUpdate Succeeded": 4})
			w.expectEqual("the other value", w.reads("an", string(test.field)), test.reads2)
			w.quiet("the update")
			w.modify(w.head("an"), "delete: "+string(test.field))
			w.synced()
			w.expectEqual("the value that was emptied at the source", w.reads("an", string(test.field)), "")
			w.quiet("the clearing")
		})
	}
}

func TestWhatIsADifference(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		field       v1alpha1.FieldName
		first, then string
		update      bool
	}{
		{"the case of an exact field", "xExact", "xExact: Li", "xExact: LI", true},
		{"the case where letter case does not count for matching", "description", "description: mcdonald", "description: McDonald", true},
		{"the layout of a phone number", "telephoneNumber", "telephoneNumber: +86 10 1234", "telephoneNumber: +86-10-12 34", false},
		{"another phone number", "telephoneNumber", "telephoneNumber: +86 10 1234", "telephoneNumber: +86 10 1235", true},
		{"the spelling of a name", "seeAlso", "seeAlso: cn=a b,dc=example,dc=com", "seeAlso: CN=A  B, DC=example, DC=com", false},
		{"another name", "seeAlso", "seeAlso: cn=a,dc=example,dc=com", "seeAlso: cn=b,dc=example,dc=com", true},
		{"the order of several values", "description", "description: a\ndescription: b", "description: b\ndescription: a", false},
		{"one more of several values", "description", "description: a", "description: a\ndescription: b", true},
		{"the zone of a time", "xSince", "xSince: 20260131080000+0800", "xSince: 20260131000000Z", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newTyped(t, copies(test.field)...)
			w.modify(w.head("an"), fmt.Sprintf("replace: %s\n%s", test.field, test.first))
			w.synced()
			w.modify(w.head("an"), fmt.Sprintf("replace: %s\n%s", test.field, test.then))
			w.synced()
			want := map[string]int{"NoUpdate Succeeded": 5}
			if test.update {
				want = map[string]int{"UpdateUser Succeeded": 1, "NoUpdate Succeeded": 4}
			}
			w.expectEqual("operations", w.operations(w.lastUID()), want)
		})
	}
}

func TestDoublesWithinAFieldAreOne(t *testing.T) {
	t.Parallel()
	w := newTyped(t,
		v1alpha1.Mapping{To: "description", Expression: "user.all.mail + user.all.mail.map(m, upper(m))"},
		v1alpha1.Mapping{To: "xExact", Expression: "user.all.mail + user.all.mail"},
		v1alpha1.Mapping{To: "telephoneNumber", Expression: "['+86 10 1', '+86101']"},
	)
	w.synced()
	w.expectEqual("a field where letter case does not count", strings.ToLower(w.reads("an", "description")), "616e@example.com")
	w.expectEqual("an exact field", w.reads("an", "xExact"), "616e@example.com")
	w.expectEqual("phone numbers", w.reads("an", "telephoneNumber"), "+86 10 1")
	w.quiet("the first run")
}

// TestEntriesThatCannotBeMappedFailAloneAndSayWhy has one person whose values do not fit; everybody else is synced.
func TestEntriesThatCannotBeMappedFailAloneAndSayWhy(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, change string
		row          v1alpha1.Mapping
		says         []string
	}{
		{"several values for one", "replace: description\ndescription: a\ndescription: b", v1alpha1.Mapping{To: "displayName", From: "description"},
			[]string{"mappings.users[4] (to: displayName)", "2 values and the target takes one", "user.mail for the first"}},
		{"a field of the object classes that is missing", "delete: title", v1alpha1.Mapping{To: "sn", From: "title"},
			[]string{"mappings.users[2] (to: sn)", "no value for this field, and the field is required"}},
		{"a field that the task requires", "delete: title", v1alpha1.Mapping{To: "title", From: "title", Required: true},
			[]string{"mappings.users[4] (to: title)", "no value for this field, and the field is required"}},
		{"a number that is none", "replace: title\ntitle: many", v1alpha1.Mapping{To: "xCount", From: "title"},
			[]string{"mappings.users[4] (to: xCount)", "no whole number"}},
		{"neither true nor false", "replace: title\ntitle: perhaps", v1alpha1.Mapping{To: "xActive", From: "title"},
			[]string{"mappings.users[4] (to: xActive)", "neither true nor false"}},
		{"an expression without its value", "delete: title", v1alpha1.Mapping{To: "description", Expression: "lower(user.title)"},
			[]string{"mappings.users[4] (to: description)", "no value for user.title: test with has(user.title)"}},
		{"a value that the server refuses", "replace: title\ntitle:: " + base64.StdEncoding.EncodeToString([]byte("电话")), v1alpha1.Mapping{To: "telephoneNumber", From: "title"},
			[]string{"uid=bo,", "the value does not have the form that the attribute demands", "telephoneNumber"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newTyped(t)
			if test.row.To == "sn" {
				w.task.Spec.Mappings.Users[2] = test.row
			} else {
				w.task.Spec.Mappings.Users = append(w.task.Spec.Mappings.Users, test.row)
			}
			for _, uid := range []string{"an", "bo", "chen", "dora"} {
				w.modify(w.head(uid), "replace: title\ntitle: "+fittingTitle(test.row.To))
			}
			w.modify(w.head("bo"), test.change)
			last := w.sync()
			w.expectEqual("result", string(last.Outcome.Result), "PartiallyFailed")
			w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"CreateDepartment Succeeded": 1, "CreateUser Succeeded": 3, "CreateUser Failed": 1})
			record := w.recordOf("The bo")
			for _, part := range test.says {
				if !strings.Contains(record.Message, part) {
					t.Errorf("the record does not say %q: %s", part, record.Message)
				}
			}
			if _, there := w.targetPerson("bo"); there {
				t.Error("the entry was written all the same")
			}
		})
	}
}

// fittingTitle is a title that a field takes.
func fittingTitle(field v1alpha1.FieldName) string {
	switch field {
	case "xCount":
		return "7"
	case "xActive":
		return "true"
	default:
		return "Clerk"
	}
}

func TestAnEntryThatCannotBeMappedAnyMoreKeepsItsAccount(t *testing.T) {
	t.Parallel()
	w := newTyped(t, v1alpha1.Mapping{To: "title", From: "title", Required: true})
	for _, uid := range []string{"an", "bo", "chen", "dora"} {
		w.modify(w.head(uid), "replace: title\ntitle: Clerk")
	}
	w.synced()
	w.modify(w.head("bo"), "delete: title\n-\nreplace: mail\nmail: new@example.com")
	w.sync()
	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"UpdateUser Failed": 1, "NoUpdate Succeeded": 4})
	w.expectEqual("the title", w.reads("bo", "title"), "Clerk")
	w.expectEqual("the address", w.reads("bo", "mail"), "626f@example.com")
}

func TestAFieldThatCannotBeReadIsNeverCleared(t *testing.T) {
	t.Parallel()
	// No server gives passwords back: what is made of one is not known, which is not the same as empty.
	w := newTyped(t, v1alpha1.Mapping{To: "description", Expression: "user.userPassword == null ? 'none' : 'some'"})
	w.synced()
	w.expectEqual("the field of a new account", w.reads("an", "description"), "")
	server.Apply(t, "dn: "+personIn(w, "an")+"\nchangetype: modify\nreplace: description\ndescription: by hand\n\n")
	w.quiet("somebody wrote the field")
	w.expectEqual("the field", w.reads("an", "description"), "by hand")
}

func personIn(w *world, uid string) string {
	w.t.Helper()
	person, ok := w.targetPerson(uid)
	if !ok {
		w.t.Fatalf("%s is not in the target", uid)
	}
	return person.dn
}

func TestAFieldThatIsWrittenOnce(t *testing.T) {
	t.Parallel()
	w := newTyped(t, v1alpha1.Mapping{To: "description", From: "title", Apply: v1alpha1.ApplyOnCreate})
	w.modify(w.head("an"), "replace: title\ntitle: first")
	w.synced()
	w.expectEqual("the field of a new account", w.reads("an", "description"), "first")
	w.modify(w.head("an"), "replace: title\ntitle: second")
	w.modify(w.head("bo"), "replace: title\ntitle: later")
	w.quiet("the source changed")
	server.Apply(t, "dn: "+personIn(w, "an")+"\nchangetype: modify\nreplace: description\ndescription: by hand\n\n")
	w.quiet("the target changed")
	w.expectEqual("the field", w.reads("an", "description"), "by hand")
}

func TestATargetThatStoresValuesInItsOwnWayIsLearned(t *testing.T) {
	t.Parallel()
	w := newTyped(t, v1alpha1.Mapping{To: "description", Expression: `user.title + "    x"`})
	ends := &normalisingEnds{w.mounts}
	run := func() map[string]int {
		t.Helper()
		r := w.begin()
		r.runner.Connect = ends
		if err := r.attempt(1, false); err != nil {
			t.Fatal(err)
		}
		return w.operations(r.uid)
	}
	for _, uid := range []string{"an", "bo", "chen", "dora"} {
		w.modify(w.head(uid), "replace: title\ntitle: Clerk")
	}
	run()
	w.expectEqual("the value", w.reads("an", "description"), "Clerk x")
	w.expectEqual("the second run", run(), map[string]int{"NoUpdate Succeeded": 5})
	w.modify(w.head("an"), "replace: title\ntitle: Chief")
	w.expectEqual("another value", run(), map[string]int{"UpdateUser Succeeded": 1, "NoUpdate Succeeded": 4})
	w.expectEqual("the run after it", run(), map[string]int{"NoUpdate Succeeded": 5})
	server.Apply(t, "dn: "+personIn(w, "bo")+"\nchangetype: modify\nreplace: description\ndescription: by hand\n\n")
	w.expectEqual("somebody changed the target", run(), map[string]int{"UpdateUser Succeeded": 1, "NoUpdate Succeeded": 4})
	w.expectEqual("the last run", run(), map[string]int{"NoUpdate Succeeded": 5})
}
