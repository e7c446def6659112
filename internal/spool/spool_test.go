package spool_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"synccenter.dev/synccenter/internal/spool"
)

// read drains the spool and keeps copies of the values.
func read(t testing.TB, s *spool.Spool) []spool.Record {
	t.Helper()
	var all []spool.Record
	for r, err := range s.Sorted() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, spool.Record{Key: r.Key, Value: bytes.Clone(r.Value)})
	}
	return all
}

func add(t testing.TB, s *spool.Spool, records ...spool.Record) {
	t.Helper()
	for _, r := range records {
		if err := s.Add(r.Key, r.Value); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSorted(t *testing.T) {
	record := func(key, value string) spool.Record { return spool.Record{Key: key, Value: []byte(value)} }
	large := strings.Repeat("large ", 1000)
	tests := []struct {
		name      string
		blockSize int
		add, want []spool.Record
	}{
		{name: "nothing", blockSize: spool.BlockSize},
		{name: "by key", blockSize: spool.BlockSize, add: []spool.Record{record("b", "2"), record("a", "1"), record("", "0")},
			want: []spool.Record{record("", "0"), record("a", "1"), record("b", "2")}},
		{name: "one key in order of insertion", blockSize: spool.BlockSize, add: []spool.Record{record("a", "2"), record("b", "0"), record("a", "1")},
			want: []spool.Record{record("a", "2"), record("a", "1"), record("b", "0")}},
		{name: "one key over several runs", blockSize: 1, add: []spool.Record{record("a", "3"), record("a", large), record("a", "1"), record("", "x")},
			want: []spool.Record{record("", "x"), record("a", "3"), record("a", large), record("a", "1")}},
		{name: "a record larger than a block", blockSize: 16, add: []spool.Record{record("b", large), record("a", "1")},
			want: []spool.Record{record("a", "1"), record("b", large)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := spool.New(test.blockSize)
			add(t, s, test.add...)
			for range 2 {
				if diff := gocmp.Diff(texts(test.want), texts(read(t, s))); diff != "" {
					t.Errorf("records (-want +got):\n%s", diff)
				}
			}
			if s.Len() != len(test.add) {
				t.Errorf("Len is %d, want %d", s.Len(), len(test.add))
			}
		})
	}
}

func texts(records []spool.Record) []string {
	var all []string
	for _, r := range records {
		all = append(all, fmt.Sprintf("%s=%s", r.Key, r.Value))
	}
	return all
}

func TestAddAfterReading(t *testing.T) {
	s := spool.New(32)
	add(t, s, spool.Record{Key: "b", Value: []byte("old")})
	before := s.Sorted()
	add(t, s, spool.Record{Key: "a", Value: []byte("new")})
	count := 0
	for _, err := range before {
		if err != nil {
			t.Fatal(err)
		}
		count++
	}
	if count != 1 {
		t.Errorf("a sequence from before the second record yields %d records, want 1", count)
	}
	if got := texts(read(t, s)); !slices.Equal(got, []string{"a=new", "b=old"}) {
		t.Errorf("after the second record: %v", got)
	}
}

func TestStopEarly(t *testing.T) {
	s := spool.New(32)
	for i := range 1000 {
		add(t, s, spool.Record{Key: fmt.Sprint(i)})
	}
	for r, err := range s.Sorted() {
		if err != nil || r.Key != "0" {
			t.Fatalf("first record %q, error %v", r.Key, err)
		}
		break
	}
}

// TestAnyRecords compares the spool with a stable sort of the same records.
func TestAnyRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := spool.New(rapid.IntRange(1, 300).Draw(t, "block size"))
		var want []spool.Record
		for range rapid.IntRange(0, 300).Draw(t, "records") {
			r := spool.Record{
				Key:   rapid.StringN(0, 3, 12).Draw(t, "key"),
				Value: rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "value"),
			}
			if err := s.Add(r.Key, r.Value); err != nil {
				t.Fatal(err)
			}
			want = append(want, r)
		}
		slices.SortStableFunc(want, func(a, b spool.Record) int { return cmp.Compare(a.Key, b.Key) })
		var got []spool.Record
		for r, err := range s.Sorted() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, spool.Record{Key: r.Key, Value: bytes.Clone(r.Value)})
		}
		if diff := gocmp.Diff(texts(want), texts(got)); diff != "" {
			t.Fatalf("records (-want +got):\n%s", diff)
		}
	})
}

// people makes records like those of a large directory: keys are identifiers, values are forms of about 500 bytes.
func people(n int) []spool.Record {
	random := rand.New(rand.NewPCG(1, 2))
	names := []string{"Ada", "Grace", "Mei", "Jun", "Olga", "Pavel", "Sara", "Tom", "Wei", "李雷", "韩梅梅", "王芳"}
	records := make([]spool.Record, n)
	for i := range records {
		id := fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", random.Uint32(), random.Uint32()>>16, random.Uint32()>>16, random.Uint32()>>16, random.Uint64()>>16)
		first, last := names[random.IntN(len(names))], names[random.IntN(len(names))]
		login := fmt.Sprintf("%s.%s%d", first, last, i)
		value := fmt.Appendf(nil, "%x uid=%s cn=%s %s sn=%s givenName=%s displayName=%s %s mail=%s@corp.example.com telephoneNumber=+86 10 %08d mobile=+86 138 %08d "+
			"title=Engineer %d employeeNumber=%08d employeeType=staff departmentNumber=Department %04d preferredLanguage=zh-CN l=Beijing street=%d Long Road description=%0120d",
			random.Uint64(), login, first, last, last, first, first, last, login, random.IntN(1e8), random.IntN(1e8),
			random.IntN(9), i, random.IntN(1000), random.IntN(500), random.IntN(1e9))
		records[i] = spool.Record{Key: id, Value: value}
	}
	return records
}

func BenchmarkAddAndRead(b *testing.B) {
	records := people(100_000)
	raw := 0
	for _, r := range records {
		raw += len(r.Key) + len(r.Value)
	}
	b.ReportAllocs()
	var kept int
	for b.Loop() {
		s := spool.New(spool.BlockSize)
		add(b, s, records...)
		count := 0
		for _, err := range s.Sorted() {
			if err != nil {
				b.Fatal(err)
			}
			count++
		}
		if count != len(records) {
			b.Fatalf("read %d records back, want %d", count, len(records))
		}
		kept = s.Bytes()
	}
	b.ReportMetric(float64(kept)/(1<<20), "MiB-kept")
	b.ReportMetric(float64(raw)/(1<<20), "MiB-raw")
}
