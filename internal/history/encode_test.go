package history

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

func encode(t *testing.T, records ...Record) []byte {
	t.Helper()
	var out bytes.Buffer
	encoder := NewEncoder(&out)
	for i := range records {
		if err := encoder.Encode(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func decode(t *testing.T, data []byte) []Record {
	t.Helper()
	var records []Record
	for r, err := range Decode(bytes.NewReader(data)) {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

func TestRecordsSurviveAsLines(t *testing.T) {
	at := time.Date(2026, 11, 5, 2, 0, 1, 250e6, time.UTC)
	records := []Record{
		{Subject: directory.User, Operation: plan.NoUpdate, Status: plan.Succeeded, SourceID: "1", TargetID: "a", Name: "李雷 <li@example.com> & \"co\"\u2028", Time: at},
		{
			Subject: directory.Department, Operation: plan.SyncDepartmentMembers, Status: plan.Failed, SourceID: "2", Name: "研发\n部", Time: at,
			Changes: []plan.Change{{Field: plan.FieldMembers, Before: []string{"1"}, After: []string{"1", "3"}, Reference: directory.User, BeforeNames: []string{"李雷"}, AfterNames: []string{"李雷", "韩梅梅"}}},
			Reason:  "Conflict", Message: "the server refused: entry already exists",
		},
	}
	data := encode(t, records...)
	if lines := bytes.Count(data, []byte("\n")); lines != len(records) {
		t.Fatalf("want a line a record, got %d lines", lines)
	}
	if diff := cmp.Diff(records, decode(t, data)); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

func TestEncodingIsCanonical(t *testing.T) {
	utc := user("1", plan.UpdateUser, plan.Succeeded)
	utc.Time = time.Date(2026, 11, 5, 2, 0, 1, 250_999_999, time.UTC)
	elsewhere := utc
	elsewhere.Time = time.Date(2026, 11, 5, 10, 0, 1, 250_000_000, time.FixedZone("CST", 8*3600))
	if diff := cmp.Diff(string(encode(t, utc)), string(encode(t, elsewhere))); diff != "" {
		t.Errorf("the same record in another zone gives other bytes:\n%s", diff)
	}
	want := `{"subject":"User","operation":"UpdateUser","status":"Succeeded","source":"1","time":"2026-11-05T02:00:01.25Z"}` + "\n"
	if diff := cmp.Diff(want, string(encode(t, utc))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBinaryValuesBecomeText(t *testing.T) {
	r := user("1", plan.UpdateUser, plan.Succeeded)
	r.Changes = []plan.Change{{Field: "cn", After: []string{"Li"}}, {Field: "jpegPhoto", Before: []string{"\xff\xd8\xff"}, After: []string{"text"}}}
	got := decode(t, encode(t, r))[0].Changes[1]
	if diff := cmp.Diff([]string{"base64:/9j/"}, got.Before); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.Changes[1].Before[0] != "\xff\xd8\xff" {
		t.Error("encoding changed the record of its caller")
	}
}

func TestOverlongRecordsAreShortened(t *testing.T) {
	r := department("1", plan.SyncDepartmentMembers, plan.Succeeded)
	members := make([]string, 300_000)
	for i := range members {
		members[i] = "11111111-2222-3333-4444-555555555555"
	}
	photo := strings.Repeat("照", 3<<20)
	r.Changes = []plan.Change{{Field: plan.FieldMembers, After: members}, {Field: "photo", After: []string{photo}}}
	line := encode(t, r)
	if len(line) > MaxLine {
		t.Fatalf("the line has %d bytes", len(line))
	}
	got := decode(t, line)[0].Changes
	if last := got[0].After[len(got[0].After)-1]; last != "… (cut, 300000 values in all)" {
		t.Errorf("the list does not say that it was cut: %q", last)
	}
	if !strings.HasSuffix(got[1].After[0], "… (cut, 9437184 bytes in all)") {
		t.Errorf("the value does not say that it was cut: %.80q", got[1].After[0])
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := string(encode(t, user("1", plan.NoUpdate, plan.Succeeded)))
	broken := errors.New("the connection broke")
	tests := []struct {
		name  string
		input io.Reader
		want  string
	}{
		{"half a line", strings.NewReader(good + good[:40]), "reading record 2: it is no record in JSON"},
		{"an empty line", strings.NewReader("\n" + good), "reading record 1: it is no record in JSON"},
		{"an operation of a later version", strings.NewReader(strings.Replace(good, "NoUpdate", "MergeUser", 1)), `its operation "MergeUser" is not known`},
		{"a status of a later version", strings.NewReader(strings.Replace(good, "Succeeded", "Postponed", 1)), `its status "Postponed" is not known`},
		{"another subject", strings.NewReader(strings.Replace(good, "User", "Printer", 1)), `its subject "Printer" is neither`},
		{"a line without an end", io.MultiReader(strings.NewReader(good+`{"name":"`), strings.NewReader(strings.Repeat("a", MaxLine))), "reading record 2: it is longer than"},
		{"a reader that fails", io.MultiReader(strings.NewReader(good), iotest.ErrReader(broken)), "reading records after number 1: the connection broke"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var last error
			for _, err := range Decode(test.input) {
				last = err
			}
			if last == nil || !strings.Contains(last.Error(), test.want) {
				t.Errorf("want an error that says %q, got %v", test.want, last)
			}
		})
	}
}

func TestEncodeRefusesWhatCannotBeReadBack(t *testing.T) {
	r := user("1", "MergeUser", plan.Succeeded)
	err := NewEncoder(io.Discard).Encode(&r)
	if want := `encoding the record of User "1": its operation "MergeUser" is not known`; err == nil || err.Error() != want {
		t.Errorf("want %q, got %v", want, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"subject":"User","operation":"NoUpdate","status":"Succeeded","time":"2026-11-05T02:00:01Z"}`))
	f.Add([]byte("{}\n\n[]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for r, err := range Decode(bytes.NewReader(data)) {
			if err != nil {
				return
			}
			if err := validate(&r); err != nil {
				t.Fatalf("decoded a record that is not valid: %v", err)
			}
		}
	})
}
