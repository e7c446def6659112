package apply_test

import (
	"context"
	"slices"
	"testing"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

// blind is a real target in which some entries cannot be found any more.
type blind struct {
	*troubled
	hidden func(id string) bool
}

func (b *blind) Lookup(ctx context.Context, kind directory.Kind, ids, fields []string) ([]directory.Entry, error) {
	entries, err := b.troubled.Lookup(ctx, kind, ids, fields)
	return slices.DeleteFunc(entries, func(e directory.Entry) bool { return b.hidden(e.ID) }), err
}

func TestAnEntryIsGoneOnlyWhenOthersAreFound(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		// everybody cannot be found, or only the one who is to be removed.
		everybody bool
		want      string
	}{
		{"only this one is gone", false, "Succeeded AlreadyGone"},
		{"nobody is found", true, "Skipped LookupFailed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.apply(department("d"), person("li", "d"), person("han", "d"))
			leaver := ""
			for index, id := range []string{"li", "han"} {
				outcome, _ := b.options.Ledger.Outcome(index + 1)
				if err := b.options.Links.Put(state.Link{
					Kind: directory.User, SourceID: id, TargetID: outcome.TargetID, Origin: state.Created, State: state.Active,
				}); err != nil {
					t.Fatal(err)
				}
				if id == "li" {
					leaver = outcome.TargetID
				}
			}
			again := newBench(t)
			again.options.Links = b.options.Links
			again.options.Target = &blind{b.target, func(id string) bool { return test.everybody || id == leaver }}
			got := again.apply(plan.Operation{
				Kind: plan.DeleteUser, Subject: directory.User, SourceID: "li", TargetID: leaver, Removal: plan.Delete, TakesAway: true, Wave: 1,
			})
			again.expect("outcome", got, []string{test.want})
			if people := b.people(); people != 2 {
				t.Errorf("%d people are in the target, want 2", people)
			}
		})
	}
}
