package history

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// sample is a small run with one of everything that an export must get right.
func sample() []Record {
	at := time.Date(2026, 11, 5, 18, 0, 1, 0, time.UTC)
	return []Record{
		{
			Subject: directory.Department, Operation: plan.CreateDepartment, Status: plan.Succeeded, SourceID: "d1", TargetID: "t-d1", Name: "研发部", Time: at,
			Changes: []plan.Change{{Field: "ou", After: []string{"研发部"}}, {Field: plan.FieldParent, After: []string{"d0"}, Reference: directory.Department, AfterNames: []string{"总部"}}},
		},
		{
			Subject: directory.User, Operation: plan.UpdateUser, Status: plan.Succeeded, SourceID: "0007", TargetID: "t-7", Name: "=HYPERLINK(\"http://x\")", Time: at.Add(time.Second),
			Changes: []plan.Change{
				{Field: "mail", Before: []string{"li@example.com"}, After: []string{"li@example.org", "lei@example.org"}},
				{Field: "telephoneNumber", Before: []string{"+86 138"}, After: []string{"-1"}},
				{Field: "userPassword", Before: []string{"(hidden)"}, After: []string{"(hidden)"}, Sensitive: true},
				{Field: "roomNumber", After: []string{"(hidden)"}}, // which somebody wrote there
				{Field: "description", Before: []string{"\t@SUM(A1)"}, After: []string{"a\x00b\x1b[31mc _x0041_ <d>\nsecond line"}},
			},
		},
		{
			Subject: directory.User, Operation: plan.CreateUser, Status: plan.Failed, SourceID: "8", Name: "韩梅梅", Time: at.Add(2 * time.Second),
			Reason: "RequiredFieldMissing", Message: "the required field sn is missing: map it or fill cn",
		},
		{Subject: directory.User, Operation: plan.DeleteUser, Status: plan.Held, SourceID: "9", TargetID: "t-9", Name: "O'Brien, \"Pat\"", Time: at, Reason: "GuardRemovals", Message: "-5 is text"},
		{
			Subject: directory.Department, Operation: plan.SyncDepartmentMembers, Status: plan.Skipped, SourceID: "d1", TargetID: "t-d1", Name: "研发部", Time: at,
			Changes: []plan.Change{{Field: plan.FieldMembers, Before: []string{"7", "8"}, After: []string{"7"}, BeforeNames: []string{"李雷", ""}, AfterNames: []string{"李雷"}}},
		},
		{Subject: directory.User, Operation: plan.NoUpdate, Status: plan.Succeeded, SourceID: "10", TargetID: "t-10", Name: "Ada", Time: at},
	}
}

func sampleSummary(t *testing.T) *Summary {
	t.Helper()
	counts, err := Count(sequence(sample(), nil))
	if err != nil {
		t.Fatal(err)
	}
	return &Summary{
		Namespace: "people", Task: "hr", TaskTitle: "=1+1 人事", Run: "hr-first", Sequence: 7, Type: "Sync", Mode: "Manual", Phase: "PartiallyFailed",
		StartTime: time.Date(2026, 11, 5, 17, 59, 0, 0, time.UTC), SyncTime: time.Date(2026, 11, 5, 18, 0, 9, 0, time.UTC),
		Message: "1 of 6 operations failed", Counts: counts,
	}
}

func shanghai(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func open(t *testing.T, data []byte) *excelize.File {
	t.Helper()
	file, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	return file
}

// describe writes a workbook as text: each cell with its type as the file states it.
func describe(t *testing.T, file *excelize.File) string {
	t.Helper()
	types := map[excelize.CellType]string{excelize.CellTypeUnset: "number", excelize.CellTypeInlineString: "text", excelize.CellTypeNumber: "number"}
	var out strings.Builder
	for _, name := range file.GetSheetList() {
		fmt.Fprintf(&out, "== %s\n", name)
		rows, err := file.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		for y, row := range rows {
			for x, value := range row {
				if value == "" {
					continue
				}
				cell, err := excelize.CoordinatesToCellName(x+1, y+1)
				if err != nil {
					t.Fatal(err)
				}
				kind, err := file.GetCellType(name, cell)
				if err != nil {
					t.Fatal(err)
				}
				if types[kind] == "" {
					t.Errorf("%s %s %q has the cell type %d: neither text nor number", name, cell, value, kind)
				}
				fmt.Fprintf(&out, "%s %s %q\n", cell, types[kind], value)
			}
		}
	}
	return out.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); -update writes it anew:\n%s", path, diff)
	}
}

func TestExcel(t *testing.T) {
	for _, locale := range []Locale{English, Chinese} {
		t.Run(string(locale), func(t *testing.T) {
			var out bytes.Buffer
			temp := t.TempDir()
			if err := WriteExcel(&out, sampleSummary(t), sequence(sample(), nil), Presentation{locale, shanghai(t)}, temp); err != nil {
				t.Fatal(err)
			}
			golden(t, "export-"+string(locale)+".golden", describe(t, open(t, out.Bytes())))
			left, err := os.ReadDir(temp)
			if err != nil {
				t.Fatal(err)
			}
			if len(left) > 0 {
				t.Errorf("temporary files were left behind: %v", left)
			}
		})
	}
}

func TestExcelIsComfortable(t *testing.T) {
	var out bytes.Buffer
	if err := WriteExcel(&out, sampleSummary(t), sequence(sample(), nil), Presentation{English, time.UTC}, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	file := open(t, out.Bytes())
	panes, err := file.GetPanes("Records")
	if err != nil {
		t.Fatal(err)
	}
	if !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("the heading does not stay in sight: %+v", panes)
	}
	width, err := file.GetColWidth("Records", "K")
	if err != nil {
		t.Fatal(err)
	}
	if width != 60 {
		t.Errorf("the message column is %v wide", width)
	}
	var filters []string
	for _, name := range file.GetDefinedName() {
		filters = append(filters, name.Scope+" "+name.RefersTo)
	}
	if diff := cmp.Diff([]string{"Records 'Records'!$A$1:$K$7", "Changes 'Changes'!$A$1:$I$9"}, filters); diff != "" {
		t.Errorf("filters (-want +got):\n%s", diff)
	}
	style, err := file.GetCellStyle("Records", "F3")
	if err != nil {
		t.Fatal(err)
	}
	look, err := file.GetStyle(style)
	if err != nil {
		t.Fatal(err)
	}
	if look.NumFmt != 49 {
		t.Errorf("a name has the number format %d: it would become a formula when it is edited", look.NumFmt)
	}
}

func TestExcelGoesOnInAFurtherSheet(t *testing.T) {
	var records []Record
	for i := range 7 {
		r := user(fmt.Sprint(i), plan.UpdateUser, plan.Succeeded)
		r.Changes = []plan.Change{{Field: "cn", After: []string{fmt.Sprint(i)}}}
		records = append(records, r)
	}
	var out bytes.Buffer
	if err := writeExcel(&out, &Summary{}, sequence(records, nil), Presentation{Chinese, time.UTC}, t.TempDir(), 4); err != nil {
		t.Fatal(err)
	}
	file := open(t, out.Bytes())
	want := []string{"概要", "记录", "变更", "记录 (2)", "变更 (2)", "记录 (3)", "变更 (3)"}
	if diff := cmp.Diff(want, file.GetSheetList()); diff != "" {
		t.Fatalf("sheets (-want +got):\n%s", diff)
	}
	var ids []string
	for _, name := range []string{"记录", "记录 (2)", "记录 (3)"} {
		rows, err := file.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) > 4 || rows[0][0] != "序号" {
			t.Errorf("%s has %d rows and begins with %q", name, len(rows), rows[0][0])
		}
		for _, row := range rows[1:] {
			ids = append(ids, row[6])
		}
	}
	if diff := cmp.Diff([]string{"0", "1", "2", "3", "4", "5", "6"}, ids); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func TestLongTextIsCutWithAMark(t *testing.T) {
	exact := strings.Repeat("a", excelize.TotalCellChars)
	if got := cellText(exact); got != exact {
		t.Errorf("text that fits was changed to %d bytes", len(got))
	}
	wide := strings.Repeat("部", 20_000)
	if got := cellText(wide); got != wide {
		t.Errorf("Chinese text that fits was changed to %d bytes", len(got))
	}
	for _, long := range []string{strings.Repeat("部", 40_000), strings.Repeat("😀", 40_000)} {
		got := cellText(long)
		if utf16Length(got) > excelize.TotalCellChars || !strings.HasSuffix(got, "… (cut, 40000 characters in all)") {
			t.Errorf("%d units, ending in %q", utf16Length(got), got[len(got)-40:])
		}
	}
}

func TestExcelEndsWithTheErrorOfTheRecords(t *testing.T) {
	broken := errors.New("the stream broke")
	var out bytes.Buffer
	err := WriteExcel(&out, &Summary{}, sequence(sample(), broken), Presentation{English, time.UTC}, t.TempDir())
	if !errors.Is(err, broken) || out.Len() > 0 {
		t.Errorf("want the error of the stream and nothing written, got %v and %d bytes", err, out.Len())
	}
}

func TestExcelNeedsItsFolder(t *testing.T) {
	err := WriteExcel(&bytes.Buffer{}, &Summary{}, sequence(nil, nil), Presentation{English, time.UTC}, filepath.Join(t.TempDir(), "absent"))
	if err == nil || !strings.Contains(err.Error(), "needs a folder for temporary files") {
		t.Errorf("got %v: without its folder it would fill the memory", err)
	}
}

// many gives records as a large first load makes them, without ever holding them.
func many(count int) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for i := range count {
			r := user(fmt.Sprintf("%08d-aaaa-bbbb-cccc-dddddddddddd", i), plan.CreateUser, plan.Succeeded)
			r.TargetID, r.Name, r.Time = r.SourceID, fmt.Sprintf("员工 %d", i), time.Unix(int64(1_800_000_000+i), 0)
			r.Changes = []plan.Change{{Field: "uid", After: []string{fmt.Sprint("u", i)}}, {Field: "cn", After: []string{r.Name}}}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func TestExcelMemory(t *testing.T) {
	const users = 30_000 // about 60 MB of sheets, twice what may stay in memory
	var peak uint64
	watched := func(yield func(Record, error) bool) {
		number := 0
		for r, err := range many(users) {
			if number++; number%10_000 == 0 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
			if !yield(r, err) {
				return
			}
		}
	}
	if err := WriteExcel(io.Discard, &Summary{}, watched, Presentation{English, time.UTC}, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if peak > 48<<20 {
		t.Errorf("%d records held %d MiB of memory", users, peak>>20)
	}
	t.Logf("peak while writing: %d MiB", peak>>20)
}

func BenchmarkExcel(b *testing.B) {
	for b.Loop() {
		if err := WriteExcel(io.Discard, &Summary{}, many(100_000), Presentation{English, time.UTC}, b.TempDir()); err != nil {
			b.Fatal(err)
		}
	}
}
