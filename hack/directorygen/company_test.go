package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestSameFlagsSameBytes(t *testing.T) {
	write := func(seed uint64) string {
		var out bytes.Buffer
		if err := writeLDIF(&out, "dc=example,dc=com", generate(seed, 200, 30)); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first, again, other := write(7), write(7), write(8)
	if first != again {
		t.Error("the same seed gave two companies")
	}
	if first == other {
		t.Error("two seeds gave the same company")
	}
}

func TestCompany(t *testing.T) {
	for _, size := range []struct{ people, departments, levels int }{
		{0, 1, 1}, {1, 1, 1}, {300, 24, 3}, {5000, 1000, 3},
	} {
		c := generate(1, size.people, size.departments)
		if len(c.people) != size.people || len(c.departments) != size.departments {
			t.Errorf("%+v: %d people in %d departments", size, len(c.people), len(c.departments))
		}
		names, deepest := map[string]bool{}, 0
		for i, d := range c.departments {
			level := 1
			for above := d.parent; above >= 0; above = c.departments[above].parent {
				level++
			}
			deepest = max(deepest, level)
			if names[d.name] || d.parent >= i {
				t.Fatalf("%+v: department %d, %q, is a double or stands before its parent", size, i, d.name)
			}
			names[d.name] = true
		}
		if deepest != size.levels {
			t.Errorf("%+v: %d levels", size, deepest)
		}
		checkPeople(t, c)
	}
}

func checkPeople(t *testing.T, c company) {
	t.Helper()
	logins, chinese, western := map[string]bool{}, 0, 0
	for i, p := range c.people {
		if logins[p.login] || strings.ContainsFunc(p.login, func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz.0123456789", r) }) {
			t.Fatalf("the login %q is a double or holds a sign that a login may not", p.login)
		}
		logins[p.login] = true
		if p.manager >= i {
			t.Fatalf("%s comes before the manager", p.login)
		}
		if p.language == "zh-CN" {
			chinese++
		} else {
			western++
		}
	}
	if n := len(c.people); n >= 100 && (chinese < n/4 || western < n/4) {
		t.Errorf("of %d people %d have Chinese names and %d Western ones", n, chinese, western)
	}
}

func TestLDIFIsPlainASCII(t *testing.T) {
	var out bytes.Buffer
	if err := writeLDIF(&out, "dc=example,dc=com", generate(1, 50, 5)); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) || (line != "\n" && !strings.Contains(line, ": ")) {
			t.Fatalf("not a line of LDIF: %q", line)
		}
	}
}

type fullDisk struct{}

var errFull = errors.New("no space left")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWriteErrorIsReported(t *testing.T) {
	if err := writeLDIF(fullDisk{}, "dc=example,dc=com", generate(1, 5, 1)); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}
