package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
)

func TestRunWithAnOverrideSaysWhatItAllows(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", func(task *v1alpha1.SyncTask) {
		ready(task)
		pending(task)
	})
	flags := []string{"run", "hr", "--override-removals", "2", "--override-shrink", "40", "--reason", "the branch in Lyon\x1b[2J was closed"}
	for _, answer := range []string{"y\n", "", "payroll\n"} {
		p.in = strings.NewReader(answer)
		golden(t, "override", strings.ReplaceAll(p.fails(t, exitCancelled, nil, flags...).err, p.namespace, "NAMESPACE"))
	}
	if runs := runsIn(t, p.namespace); len(runs) > 0 {
		t.Fatalf("%d runs were created by a person who did not type the name", len(runs))
	}

	p.in = strings.NewReader("hr\n")
	p.succeeds(t, flags...)
	if _, kept := runsIn(t, p.namespace)[0].Annotations[v1alpha1.AnnotationKeep]; !kept {
		t.Error("the run does not stay in the history: retention may remove it")
	}
	want := &v1alpha1.GuardOverride{
		Reason:   "the branch in Lyon\x1b[2J was closed",
		Removals: &v1alpha1.RemovalLimitsOverride{Floor: ptr.To[int32](2), Percent: ptr.To[int32](0), Count: ptr.To[int32](0)},
		Shrink:   &v1alpha1.ShareLimit{Percent: 40},
	}
	if diff := cmp.Diff(want, runsIn(t, p.namespace)[0].Spec.GuardOverride); diff != "" {
		t.Errorf("the run has another override (-want +got):\n%s", diff)
	}
}

// TestAnOverrideSaysThatTheWindowCounts looks at numbers that seem to suffice, and do not when others were removed a while ago.
func TestAnOverrideSaysThatTheWindowCounts(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", func(task *v1alpha1.SyncTask) {
		ready(task)
		pending(task)
	})
	for number, words := range map[string]string{
		"2": "more than 2, and what was removed within the last 24h counts as well, so all will be held again",
		"3": "what was removed within the last 24h counts as well. If that makes more than 3 with them, all will be held again",
	} {
		contains(t, p.succeeds(t, "run", "hr", "--override-removals", number, "--reason", "Lyon", "--yes").err, words)
	}
}

func TestRunWithAnOverrideAndYes(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", nil)
	r := p.succeeds(t, "run", "hr", "--override-cleared", "30", "--override-changed", "100", "--reason", "titles go", "--yes")
	contains(t, r.err, "cleared: each field may be emptied for 30% of the people; the task says 5%", "changed: 100% of the people may be updated; the task says 50%")
	want := &v1alpha1.GuardOverride{Reason: "titles go", Cleared: &v1alpha1.ShareLimit{Percent: 30}, Changed: &v1alpha1.ShareLimit{Percent: 100}}
	if diff := cmp.Diff(want, runsIn(t, p.namespace)[0].Spec.GuardOverride); diff != "" {
		t.Errorf("the run has another override (-want +got):\n%s", diff)
	}
}

func TestRunRefusesOverridesThatSayNothing(t *testing.T) {
	p := newPerson(t)
	p.task(t, "hr", nil)
	tests := []struct {
		name, want string
		flags      []string
	}{
		{"no reason", "an override stays in the history with its reason: add for example --reason", []string{"--override-removals", "3"}},
		{"a reason alone", "and none is named", []string{"--reason", "because"}},
		{"no removals", "--override-removals 0 is no number of removals", []string{"--override-removals", "0", "--reason", "because"}},
		{"more than all", "--override-changed 101 is no share", []string{"--override-changed", "101", "--reason", "because"}},
		{"a share of nothing", "--override-shrink 0 is no share", []string{"--override-shrink", "0", "--reason", "because"}},
		{"not more than the task", "--override-shrink 10 lets nothing pass that the task does not: its spec.guard.shrink is 10%", []string{"--override-shrink", "10", "--reason", "because"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p.fails(t, exitFailed, []string{test.want}, append([]string{"run", "hr", "--yes"}, test.flags...)...)
		})
	}
	if runs := runsIn(t, p.namespace); len(runs) > 0 {
		t.Errorf("%d runs were created", len(runs))
	}
}
