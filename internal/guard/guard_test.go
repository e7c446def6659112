package guard_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"synccenter.dev/synccenter/internal/guard"
)

// limits are those of a task that says nothing.
var limits = guard.Limits{
	RemovalsFloor: 10, RemovalsPercent: 2, RemovalsCount: 500, RemovalsWindow: 24 * time.Hour,
	ShrinkPercent: 10, ClearedPercent: 5, ChangedPercent: 50,
}

// quiet is a run of a company of 1,000 people in 50 departments in which nothing is unusual.
func quiet() guard.Facts {
	return guard.Facts{
		SourceUsers: 1000, LastSourceUsers: 1000, ActiveUsers: 1000, ComparedUsers: 1000,
		SourceDepartments: 50, LastSourceDepartments: 50, ActiveDepartments: 50,
	}
}

func TestEvaluate(t *testing.T) {
	tests := []struct {
		name  string
		facts func(*guard.Facts)
		limit func(*guard.Limits)
		// stop and hold are "reason: part of the message", or empty.
		stop, hold string
	}{
		{name: "nothing unusual"},
		{name: "a first run", facts: func(f *guard.Facts) { *f = guard.Facts{FirstRun: true, SourceUsers: 1000, SourceDepartments: 50} }},
		{name: "everything empty from the start", facts: func(f *guard.Facts) { *f = guard.Facts{FirstRun: true} }},

		{name: "source without people", facts: func(f *guard.Facts) { f.SourceUsers = 0 }, stop: "SourceEmpty: gave no people, and 1000 of them are linked"},
		{name: "source without departments", facts: func(f *guard.Facts) { f.SourceDepartments = 0 }, stop: "SourceEmpty: gave no departments, and 50"},
		{name: "source without its only person", facts: func(f *guard.Facts) { f.SourceUsers, f.ActiveUsers, f.LastSourceUsers = 0, 1, 1 }, stop: "SourceEmpty: gave no people, and 1"},
		{name: "source empty when no limit is set", facts: func(f *guard.Facts) { f.SourceUsers = 0 },
			limit: func(l *guard.Limits) { l.ShrinkPercent = 100 }, stop: "SourceEmpty"},

		{name: "shrunk by the share", facts: func(f *guard.Facts) { f.SourceUsers = 900 }},
		{name: "shrunk by more", facts: func(f *guard.Facts) { f.SourceUsers = 899 }, stop: "GuardStopped: lost 101 of 1000 (10.1%) people since the last complete read, and guard.shrink allows 10%"},
		{name: "departments shrunk", facts: func(f *guard.Facts) { f.SourceDepartments = 44 }, stop: "GuardStopped: lost 6 of 50 (12.0%) departments"},
		{name: "shrunk with a higher limit", facts: func(f *guard.Facts) { f.SourceUsers = 600 }, limit: func(l *guard.Limits) { l.ShrinkPercent = 40 }},
		{name: "a small company loses one", facts: func(f *guard.Facts) { f.SourceUsers, f.LastSourceUsers = 4, 5 }},
		{name: "a small company loses four", facts: func(f *guard.Facts) { f.SourceUsers, f.LastSourceUsers = 8, 12 }, stop: "GuardStopped: lost 4 of 12"},
		{name: "grown", facts: func(f *guard.Facts) { f.SourceUsers = 5000 }},
		{name: "no earlier read", facts: func(f *guard.Facts) { f.LastSourceUsers, f.LastSourceDepartments = 0, 0 }},

		{name: "cleared by the share", facts: func(f *guard.Facts) { f.Cleared = map[string]int64{"mail": 50} }},
		{name: "cleared by more", facts: func(f *guard.Facts) { f.Cleared = map[string]int64{"mail": 51, "title": 50} }, stop: `GuardStopped: would empty "mail" for 51 of 1000 (5.1%) people, and guard.cleared allows 5%`},
		{name: "several fields, the worst first", facts: func(f *guard.Facts) { f.Cleared = map[string]int64{"a": 60, "b": 900, "c": 60} },
			stop: `GuardStopped: would empty "b" for 900 of 1000 (90.0%) people, "a" for 60 of 1000 (6.0%) people, "c" for`},
		{name: "many fields", facts: func(f *guard.Facts) {
			f.Cleared = map[string]int64{"a": 90, "b": 90, "c": 90, "d": 90, "e": 90, "f": 90, "g": 90}
		}, stop: `GuardStopped: people, and 2 more fields, and guard.cleared`},
		{name: "one person's field in a small company", facts: func(f *guard.Facts) { f.ComparedUsers, f.Cleared = 5, map[string]int64{"mail": 1} }},

		{name: "changed by the share", facts: func(f *guard.Facts) { f.ChangedUsers = 500 }},
		{name: "changed by more", facts: func(f *guard.Facts) { f.ChangedUsers = 501 }, stop: "GuardStopped: would update 501 of 1000 (50.1%) people, and guard.changed allows 50%"},
		{name: "changed by more in a first run", facts: func(f *guard.Facts) { f.ChangedUsers, f.FirstRun = 1000, true }},
		{name: "everyone of a small company", facts: func(f *guard.Facts) { f.ComparedUsers, f.ChangedUsers = 3, 3 }},

		{name: "removals up to the floor", facts: func(f *guard.Facts) { f.ActiveUsers, f.RemovalsUsers, f.RemovalsDepartments = 12, 9, 1 }},
		{name: "removals over floor and share", facts: func(f *guard.Facts) { f.RemovalsUsers = 22 },
			hold: "TooManyRemovals: would remove 22 of 1050 (2.1%) linked entries, and guard.removals lets 10 pass within 24h, or more as long as they are at most 2% and 500"},
		{name: "removals over the floor, within the share", facts: func(f *guard.Facts) { f.RemovalsUsers = 21 }},
		{name: "departments count too", facts: func(f *guard.Facts) { f.RemovalsUsers, f.RemovalsDepartments = 21, 1 }, hold: "TooManyRemovals: would remove 22 of 1050"},
		{name: "removals over the number", facts: func(f *guard.Facts) { f.ActiveUsers, f.RemovalsUsers = 100_000, 501 }, hold: "TooManyRemovals: would remove 501 of 100050 (0.5%)"},
		{name: "removals within the number", facts: func(f *guard.Facts) { f.ActiveUsers, f.RemovalsUsers = 100_000, 500 }},
		{name: "the window counts", facts: func(f *guard.Facts) { f.RemovalsUsers, f.Window = 2, 20 }, hold: "TooManyRemovals: would remove 2 of 1050 (0.2%) linked entries, which makes 22 of 1050 (2.1%) with 20 removals of the last 24h"},
		{name: "the window alone holds nothing", facts: func(f *guard.Facts) { f.Window = 900 }},
		{name: "no removal is let pass", facts: func(f *guard.Facts) { f.RemovalsUsers = 1 },
			limit: func(l *guard.Limits) { l.RemovalsFloor, l.RemovalsPercent, l.RemovalsCount = 0, 0, 0 }, hold: "TooManyRemovals: would remove 1 of 1050"},

		{name: "a department loses half", facts: func(f *guard.Facts) {
			f.RemovalsUsers, f.DepartmentLosses = 5, []guard.DepartmentLoss{{ID: "1", Name: "Sales", Members: 10, Loses: 5}}
		}},
		{name: "a department loses more than half", facts: func(f *guard.Facts) {
			f.RemovalsUsers, f.DepartmentLosses = 6, []guard.DepartmentLoss{{ID: "1", Name: "Sales", Members: 10, Loses: 6}}
		}, hold: `DepartmentEmptied: the department "Sales" would lose 6 of 10 (60.0%) people`},
		{name: "a small department loses everyone", facts: func(f *guard.Facts) {
			f.RemovalsUsers, f.DepartmentLosses = 9, []guard.DepartmentLoss{{ID: "1", Name: "Sales", Members: 9, Loses: 9}}
		}},

		{name: "changed definition", facts: func(f *guard.Facts) { f.DefinitionChanged, f.RemovalsUsers = true, 1 }, hold: "DefinitionChanged: would remove 1 entry, but source, target"},
		{name: "changed definition without removals", facts: func(f *guard.Facts) { f.DefinitionChanged = true }},
		{name: "rebuilt state", facts: func(f *guard.Facts) { f.StateRebuilt, f.RemovalsDepartments = true, 1 }, hold: "StateRebuilt: found again by matching"},
		{name: "rebuilt state without removals", facts: func(f *guard.Facts) { f.StateRebuilt = true }},

		{name: "the gravest comes first", facts: func(f *guard.Facts) {
			f.SourceUsers, f.ChangedUsers, f.StateRebuilt, f.DefinitionChanged, f.RemovalsUsers = 0, 900, true, true, 900
		}, stop: "SourceEmpty", hold: "StateRebuilt"},
		{name: "stop and hold", facts: func(f *guard.Facts) { f.SourceUsers, f.RemovalsUsers = 500, 500 }, stop: "GuardStopped: guard.shrink", hold: "TooManyRemovals"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l, f := limits, quiet()
			if test.facts != nil {
				test.facts(&f)
			}
			if test.limit != nil {
				test.limit(&l)
			}
			verdict := guard.Evaluate(l, f)
			check(t, "stop", verdict.Stop, test.stop)
			check(t, "hold", verdict.Hold, test.hold)
		})
	}
}

// check compares a finding with "reason: part of the message".
func check(t *testing.T, what string, finding *guard.Finding, want string) {
	t.Helper()
	reason, message, _ := strings.Cut(want, ": ")
	switch {
	case finding == nil && want == "":
	case finding == nil:
		t.Errorf("%s: nothing, want %s", what, want)
	case finding.Reason != reason || !strings.Contains(finding.Message, message):
		t.Errorf("%s: %s: %s\nwant %q", what, finding.Reason, finding.Message, want)
	}
}

// TestEveryFindingSaysHowToGoOn checks the sentences that people act on: what was found, the limit, and the ways on.
func TestEveryFindingSaysHowToGoOn(t *testing.T) {
	stopped := []string{"nothing was written", "Look whether", "If it is right", "kubectl synccenter run hr --override-", `--reason "..."`, "in the task"}
	held := []string{
		"All removals are held, the rest of the run goes on", "kubectl synccenter details hr-7 --status held", "put them back into the source", "undo the edit",
		"kubectl synccenter run hr --override-", `--reason "..."`,
	}
	tests := []struct {
		name   string
		facts  func(*guard.Facts)
		reason string
		// found and limit are what the message says of them, ways what is to be in it beside.
		found, limit string
		ways         []string
	}{
		{"nobody in the source", func(f *guard.Facts) { f.SourceUsers = 0 }, guard.SourceEmpty,
			"gave no people, and 1000 of them are linked", "no limit lets this pass", []string{"nothing was written", "Look whether", "suspend the task"}},
		{"no department in the source", func(f *guard.Facts) { f.SourceDepartments, f.ActiveDepartments = 0, 1 }, guard.SourceEmpty,
			"gave no departments, and 1 of them is linked", "no limit lets this pass", []string{"nothing was written", "Look whether", "suspend the task"}},
		{"fewer people", func(f *guard.Facts) { f.SourceUsers = 10 }, guard.GuardStopped,
			"lost 990 of 1000 (99.0%) people", "guard.shrink allows 10%", append(stopped, "--override-shrink 99 ")},
		{"fewer departments", func(f *guard.Facts) { f.SourceDepartments = 33 }, guard.GuardStopped,
			"lost 17 of 50 (34.0%) departments", "guard.shrink allows 10%", append(stopped, "--override-shrink 34 ")},
		{"emptied fields", func(f *guard.Facts) { f.Cleared = map[string]int64{"mail": 901, "title": 899} }, guard.GuardStopped,
			`would empty "mail" for 901 of 1000 (90.1%) people, "title" for`, "guard.cleared allows 5%", append(stopped, "--override-cleared 91 ")},
		{"many updates", func(f *guard.Facts) { f.ChangedUsers = 1000 }, guard.GuardStopped,
			"would update 1000 of 1000 (100.0%) people", "guard.changed allows 50%", append(stopped, "--override-changed 100 ")},
		{"many removals", func(f *guard.Facts) { f.RemovalsUsers, f.Window, f.Waiting = 900, 1, 7 }, guard.TooManyRemovals,
			"would remove 900 of 1050 (85.7%) linked entries, which makes 901 of 1050 (85.8%) with 1 removal of the last 24h",
			"guard.removals lets 10 pass within 24h, or more as long as they are at most 2% and 500", append(held, "--override-removals 908 ", "raise guard.removals in the task")},
		{"a department", func(f *guard.Facts) {
			f.RemovalsUsers, f.DepartmentLosses = 20, []guard.DepartmentLoss{{Name: "A", Members: 20, Loses: 20}}
		}, guard.DepartmentEmptied, `the department "A" would lose 20 of 20 (100.0%) people`, "more than half of at least 10", append(held, "--override-removals 20 ")},
		{"an edit", func(f *guard.Facts) { f.RemovalsUsers, f.DefinitionChanged = 1, true }, guard.DefinitionChanged,
			"would remove 1 entry", "differ from the last run that finished its removals", append(held, "--override-removals 1 ")},
		{"a lost state", func(f *guard.Facts) { f.RemovalsUsers, f.RemovalsDepartments, f.StateRebuilt = 1, 1, true }, guard.StateRebuilt,
			"would remove 2 entries", "no proof", append(held, "--override-removals 2 ")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := quiet()
			f.Task, f.Run = "hr", "hr-7"
			test.facts(&f)
			verdict := guard.Evaluate(limits, f)
			finding := verdict.Stop
			if finding == nil {
				finding = verdict.Hold
			}
			if finding == nil {
				t.Fatal("no finding")
			}
			if finding.Reason != test.reason {
				t.Errorf("reason %s, want %s", finding.Reason, test.reason)
			}
			for _, part := range append(test.ways, test.found, test.limit) {
				if !strings.Contains(finding.Message+". "+finding.Ways, part) {
					t.Errorf("the message does not say %q: %s", part, finding.Message)
				}
			}
		})
	}
}

// TestTheOverrideOfAMessageLetsItsRunPass takes a message at its word.
func TestTheOverrideOfAMessageLetsItsRunPass(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := guard.Facts{
			SourceUsers: rapid.Int64Range(1, 300).Draw(t, "users"), LastSourceUsers: rapid.Int64Range(0, 300).Draw(t, "last"),
			ActiveUsers: rapid.Int64Range(0, 300).Draw(t, "active"), RemovalsUsers: rapid.Int64Range(0, 300).Draw(t, "removals"),
			Window: rapid.Int64Range(0, 300).Draw(t, "window"), ComparedUsers: 300,
			ChangedUsers: rapid.Int64Range(0, 300).Draw(t, "changed"), Cleared: map[string]int64{"mail": rapid.Int64Range(0, 300).Draw(t, "cleared")},
		}
		l := limits
		for range 4 { // one limit after the other
			verdict := guard.Evaluate(l, f)
			finding := verdict.Stop
			if finding == nil {
				finding = verdict.Hold
			}
			if finding == nil {
				return
			}
			var number int64
			for part, limit := range map[string]*int64{
				"--override-shrink ": &l.ShrinkPercent, "--override-cleared ": &l.ClearedPercent, "--override-changed ": &l.ChangedPercent, "--override-removals ": &l.RemovalsFloor,
			} {
				if _, after, ok := strings.Cut(finding.Ways, part); ok {
					if _, err := fmt.Sscanf(after, "%d", &number); err != nil {
						t.Fatal(err)
					}
					*limit = number
					if part == "--override-removals " { // at most that many, whatever the task lets pass
						l.RemovalsPercent, l.RemovalsCount = 0, 0
					}
				}
			}
		}
		if verdict := guard.Evaluate(l, f); verdict.Stop != nil || verdict.Hold != nil {
			t.Fatalf("with all that was asked for it still says %+v %+v", verdict.Stop, verdict.Hold)
		}
	})
}

// TestMoreIsNeverSafer checks that a verdict cannot become milder when more is lost, removed, cleared or changed.
func TestMoreIsNeverSafer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := func(name string) int64 { return rapid.Int64Range(0, 300).Draw(t, name) }
		f := guard.Facts{
			SourceUsers: number("users"), LastSourceUsers: number("last users"), ActiveUsers: number("active"), ComparedUsers: number("compared"),
			SourceDepartments: 1, RemovalsUsers: number("removals"), Window: number("window"), ChangedUsers: number("changed"),
			Cleared: map[string]int64{"mail": number("cleared")},
		}
		worse := f
		worse.SourceUsers = max(0, f.SourceUsers-number("more lost"))
		worse.RemovalsUsers += number("more removals")
		worse.Window += number("more window")
		worse.ChangedUsers += number("more changed")
		worse.Cleared = map[string]int64{"mail": f.Cleared["mail"] + number("more cleared")}
		before, after := guard.Evaluate(limits, f), guard.Evaluate(limits, worse)
		if before.Stop != nil && after.Stop == nil {
			t.Fatalf("stopped by %s, and no longer with more lost", before.Stop.Message)
		}
		if before.Hold != nil && after.Hold == nil {
			t.Fatalf("held by %s, and no longer with more removed", before.Hold.Message)
		}
	})
}

func ExampleEvaluate() {
	verdict := guard.Evaluate(
		guard.Limits{RemovalsFloor: 10, RemovalsPercent: 2, RemovalsCount: 500, ShrinkPercent: 10, ClearedPercent: 5, ChangedPercent: 50},
		guard.Facts{SourceUsers: 970, LastSourceUsers: 1000, ActiveUsers: 1000, RemovalsUsers: 30, ComparedUsers: 970})
	fmt.Println(verdict.Stop == nil, verdict.Hold.Reason)
	// Output: true TooManyRemovals
}
