package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

func TestExportRefuses(t *testing.T) {
	p := withRecords(t)
	dir := t.TempDir()
	p.fails(t, 1, []string{`required flag(s) "output" not set`}, "export", "hr-a")
	p.fails(t, 1, []string{"end its name in .xlsx, .csv or .jsonl"}, "export", "hr-a", "-o", dir+"/hr.pdf")
	p.fails(t, 1, []string{`locale "fr" is not known`}, "export", "hr-a", "-o", dir+"/hr.csv", "--locale", "fr")
	p.fails(t, 1, []string{`--time-zone "Mars" is not known`}, "export", "hr-a", "-o", dir+"/hr.csv", "--time-zone", "Mars")
	p.fails(t, 1, []string{"exporting run", "no such file or directory"}, "export", "hr-a", "-o", dir+"/absent/hr.csv")
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
