package apply_test

import (
	"strings"
	"testing"
	"time"

	"synccenter.dev/synccenter/internal/apply"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

func TestARunThatIsGivenUpSaysWhoHasATemporaryName(t *testing.T) {
	t.Parallel()
	rename := func(needs ...int) plan.Operation {
		return plan.Operation{Kind: plan.ChangeUserIdentifier, Subject: directory.User, SourceID: "s", TargetID: "t", Needs: needs}
	}
	operations := []plan.Operation{rename(), rename(0), rename(0, 1)}
	for i := range operations {
		operations[i].Index = i
	}
	operations[2].Restores = &plan.Restore{Values: []string{"an"}}
	ledger := apply.NewLedger(nil, apply.Past{Outcomes: []apply.Outcome{{Index: 0, Status: plan.Succeeded}}, IssuedThrough: -1})

	if err := apply.GiveUp(ledger, sequence(operations), "nobody answers", time.Now); err != nil {
		t.Fatal(err)
	}

	outcome, _ := ledger.Outcome(2)
	if outcome.Status != plan.Failed || !strings.Contains(outcome.Message, "temporary name") {
		t.Errorf("the record does not say what became of the user: %+v", outcome)
	}
}

func TestARemovalThatAnEarlierAttemptDidCounts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		issued int
		want   int
	}{{"begun by an earlier attempt", 0, 1}, {"not begun by this run", -1, 0}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.apply(person("stays"))
			created, _ := b.options.Ledger.Outcome(0)
			if err := b.options.Links.Put(state.Link{
				Kind: directory.User, SourceID: "stays", TargetID: created.TargetID, Origin: state.Created, State: state.Active,
			}); err != nil {
				t.Fatal(err)
			}
			b.options.Ledger = apply.NewLedger(b.journal, apply.Past{IssuedThrough: test.issued})
			leaver := plan.Operation{
				Kind: plan.DeleteUser, Subject: directory.User, SourceID: "s", TargetID: "00000000-0000-0000-0000-000000000001",
				Removal: plan.Delete, TakesAway: true,
			}
			b.apply(leaver)
			outcome, _ := b.options.Ledger.Outcome(0)
			if got := len(apply.Removed(&leaver, outcome)); got != test.want {
				t.Errorf("%d removals count, want %d: %+v", got, test.want, outcome)
			}
		})
	}
}
