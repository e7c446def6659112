package history

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

func TestIsPlain(t *testing.T) {
	held := user("1", plan.NoUpdate, plan.Succeeded)
	held.Message = "the loss of the last department is held"
	changed := user("1", plan.NoUpdate, plan.Succeeded)
	changed.Changes = []plan.Change{{Field: "cn"}}
	number := user("", plan.NoUpdate, plan.Succeeded)
	number.Counted = &Counted{Records: 2, Entries: 2}
	for name, test := range map[string]struct {
		record Record
		want   bool
	}{
		"nothing to say":   {user("1", plan.NoUpdate, plan.Succeeded), true},
		"something to say": {held, false},
		"a change":         {changed, false},
		"it failed":        {user("1", plan.NoUpdate, plan.Failed), false},
		"an update":        {user("1", plan.UpdateUser, plan.Succeeded), false},
		"a number":         {number, false},
	} {
		if got := test.record.IsPlain(); got != test.want {
			t.Errorf("%s: plain is %t", name, got)
		}
	}
}

// condense puts numbers in the place of plain records.
func condense(records []Record) []Record {
	var counter Counter
	var result []Record
	for i := range records {
		counter.Add(&records[i])
		if !records[i].IsPlain() {
			result = append(result, records[i])
		}
	}
	return append(result, counter.Numbers()...)
}

// TestNumbersCountTheSame: whatever the records are, those with numbers in place of the plain ones count the same, also after they were
// written and read, and condensing them again changes nothing.
func TestNumbersCountTheSame(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	kinds := []plan.OperationKind{plan.NoUpdate, plan.NoUpdate, plan.NoUpdate, plan.UpdateUser, plan.CreateUser, plan.DeleteUser}
	statuses := []plan.Status{plan.Succeeded, plan.Succeeded, plan.Succeeded, plan.Failed, plan.Held, plan.Skipped}
	for range 300 {
		var records []Record
		for range random.IntN(40) {
			record := user(string(rune('a'+random.IntN(12))), kinds[random.IntN(len(kinds))], statuses[random.IntN(len(statuses))])
			if random.IntN(3) == 0 {
				record.Subject = directory.Department
			}
			if random.IntN(6) == 0 {
				record.Message = "something"
			}
			records = append(records, record)
		}
		want := count(t, records)
		condensed := condense(records)
		if diff := cmp.Diff(want, count(t, condensed)); diff != "" {
			t.Fatalf("the counts of %d records and of %d (-whole +condensed):\n%s", len(records), len(condensed), diff)
		}
		var written bytes.Buffer
		if err := WriteJSONLines(&written, sequence(condensed, nil)); err != nil {
			t.Fatal(err)
		}
		read, err := Count(Decode(&written))
		if diff := cmp.Diff(want, read); err != nil || diff != "" {
			t.Fatalf("the counts after writing (%v):\n%s", err, diff)
		}
		if again := condense(condensed); !cmp.Equal(again, condensed) {
			t.Fatalf("condensing again changes the records:\n%s", cmp.Diff(condensed, again))
		}
	}
}

func count(t *testing.T, records []Record) Counts {
	t.Helper()
	counts, err := Count(sequence(records, nil))
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

func TestNumberInATable(t *testing.T) {
	numbers := condense([]Record{user("1", plan.NoUpdate, plan.Succeeded), user("2", plan.NoUpdate, plan.Succeeded)})
	if len(numbers) != 1 || numbers[0].Number() != 2 {
		t.Fatalf("two plain records are %+v", numbers)
	}
	var table bytes.Buffer
	if err := WriteCSV(&table, sequence(numbers, nil), Presentation{Locale: English, TimeZone: time.UTC}); err != nil {
		t.Fatal(err)
	}
	if want := "Users that were examined and needed no change: 2."; !bytes.Contains(table.Bytes(), []byte(want)) {
		t.Errorf("the table does not say %q:\n%s", want, table.String())
	}
}
