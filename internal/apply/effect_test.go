package apply_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/apply"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

func TestEffect(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	linked := state.Link{Kind: directory.User, SourceID: "s", TargetID: "t", Origin: state.Created, State: state.Active, Name: "Li"}
	with := func(change func(*state.Link)) []state.Link {
		link := linked
		change(&link)
		return []state.Link{link}
	}
	on := true
	learned := []state.Learned{{Field: "cn", Wrote: "a", Reads: "b"}}
	operation := func(kind plan.OperationKind, change func(*plan.Operation)) plan.Operation {
		o := plan.Operation{Kind: kind, Subject: directory.User, SourceID: "s", TargetID: "t", Name: "Li"}
		change(&o)
		return o
	}
	plain := func(*plan.Operation) {}
	done := apply.Outcome{Status: plan.Succeeded, Time: now}
	tests := []struct {
		name      string
		before    []state.Link
		operation plan.Operation
		outcome   apply.Outcome
		want      []state.Link
	}{
		{"a create links", nil, operation(plan.CreateUser, func(o *plan.Operation) { o.TargetID = "" }),
			apply.Outcome{Status: plan.Succeeded, TargetID: "t"}, with(func(*state.Link) {})},
		{"a create that failed does not", nil, operation(plan.CreateUser, plain), apply.Outcome{Status: plan.Failed}, nil},
		{"an adoption links", nil, operation(plan.UpdateUser, func(o *plan.Operation) { o.Adopt = true }), done,
			with(func(l *state.Link) { l.Origin = state.Adopted })},
		{"a relink takes the old link's place", with(func(l *state.Link) { l.SourceID = "old" }),
			operation(plan.ChangeUserIdentifier, func(o *plan.Operation) { o.Adopt, o.Relinks = true, "old" }), done,
			with(func(l *state.Link) { l.Origin = state.Adopted })},
		{"what is learned replaces what was", with(func(l *state.Link) { l.Learned = []state.Learned{{Field: "cn", Wrote: "x", Reads: "y"}} }),
			operation(plan.UpdateUser, func(o *plan.Operation) { o.Changes = []plan.Change{{Field: "cn"}} }),
			apply.Outcome{Status: plan.Succeeded, Learned: learned}, with(func(l *state.Link) { l.Learned = learned })},
		{"who comes back is active", with(func(l *state.Link) { l.State, l.Since = state.Disabled, &now }),
			operation(plan.UpdateUser, func(o *plan.Operation) { o.Active = &on }), done, with(func(*state.Link) {})},
		{"who is deleted has no link", with(func(*state.Link) {}), operation(plan.DeleteUser, func(o *plan.Operation) { o.Removal = plan.Delete }), done, nil},
		{"who is disabled keeps it", with(func(*state.Link) {}), operation(plan.DeleteUser, func(o *plan.Operation) { o.Removal = plan.Disable }), done,
			with(func(l *state.Link) { l.State, l.Since, l.Run = state.Disabled, &now, "hr-1" })},
		{"who was gone already has none", with(func(*state.Link) {}), operation(plan.DeleteUser, func(o *plan.Operation) { o.Removal = plan.Disable }),
			apply.Outcome{Status: plan.Succeeded, Reason: apply.ReasonGone, Time: now}, nil},
		{"a removal that is held waits", with(func(*state.Link) {}), operation(plan.DeleteUser, plain),
			apply.Outcome{Status: plan.Held, Message: "why", Time: now},
			with(func(l *state.Link) { l.State, l.Since, l.Run, l.Reason = state.Held, &now, "hr-1", "why" })},
		{"a loss of the last department that is held is remembered", with(func(*state.Link) {}), operation(plan.ChangeUserDepartments, plain),
			apply.Outcome{Status: plan.Held, Message: "why", Time: now},
			with(func(l *state.Link) { l.HeldLoss = &state.Hold{Since: now, Run: "hr-1", Reason: "why"} })},
		{"so is one that stands with the department", with(func(*state.Link) {}), operation(plan.SyncDepartmentMembers, func(o *plan.Operation) {
			o.Subject, o.SourceID = directory.Department, "d"
			o.Changes = []plan.Change{{Field: plan.FieldMembers, Before: []string{"s", "unknown"}}}
		}), apply.Outcome{Status: plan.Held, Message: "why", Time: now},
			with(func(l *state.Link) { l.HeldLoss = &state.Hold{Since: now, Run: "hr-1", Reason: "why"} })},
		{"a removal that is skipped changes nothing", with(func(*state.Link) {}), operation(plan.DeleteUser, func(o *plan.Operation) { o.Removal = plan.Delete }),
			apply.Outcome{Status: plan.Skipped, Time: now}, with(func(*state.Link) {})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			links := state.NewLinks()
			for _, link := range test.before {
				if err := links.Put(link); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 { // entering the same twice changes nothing
				if err := apply.Effect(links, &test.operation, test.outcome, "hr-1"); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, slices.Collect(links.Sorted(directory.User))); diff != "" {
					t.Errorf("links (-want +got):\n%s", diff)
				}
			}
		})
	}
}
