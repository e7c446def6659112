package history

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCSV(t *testing.T) {
	for _, locale := range []Locale{English, Chinese} {
		t.Run(string(locale), func(t *testing.T) {
			var out bytes.Buffer
			if err := WriteCSV(&out, sequence(sample(), nil), Presentation{locale, shanghai(t)}); err != nil {
				t.Fatal(err)
			}
			golden(t, "records-"+string(locale)+".csv", out.String())
			rows, err := csv.NewReader(&out).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) != 1+len(sample()) {
				t.Errorf("want a row for each of %d records and a heading, got %d rows", len(sample()), len(rows))
			}
		})
	}
}

func TestNoCellRunsAsAFormula(t *testing.T) {
	tests := map[string]string{
		"":              "",
		"李雷":            "李雷",
		"a=b":           "a=b",
		"=1+1":          "'=1+1",
		"+86 138":       "'+86 138",
		"-5":            "'-5",
		"@SUM(A1)":      "'@SUM(A1)",
		"  =1+1":        "'  =1+1",
		"\t=1":          "'\t=1",
		"\r=cmd":        "'=cmd",
		"a\x1b[31m\x00": "a[31m",
		"\ttab":         "'\ttab",
		"＝1+1":          "'＝1+1",
		"\u3000＠SUM":    "'\u3000＠SUM",
		"\ufeff=1":      "'\ufeff=1",
		" spaces only":  " spaces only",
		"'quoted":       "'quoted",
	}
	for text, want := range tests {
		if got := Harmless(text); got != want {
			t.Errorf("%q: want %q, got %q", text, want, got)
		}
	}
}

func TestJSONLinesAreTheStoredOnes(t *testing.T) {
	var out bytes.Buffer
	if err := WriteJSONLines(&out, sequence(sample(), nil)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(encode(t, sample()...)), out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWritersEndWithTheErrorOfTheRecords(t *testing.T) {
	broken := errors.New("the stream broke")
	var out strings.Builder
	if err := WriteCSV(&out, sequence(sample(), broken), Presentation{English, time.UTC}); !errors.Is(err, broken) {
		t.Errorf("CSV: want the error of the stream, got %v", err)
	}
	if err := WriteJSONLines(&out, sequence(sample(), broken)); !errors.Is(err, broken) {
		t.Errorf("JSON lines: want the error of the stream, got %v", err)
	}
}
