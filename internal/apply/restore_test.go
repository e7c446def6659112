package apply_test

import (
	"strings"
	"testing"
	"time"

	"synccenter.dev/synccenter/internal/apply"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
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
