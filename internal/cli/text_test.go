package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlain(t *testing.T) {
	tests := map[string]string{
		"Li Lei":                  "Li Lei",
		"李雷":                      "李雷",
		"\x1b[31mred\x1b[0m":      "[31mred[0m",
		"\u009b31mred":            "31mred",
		"a\r\nb\tc":               "a b c",
		"\u202egnp.exe\u202c":     "gnp.exe",
		"\u2066x\u2069\u200f":     "x",
		"bell\a null\x00 del\x7f": "bell null del",
		"broken\xff":              "broken",
		"🙂 e\u0301":               "🙂 e\u0301",
	}
	for text, want := range tests {
		if got := plain(text); got != want {
			t.Errorf("%q: want %q, got %q", text, want, got)
		}
	}
}

func TestDisplayWidth(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "李雷": 4, "ｆｕｌｌ": 8, "e\u0301": 1, "é": 1, "한국": 4, "🙂": 2} {
		if got := displayWidth(text); got != want {
			t.Errorf("%q: want %d columns, got %d", text, want, got)
		}
	}
}

func TestShortened(t *testing.T) {
	for text, want := range map[string]string{"": "", "exactly 10": "exactly 10", "more than 10": "more than…", "一二三四五": "一二三四五", "一二三四五六": "一二三四…"} {
		if got := shortened(text, 10); got != want {
			t.Errorf("%q: want %q, got %q", text, want, got)
		}
	}
}

func TestTableAligns(t *testing.T) {
	var out bytes.Buffer
	table := newTable(&out, "NAME", "STATUS", "MESSAGE")
	table.row("李雷", "Succeeded", "")
	table.row("Ada", "Failed", "why")
	table.text("    across all columns")
	if err := table.flush(); err != nil {
		t.Fatal(err)
	}
	want := "NAME   STATUS      MESSAGE\n李雷   Succeeded\nAda    Failed      why\n    across all columns\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLongTablesAreWrittenAsTheyCome(t *testing.T) {
	var out bytes.Buffer
	table := newTable(&out, "NAME", "N")
	for i := range 20_000 {
		table.row("somebody", fmt.Sprint(i))
	}
	if len(table.waiting) > 0 || out.Len() == 0 {
		t.Errorf("%d rows wait in memory", len(table.waiting))
	}
	if err := table.flush(); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 20_001 {
		t.Errorf("got %d lines", lines)
	}
}

type fullDisk struct{}

var errFull = errors.New("the disk is full")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestTableSaysThatItCouldNotWrite(t *testing.T) {
	table := newTable(fullDisk{}, "NAME")
	for range 10_000 {
		table.row("somebody")
	}
	if err := table.flush(); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}
