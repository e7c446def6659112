package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
)

// awkward are values that LDIF cannot hold as they are, or that look like a part of it.
var awkward = []string{
	"plain", " leading", "trailing ", ": colon", "< file:///etc/passwd", "# no comment", "dn: cn=x", "- ", "a\nb", "a\r\nb", "tab\t", "\x00", "\x7f", "李雷 😀", "e\u0301", ":: Zg==", "=", strings.Repeat("long ", 500) + "x",
}

// FuzzLine writes a value and reads the line as RFC 2849 says.
func FuzzLine(f *testing.F) {
	for _, value := range awkward {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		var out bytes.Buffer
		l := ldif{w: &out}
		l.line("description", value)
		line, rest, _ := strings.Cut(out.String(), "\n")
		if l.err != nil || rest != "" {
			t.Fatalf("%q is written as %q", value, out.String())
		}
		got, err := readLine(line)
		if err != nil || got != value {
			t.Errorf("%q is written as %q, which reads %q, %v", value, line, got, err)
		}
	})
}

// readLine takes a line of LDIF apart and refuses what RFC 2849 does not allow.
func readLine(line string) (string, error) {
	text, ok := strings.CutPrefix(line, "description:")
	if !ok {
		return "", fmt.Errorf("no attribute")
	}
	if encoded, ok := strings.CutPrefix(text, ":"); ok {
		value, err := base64.StdEncoding.DecodeString(strings.TrimLeft(encoded, " "))
		return string(value), err
	}
	text = strings.TrimLeft(text, " ") // fill
	for i := range len(text) {
		if c := text[i]; c == 0 || c == '\n' || c == '\r' || c > 0x7f || i == 0 && (c == ':' || c == '<') {
			return "", fmt.Errorf("octet %d, %q, is not safe", i, c)
		}
	}
	return text, nil
}

// TestSlapaddReadsWhatIsWritten gives OpenLDAP's own reader a company and people with awkward values, and asks the server for them.
func TestSlapaddReadsWhatIsWritten(t *testing.T) {
	var out bytes.Buffer
	company := generate(3, 40, 8)
	if err := writeLDIF(&out, slapdtest.Suffix, company); err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(out.String(), "\n\n") // the server has the suffix, and the two entries below it
	for range 2 {
		_, text, _ = strings.Cut(text, "\n\n")
	}
	out.Reset()
	out.WriteString(text)
	l := ldif{w: &out}
	for i, value := range awkward {
		l.entry(fmt.Sprintf("cn=awkward%d,%s", i, slapdtest.People), "objectClass", "inetOrgPerson", "cn", fmt.Sprintf("awkward%d", i), "sn", "x", "carLicense", value)
	}
	if l.err != nil {
		t.Fatal(l.err)
	}
	server, err := slapdtest.New(slapdtest.Options{LDIF: out.String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	conn := server.Conn(t)
	defer conn.Close()
	found, err := conn.Search(&goldap.SearchRequest{BaseDN: slapdtest.People, Scope: goldap.ScopeWholeSubtree, Filter: "(objectClass=inetOrgPerson)"})
	if err != nil {
		t.Fatal(err)
	}
	if want := len(company.people) + len(awkward); len(found.Entries) != want {
		t.Errorf("the server has %d people, want %d", len(found.Entries), want)
	}
	names := map[string]bool{}
	for _, entry := range found.Entries {
		names[entry.GetAttributeValue("cn")] = true
		var i int
		if _, err := fmt.Sscanf(entry.GetAttributeValue("cn"), "awkward%d", &i); err != nil {
			continue
		}
		if got := string(entry.GetRawAttributeValue("carLicense")); got != awkward[i] {
			t.Errorf("%q became %q", awkward[i], got)
		}
	}
	if missing := slices.IndexFunc(company.people, func(p person) bool { return !names[p.fullName] }); missing >= 0 {
		t.Errorf("nobody is called %q", company.people[missing].fullName)
	}
}
