package history

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
)

func user(id string, operation plan.OperationKind, status plan.Status) Record {
	return Record{Subject: directory.User, Operation: operation, Status: status, SourceID: id}
}

func department(id string, operation plan.OperationKind, status plan.Status) Record {
	return Record{Subject: directory.Department, Operation: operation, Status: status, SourceID: id}
}

// sequence gives the records and then the error, if there is one.
func sequence(records []Record, end error) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
		if end != nil {
			yield(Record{}, end)
		}
	}
}

func TestCountTallies(t *testing.T) {
	tests := []struct {
		name                 string
		records              []Record
		organizations, users Tally
	}{
		{name: "nothing was examined"},
		{
			name:    "no update is a success and no update",
			records: []Record{user("1", plan.NoUpdate, plan.Succeeded)},
			users:   Tally{Total: 1, Succeeded: 1},
		},
		{
			name:    "create, update and removal are updates",
			records: []Record{user("1", plan.CreateUser, plan.Succeeded), user("2", plan.UpdateUser, plan.Succeeded), user("3", plan.DeleteUser, plan.Succeeded)},
			users:   Tally{Total: 3, Succeeded: 3, UpdatesTotal: 3, UpdatesSucceeded: 3},
		},
		{
			name: "several records of one entry are one entry",
			records: []Record{
				user("1", plan.ChangeUserIdentifier, plan.Succeeded), user("1", plan.UpdateUser, plan.Succeeded), user("1", plan.ChangeUserDepartments, plan.Succeeded),
			},
			users: Tally{Total: 1, Succeeded: 1, UpdatesTotal: 1, UpdatesSucceeded: 1},
		},
		{
			name: "one failed record fails its entry, wherever it stands",
			records: []Record{
				user("1", plan.CreateUser, plan.Succeeded), user("2", plan.CreateUser, plan.Succeeded), user("1", plan.ChangeUserDepartments, plan.Failed),
			},
			users: Tally{Total: 2, Succeeded: 1, UpdatesTotal: 2, UpdatesSucceeded: 1},
		},
		{
			name: "held, skipped and planned are in the total only",
			records: []Record{
				user("1", plan.DeleteUser, plan.Held), user("2", plan.UpdateUser, plan.Skipped), user("3", plan.CreateUser, plan.Planned), user("4", plan.NoUpdate, plan.Skipped),
			},
			users: Tally{Total: 4, UpdatesTotal: 3},
		},
		{
			name:    "an entry that could not be read is examined, and its operation says whether it needed a change",
			records: []Record{user("1", plan.NoUpdate, plan.Failed), user("2", plan.CreateUser, plan.Failed)},
			users:   Tally{Total: 2, UpdatesTotal: 1},
		},
		{
			name: "departments and users with the same ID are different entries",
			records: []Record{
				department("1", plan.MoveDepartment, plan.Succeeded), department("1", plan.SyncDepartmentMembers, plan.Failed), user("1", plan.NoUpdate, plan.Succeeded),
				department("2", plan.NoUpdate, plan.Succeeded),
			},
			organizations: Tally{Total: 2, Succeeded: 1, UpdatesTotal: 1},
			users:         Tally{Total: 1, Succeeded: 1},
		},
		{
			name: "an entry without a source ID goes by its target ID",
			records: []Record{
				{Subject: directory.User, Operation: plan.DeleteUser, Status: plan.Succeeded, TargetID: "a"},
				{Subject: directory.User, Operation: plan.DeleteUser, Status: plan.Failed, TargetID: "b"},
				{Subject: directory.User, Operation: plan.NoUpdate, Status: plan.Succeeded, SourceID: "a", TargetID: "x"},
			},
			users: Tally{Total: 3, Succeeded: 2, UpdatesTotal: 2, UpdatesSucceeded: 1},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			counts, err := Count(sequence(test.records, nil))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.organizations, counts.Organizations); diff != "" {
				t.Errorf("organizations (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.users, counts.Users); diff != "" {
				t.Errorf("users (-want +got):\n%s", diff)
			}
			if counts.Records != int64(len(test.records)) {
				t.Errorf("records: want %d, got %d", len(test.records), counts.Records)
			}
		})
	}
}

func TestCountIsTheSameInAnyOrder(t *testing.T) {
	records := []Record{
		department("1", plan.CreateDepartment, plan.Succeeded), department("1", plan.SyncDepartmentLeaders, plan.Skipped),
		user("1", plan.CreateUser, plan.Succeeded), user("1", plan.UpdateUser, plan.Failed), user("2", plan.NoUpdate, plan.Succeeded),
	}
	want, err := Count(sequence(records, nil))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		rand.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		got, err := Count(sequence(records, nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("another order gives other counts (-want +got):\n%s", diff)
		}
	}
}

func TestCountOperations(t *testing.T) {
	counts, err := Count(sequence([]Record{
		user("1", plan.NoUpdate, plan.Succeeded),
		user("2", plan.DeleteUser, plan.Held),
		user("3", plan.CreateUser, plan.Succeeded), user("4", plan.CreateUser, plan.Failed), user("5", plan.CreateUser, plan.Skipped), user("6", plan.CreateUser, plan.Planned),
		department("1", plan.CreateDepartment, plan.Succeeded), department("2", plan.CreateDepartment, plan.Succeeded),
	}, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := []OperationCount{
		{Operation: "CreateDepartment", Planned: 2, Succeeded: 2},
		{Operation: "CreateUser", Planned: 4, Succeeded: 1, Failed: 1, Skipped: 1},
		{Operation: "DeleteUser", Planned: 1, Held: 1},
		{Operation: "NoUpdate", Planned: 1, Succeeded: 1},
	}
	if diff := cmp.Diff(want, counts.Operations); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
}

func TestCountKeepsTheFirstFailures(t *testing.T) {
	var records []Record
	for i := range 15 {
		r := user(fmt.Sprint(i), plan.UpdateUser, plan.Failed)
		r.Message = string(make([]byte, 5000))
		r.Changes = []plan.Change{{Field: "mail", After: []string{"li@example.com"}}}
		records = append(records, user("ok", plan.NoUpdate, plan.Succeeded), r)
	}
	counts, err := Count(sequence(records, nil))
	if err != nil {
		t.Fatal(err)
	}
	if len(counts.Failures) != MaxFailures {
		t.Fatalf("want %d failures, got %d", MaxFailures, len(counts.Failures))
	}
	for i, f := range counts.Failures {
		if f.SourceID != fmt.Sprint(i) {
			t.Errorf("failure %d is of %q: not the first ones in their order", i, f.SourceID)
		}
		if len(f.Message) > 1024 || f.Changes != nil {
			t.Errorf("failure %d carries %d bytes of message and %d changes: too much for a report", i, len(f.Message), len(f.Changes))
		}
	}
}

func TestCountStopsAtAnError(t *testing.T) {
	broken := errors.New("the stream broke")
	if _, err := Count(sequence([]Record{user("1", plan.NoUpdate, plan.Succeeded)}, broken)); !errors.Is(err, broken) {
		t.Errorf("want the error of the stream, got %v: a part would be taken for the whole", err)
	}
}

func TestCounterMemory(t *testing.T) {
	const users = 100_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var counter Counter
	for i := range users {
		r := user(fmt.Sprintf("uid=user%06d,ou=a department with a long name,ou=people,dc=example,dc=com", i), plan.CreateUser, plan.Succeeded)
		counter.Add(&r)
		r.Operation = plan.ChangeUserDepartments
		counter.Add(&r)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got := counter.Counts().Users; got.Total != users || got.Succeeded != users {
		t.Errorf("want %d users, all succeeded, got %+v", users, got)
	}
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 10<<20 {
		t.Errorf("a counter of %d users holds %d bytes", users, held)
	}
}
