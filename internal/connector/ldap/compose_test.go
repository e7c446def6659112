package ldap

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/directory"
)

// hostile are values that would mean something else if they were not escaped.
var hostile = []string{
	"li", "*", "(", ")", `\`, "a)(uid=*", "*)(objectClass=*", "\x00", "李雷", `a\2a`, " leading", "trailing ", "  ", "#hash", "a,b", "a+b=c", `"quoted"`, "a;b", "<a>",
	"a=b", "tab\tnew\nline", "e\u0301", "😀", `\,`, `\20`, "ou=x,dc=y",
}

// FuzzHolds compiles the filter for a value: it asks for that value and for nothing else.
func FuzzHolds(f *testing.F) {
	for _, value := range hostile {
		f.Add(value)
	}
	f.Add("\xff\xfe")
	f.Fuzz(func(t *testing.T, value string) {
		packet, err := goldap.CompileFilter(holds("description", value))
		if err != nil {
			t.Fatalf("the filter %q for the value %q: %v", holds("description", value), value, err)
		}
		if packet.Tag != goldap.FilterEqualityMatch || len(packet.Children) != 2 {
			t.Fatalf("the filter %q is no comparison with one value", holds("description", value))
		}
		attribute, asked := packet.Children[0].Data.String(), packet.Children[1].Data.String()
		if attribute != "description" || asked != value {
			t.Errorf("the filter for %q asks for %q in %q", value, asked, attribute)
		}
	})
}

// FuzzAllOf combines whatever a task may have as a filter with one of ours: both must hold, and neither changes the other.
func FuzzAllOf(f *testing.F) {
	for _, filter := range []string{
		"(objectClass=*)", "(&(a=b)(!(c=d)))", "(|(a=b*c)(a>=1)(a~=x))", "(a:dn:2.5.13.5:=x)", `(a=\28)`, "(a=)", "(a=b)(c=d)", "(&)", "(|)", "(a=b", "()", "(!(a=b)(c=d))", "(&(a=b)",
	} {
		f.Add(filter)
	}
	f.Fuzz(func(t *testing.T, filter string) {
		alone, err := goldap.CompileFilter(filter)
		if err != nil {
			return // the task is refused
		}
		ours := anyOf(holds("entryUUID", "a"), holds("entryUUID", "b"))
		both, err := goldap.CompileFilter(allOf(filter, ours))
		if err != nil {
			t.Fatalf("%q is a filter alone and none in %q: %v", filter, allOf(filter, ours), err)
		}
		if both.Tag != goldap.FilterAnd || len(both.Children) != 2 {
			t.Fatalf("%q has %d parts, want 2", allOf(filter, ours), len(both.Children))
		}
		for i, part := range []string{filter, ours} {
			if want := compiled(t, part); !bytes.Equal(both.Children[i].Bytes(), want) {
				t.Errorf("part %d of %q is another filter than %q", i, allOf(filter, ours), part)
			}
		}
		if !bytes.Equal(alone.Bytes(), compiled(t, filter)) {
			t.Errorf("%q does not compile to the same twice", filter)
		}
	})
}

func compiled(t *testing.T, filter string) []byte {
	t.Helper()
	packet, err := goldap.CompileFilter(filter)
	if err != nil {
		t.Fatal(err)
	}
	return packet.Bytes()
}

// FuzzRelativeName makes the name of an entry from any text, and takes it apart in every way in which that is done.
func FuzzRelativeName(f *testing.F) {
	for _, value := range hostile {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if !utf8.ValidString(value) || value == "" || len(value) > 1000 {
			return // no name
		}
		const above = "ou=people,dc=example,dc=com"
		rdn := relativeName("uid", value)
		dn := rdn + "," + above
		parsed, err := goldap.ParseDN(dn)
		if err != nil {
			t.Fatalf("the name %q of %q cannot be taken apart: %v", dn, value, err)
		}
		if len(parsed.RDNs) != 4 || len(parsed.RDNs[0].Attributes) != 1 || parsed.RDNs[0].Attributes[0].Value != value {
			t.Fatalf("the name %q of %q is that of %q", dn, value, parsed.RDNs[0].Attributes[0].Value)
		}
		if nameIn(dn) != value || !namedBy(dn, "UID") {
			t.Errorf("the name in %q is %q, want %q", dn, nameIn(dn), value)
		}
		first, rest := cutDN(dn)
		if first != rdn || rest != above {
			t.Errorf("%q is cut into %q and %q", dn, first, rest)
		}
		normal, ok := directory.NormalDN(dn)
		if !ok {
			t.Fatalf("the name %q has no normal form", dn)
		}
		if _, parent, _ := strings.Cut(normal, ","); parent != above {
			t.Errorf("the normal form %q of %q stands below %q", normal, dn, parent)
		}
		if other, _ := directory.NormalDN("UID=" + hexadecimal(value) + ", " + above); other != normal {
			t.Errorf("two spellings of one name have the normal forms %q and %q", normal, other)
		}
	})
}

// hexadecimal spells a value with every octet escaped.
func hexadecimal(value string) string {
	var b strings.Builder
	for i := range len(value) {
		fmt.Fprintf(&b, "\\%02X", value[i])
	}
	return b.String()
}

// FuzzMark writes a mark and reads it again, among values of others.
func FuzzMark(f *testing.F) {
	f.Add("default/hr", "0b7f6c1e")
	f.Add("a#b", "c%23#d")
	f.Add("", "%")
	f.Fuzz(func(t *testing.T, owner, id string) {
		if id == "" {
			return
		}
		mark := directory.Mark{Owner: owner, SourceID: id}
		if got := parseMark([]string{"somebody", formatMark(mark)}); got == nil || *got != mark {
			t.Errorf("the mark %+v reads %+v", mark, got)
		}
	})
}
