package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"synccenter.dev/synccenter/api/v1alpha1"
)

func TestExport(t *testing.T) {
	p := withRecords(t)
	dir := t.TempDir()
	excel, table, lines := filepath.Join(dir, "hr.xlsx"), filepath.Join(dir, "hr.csv"), filepath.Join(dir, "hr.log")

	r := p.succeeds(t, "export", "hr-a", "-o", excel)
	contains(t, r.err, "4 records of run hr-a")
	file, err := excelize.OpenFile(excel)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := file.GetRows("记录")
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 5 || rows[2][5] != "李雷" || rows[2][3] != "更新用户信息" {
		t.Errorf("got %d rows, the second is %v", len(rows), rows[2])
	}
	users, err := file.GetCellValue("概要", "B14")
	if err != nil {
		t.Fatal(err)
	}
	if users != "2/3" {
		t.Errorf("the summary says %s users", users)
	}

	p.succeeds(t, "export", "hr-a", "-o", table, "--locale", "en", "--time-zone", "America/New_York")
	contains(t, read(t, table), byteOrderMark+"No.,Time", "2026-11-04T22:00:00-05:00", "'=1+1")
	p.succeeds(t, "export", "hr-a", "-o", lines, "--format", "jsonl")
	if got := strings.Count(read(t, lines), "\n"); got != 4 {
		t.Errorf("got %d lines", got)
	}

	info, err := os.Stat(excel)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("names of people are in a file with the mode %o", info.Mode().Perm())
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 3 {
		t.Errorf("something was left behind: %v", left)
	}
}

// summaryCell reads a cell of the first sheet of an Excel file.
func summaryCell(t *testing.T, path, sheet, cell string) string {
	t.Helper()
	file, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := file.GetCellValue(sheet, cell)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestExportLooksAsTheTaskSays(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", func(task *v1alpha1.SyncTask) {
		task.Spec.Export = &v1alpha1.Export{Locale: v1alpha1.LocaleEnglish, TimeZone: "Europe/Berlin"}
	})
	for _, task := range []string{"hr", "gone"} {
		store(t, p.run(t, task+"-a", task, ended(10, v1alpha1.PhasePartiallyFailed, records())), records())
	}
	tests := []struct {
		name, run, sheet, zone string
		flags                  []string
	}{
		{"as the task says", "hr-a", "Summary", "Europe/Berlin", nil},
		{"as the flags say", "hr-a", "概要", "UTC", []string{"--locale", "zh-CN", "--time-zone", "UTC"}},
		{"in the zone of the machine", "hr-a", "Summary", "UTC+8", []string{"--time-zone", "Local"}},
		{"the task is gone", "gone-a", "概要", "Asia/Shanghai", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "run.xlsx")
			p.succeeds(t, append([]string{"export", test.run, "-o", path}, test.flags...)...)
			if got := summaryCell(t, path, test.sheet, "B9"); got != test.zone {
				t.Errorf("want the zone %s, got %q", test.zone, got)
			}
		})
	}
}

func TestLocalZoneHasAName(t *testing.T) {
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	local := time.FixedZone("Local", -(3*60+30)*60)
	if got := namedZone(local, at); got.String() != "UTC-03:30" || !at.In(got).Equal(at) || at.In(got).Hour() != 8 {
		t.Errorf("got %s: %s", got, at.In(got))
	}
}

func TestExportRefuses(t *testing.T) {
	p := withRecords(t)
	dir := t.TempDir()
	p.fails(t, 1, []string{"name the file to write: kubectl synccenter export hr-a -o hr-a.xlsx"}, "export", "hr-a")
	p.fails(t, 1, []string{"end its name in .xlsx, .csv or .jsonl"}, "export", "hr-a", "-o", dir+"/hr.pdf")
	p.fails(t, 1, []string{`locale "fr" is not known`}, "export", "hr-a", "-o", dir+"/hr.csv", "--locale", "fr")
	p.fails(t, 1, []string{`--time-zone "Mars" is not known`}, "export", "hr-a", "-o", dir+"/hr.csv", "--time-zone", "Mars")
	p.fails(t, 1, []string{`exporting run "hr-a": writing ` + dir + "/absent/hr.csv: no such file or directory\n"}, "export", "hr-a", "-o", dir+"/absent/hr.csv")
	if err := os.Mkdir(dir+"/folder.csv", 0o700); err != nil {
		t.Fatal(err)
	}
	p.fails(t, 1, []string{"writing " + dir + "/folder.csv: file exists\n"}, "export", "hr-a", "-o", dir+"/folder.csv")
	p.run(t, "hr-b", "hr", v1alpha1.SyncRunStatus{Phase: v1alpha1.PhaseApplying})
	p.fails(t, 1, []string{"has no records", "whole when the run is over"}, "export", "hr-b", "-o", dir+"/hr.csv")
}

func TestExportKeepsTheOldFileWhenItFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hr.csv")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the connection broke")
	err := replaceFile(path, func(w io.Writer) error {
		if _, err := io.WriteString(w, "half"); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if got := read(t, path); got != "old" {
		t.Errorf("the file holds %q", got)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 {
		t.Errorf("something was left behind: %v", left)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
