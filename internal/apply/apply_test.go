package apply_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"synccenter.dev/synccenter/internal/apply"
	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/ldap"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

var server *slapdtest.Server

func TestMain(m *testing.M) {
	var err error
	if server, err = slapdtest.New(slapdtest.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	server.Close()
	os.Exit(code)
}

// bench is a real target with what applying needs beside it.
type bench struct {
	t       *testing.T
	tree    slapdtest.Tree
	target  *troubled
	journal *memory
	options apply.Options
}

func newBench(t *testing.T) *bench {
	t.Helper()
	tree := server.Tree(t)
	target, err := ldap.NewTarget(t.Context(), ldap.Config{
		URLs: []string{server.URL}, BindDN: slapdtest.AdminDN, Password: slapdtest.AdminPassword,
		Users:       ldap.Users{BaseDN: tree.Org, Layout: ldap.ByDepartment, Mark: "employeeNumber", Disable: &ldap.Disable{Attribute: "employeeType", Disabled: "off"}},
		Departments: ldap.Departments{BaseDN: tree.Org, Mark: "businessCategory"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { target.Close() })
	b := &bench{t: t, tree: tree, target: &troubled{Target: target}, journal: &memory{}}
	nobody := func(_ context.Context, _ directory.Kind, ids []string) (map[string]apply.Verdict, error) {
		verdicts := map[string]apply.Verdict{}
		for _, id := range ids {
			verdicts[id] = apply.Gone
		}
		return verdicts, nil
	}
	b.options = apply.Options{
		Target: b.target, Owner: "test/hr", Links: state.NewLinks(), Salt: []byte("salt"), Fence: always{},
		Ledger:      apply.NewLedger(b.journal, apply.Past{IssuedThrough: -1}),
		Concurrency: 4, QPS: 1000, Burst: 1000, Retries: 2, Now: time.Now,
		Absent: nobody, WithoutDepartment: nobody,
	}
	return b
}

// apply carries out operations and answers with what became of each, as "Status Reason".
func (b *bench) apply(operations ...plan.Operation) []string {
	b.t.Helper()
	for i := range operations {
		operations[i].Index = i
	}
	if err := apply.New(b.options).Apply(b.t.Context(), sequence(operations)); err != nil {
		b.t.Fatal(err)
	}
	outcomes := make([]string, len(operations))
	for i := range operations {
		outcome, ok := b.options.Ledger.Outcome(i)
		if !ok {
			b.t.Fatalf("operation %d has no outcome", i)
		}
		outcomes[i] = strings.TrimSpace(fmt.Sprintf("%s %s", outcome.Status, outcome.Reason))
	}
	return outcomes
}

func sequence(operations []plan.Operation) iter.Seq2[plan.Operation, error] {
	return func(yield func(plan.Operation, error) bool) {
		for _, operation := range operations {
			if !yield(operation, nil) {
				return
			}
		}
	}
}

func (b *bench) expect(what string, got, want []string) {
	b.t.Helper()
	if !slices.Equal(got, want) {
		b.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// people counts the people in the target.
func (b *bench) people() int {
	b.t.Helper()
	count := 0
	for _, err := range b.target.Departments(b.t.Context(), nil) {
		if err != nil {
			b.t.Fatal(err)
		}
	}
	for _, err := range b.target.Users(b.t.Context(), nil) {
		if err != nil {
			b.t.Fatal(err)
		}
		count++
	}
	return count
}

func department(id string) plan.Operation {
	return plan.Operation{
		Kind: plan.CreateDepartment, Subject: directory.Department, SourceID: id, Name: id, Wave: 1, Mark: true,
		Changes: []plan.Change{{Field: "ou", After: []string{id}}},
	}
}

func person(id string, departments ...string) plan.Operation {
	return plan.Operation{
		Kind: plan.CreateUser, Subject: directory.User, SourceID: id, Name: id, Wave: 2, Mark: true, Departments: departments,
		Changes: []plan.Change{{Field: "cn", After: []string{id}}, {Field: "sn", After: []string{id}}, {Field: "uid", After: []string{id}}},
	}
}

// troubled is a real target that fails as a script says: the error of a call's turn comes before or, when it is doubtful, after the call.
type troubled struct {
	connector.Target
	mu     sync.Mutex
	before []error
	after  []error
	calls  int
}

func next(list *[]error) error {
	if len(*list) == 0 {
		return nil
	}
	err := (*list)[0]
	*list = (*list)[1:]
	return err
}

func (t *troubled) CreateUser(ctx context.Context, user connector.NewEntry) (directory.Entry, error) {
	t.mu.Lock()
	t.calls++
	before, after := next(&t.before), next(&t.after)
	t.mu.Unlock()
	if before != nil {
		return directory.Entry{}, before
	}
	entry, err := t.Target.CreateUser(ctx, user)
	if after != nil {
		return directory.Entry{}, after
	}
	return entry, err
}

func trouble(class connector.Class) error {
	return &connector.Error{Class: class, Err: fmt.Errorf("the server says %s", class)}
}

// memory is a journal in memory.
type memory struct {
	mu       sync.Mutex
	outcomes []apply.Outcome
	issued   int
	err      error
}

func (m *memory) Append(_ context.Context, outcomes []apply.Outcome, issuedThrough int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	m.outcomes, m.issued = append(m.outcomes, outcomes...), issuedThrough
	return nil
}

// always is a fence that lets everything pass.
type always struct{}

func (always) Deadline() time.Time { return time.Now().Add(time.Minute) }

// expired is a fence that lets nothing pass.
type expired struct{}

func (expired) Deadline() time.Time { return time.Now().Add(-time.Second) }

func TestErrorsDecideWhatHappensNext(t *testing.T) {
	t.Parallel()
	slow := &connector.Error{Class: connector.RateLimited, RetryAfter: 1200 * time.Millisecond, Err: errors.New("too many requests")}
	tests := []struct {
		name          string
		before, after []error
		want          string
		calls, people int
	}{
		{name: "busy and then not", before: []error{trouble(connector.Busy)}, want: "Succeeded", calls: 2, people: 1},
		{name: "rate limited with a time to wait", before: []error{slow}, want: "Succeeded", calls: 2, people: 1},
		{name: "a broken connection after the write", after: []error{trouble(connector.Unavailable)}, want: "Succeeded", calls: 1, people: 1},
		{name: "a broken connection before the write", before: []error{trouble(connector.Unavailable)}, want: "Succeeded", calls: 2, people: 1},
		{name: "a conflict", before: []error{trouble(connector.Conflict)}, want: "Failed Conflict", calls: 1},
		{name: "a value that the target refuses", before: []error{trouble(connector.Invalid)}, want: "Failed Invalid", calls: 1},
		{name: "a right that is missing", before: []error{trouble(connector.Permission)}, want: "Failed Permission", calls: 1},
		{name: "an error without a class", before: []error{errors.New("odd")}, want: "Failed Error", calls: 1},
		{name: "busy for too long", before: slices.Repeat([]error{trouble(connector.Busy)}, 3), want: "Failed Busy", calls: 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.target.before, b.target.after = test.before, test.after
			start := time.Now()

			b.expect("outcome", b.apply(person("li")), []string{test.want})

			if b.target.calls != test.calls || b.people() != test.people {
				t.Errorf("%d calls and %d people, want %d and %d", b.target.calls, b.people(), test.calls, test.people)
			}
			if slices.Contains(test.before, error(slow)) && time.Since(start) < slow.RetryAfter {
				t.Errorf("tried again after %s although the server asked for %s", time.Since(start), slow.RetryAfter)
			}
		})
	}
}

func TestWhatDependsOnAFailureIsSkipped(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	orphan := department("East")
	orphan.Parent, orphan.Wave = "Sales", 2
	bad := department("Sales")
	bad.Changes = nil // a department without a name
	inside := person("li", "Sales")
	inside.Wave = 3
	needy := person("wang")
	needy.Wave, needy.Needs = 4, []int{2}

	b.expect("outcomes", b.apply(bad, orphan, inside, needy),
		[]string{"Failed Invalid", "Skipped DependencyFailed", "Skipped DependencyFailed", "Skipped DependencyFailed"})
}

func TestADeadTargetIsNotHammered(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.options.Retries, b.options.Concurrency = 0, 1
	b.target.before = slices.Repeat([]error{trouble(connector.Unavailable)}, 100)
	var operations []plan.Operation
	for i := range 20 {
		operations = append(operations, person(fmt.Sprintf("p%d", i)))
	}

	outcomes := b.apply(operations...)

	b.expect("the first", outcomes[:1], []string{"Failed Unavailable"})
	b.expect("the rest", outcomes[1:], slices.Repeat([]string{"Skipped NotReached"}, 19))
	if b.target.calls != 1 {
		t.Errorf("%d calls to a dead target", b.target.calls)
	}
}

func TestAMissingRightEndsTheRunAfterManyRefusals(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.options.Concurrency = 1
	b.target.before = slices.Repeat([]error{trouble(connector.Permission)}, 100)
	var operations []plan.Operation
	for i := range 60 {
		operations = append(operations, person(fmt.Sprintf("p%d", i)))
	}

	outcomes := b.apply(operations...)

	b.expect("the first fifty", outcomes[:50], slices.Repeat([]string{"Failed Permission"}, 50))
	b.expect("the rest", outcomes[50:], slices.Repeat([]string{"Skipped NotReached"}, 10))
}

func TestNothingIsWrittenOnceTheRightToWriteRanOut(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.options.Fence = expired{}

	err := apply.New(b.options).Apply(t.Context(), sequence([]plan.Operation{person("li")}))

	if !errors.Is(err, apply.ErrFenced) {
		t.Errorf("want ErrFenced, got %v", err)
	}
	if b.target.calls != 0 {
		t.Errorf("%d calls without the right to write", b.target.calls)
	}
}

func TestNothingIsWrittenWithoutAJournal(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.journal.err = errors.New("the store is away")

	err := apply.New(b.options).Apply(t.Context(), sequence([]plan.Operation{person("li")}))

	if err == nil || b.target.calls != 0 {
		t.Errorf("%d calls, error %v", b.target.calls, err)
	}
}

func TestEveryOutcomeIsInTheJournal(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.apply(department("Sales"), person("li", "Sales"), person("wang", "Sales"))

	if len(b.journal.outcomes) != 3 || b.journal.issued < 2 {
		t.Errorf("%d outcomes up to operation %d", len(b.journal.outcomes), b.journal.issued)
	}
}

func TestAValueThatTheTargetReadsOtherwiseIsLearned(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.options.Target = &rewriting{b.target}
	b.apply(person("li"))

	outcome, _ := b.options.Ledger.Outcome(0)
	want := []state.Learned{{
		Field: "cn", Wrote: state.Digest(b.options.Salt, "cn", []string{"li"}), Reads: state.Digest(b.options.Salt, "cn", []string{"LI"}),
	}}
	if !slices.Equal(outcome.Learned, want) {
		t.Errorf("learned %+v, want %+v", outcome.Learned, want)
	}
}

// rewriting is a target that reads back common names in upper case.
type rewriting struct{ *troubled }

func (r *rewriting) CreateUser(ctx context.Context, user connector.NewEntry) (directory.Entry, error) {
	entry, err := r.troubled.CreateUser(ctx, user)
	for i := range entry.Attributes {
		if entry.Attributes[i].Name == "cn" {
			entry.Attributes[i].Values = []string{strings.ToUpper(entry.Attributes[i].Values[0])}
		}
	}
	return entry, err
}
