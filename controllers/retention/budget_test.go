package retention

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/report"
)

func TestMarksLeaveRoomForARun(t *testing.T) {
	t.Parallel()
	for name, budget := range map[string]artifact.Budget{
		"by default": artifact.DefaultBudget(),
		"small runs": {Run: 1 << 20, Task: 48 << 20, All: 128 << 20},
	} {
		for _, links := range []int64{0, 1000, 100_000} {
			limits := marksOf(budget, links)
			usage := artifact.Usage{Task: limits.task, All: limits.all}
			// The largest run that a runner lets through, with a state as large as it takes it to be.
			if err := budget.Check(usage, artifact.Estimate{Plan: budget.Run / 2, State: links * linkBytes}); err != nil {
				t.Errorf("%s, %d links: at the marks a run does not fit: %v", name, links, err)
			}
		}
	}
	odd := marksOf(artifact.Budget{Run: 48, Task: 48, All: 48}, 1000)
	if odd.task != 24 || odd.all != 24 {
		t.Errorf("with a budget no larger than that of a run the marks are %+v, want a half", odd)
	}
}

func TestMakeRoom(t *testing.T) {
	t.Parallel()
	of := func(task string) change {
		return func(run *v1alpha1.SyncRun) { run.Spec.TaskRef.Name = task }
	}
	hr := []*v1alpha1.SyncRun{ran(1), ran(3), ran(5)}
	payroll := []*v1alpha1.SyncRun{ran(2, of("payroll")), ran(4, of("payroll"))}
	for _, test := range []struct {
		name   string
		limits marks
		want   []string
	}{
		{"enough room", marks{task: 30, all: 50}, []string{}},
		{"too much of the task", marks{task: 20, all: 50}, []string{"1 details"}},
		{"twice too much of the task", marks{task: 19, all: 50}, []string{"1 details", "3 details"}},
		{"too much in all, whoever has the oldest", marks{task: 30, all: 30}, []string{"1 details", "2 details"}},
		{"both", marks{task: 10, all: 20}, []string{"1 details", "3 details", "2 details"}},
		{"no room at all", marks{}, []string{"1 details", "3 details", "5 details", "2 details", "4 details"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := stock{runs: map[types.UID]int64{}, tasks: map[string]int64{"hr": 30, "payroll": 20}, all: 50}
			var candidates []*v1alpha1.SyncRun
			for _, list := range [][]*v1alpha1.SyncRun{payroll, hr} {
				for _, run := range list {
					s.runs[run.UID] = 10
					candidates = append(candidates, run)
				}
			}
			if diff := cmp.Diff(test.want, describe(makeRoom("hr", candidates, s, test.limits))); diff != "" {
				t.Errorf("what goes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhoMayMakeRoom(t *testing.T) {
	t.Parallel()
	runs := []*v1alpha1.SyncRun{
		ran(1), ran(2, chosen), ran(3, kept), ran(4, detailsAre("False")), ran(5, goesOn), ran(6), ran(7, withoutRecords, ended(v1alpha1.PhaseFailed)),
	}
	o := &observed{task: taskOf(runs, v1alpha1.History{}), named: map[types.UID]bool{}}
	for _, run := range runs {
		o.add(run)
	}
	var names []string
	for _, run := range candidatesOf([]*observed{o}, testTime) {
		names = append(names, run.Name)
	}
	if want := []string{"hr-00001", "hr-00002"}; !cmp.Equal(names, want) {
		t.Errorf("%v may make room, want %v: not the last run, not the last records", names, want)
	}
}

func TestWhatARunnerMet(t *testing.T) {
	t.Parallel()
	limits := marks{task: 30 << 20, all: 90 << 20}
	for _, test := range []struct {
		name string
		told report.Report
		want bool
	}{
		{"it did not get so far", report.Report{Records: &report.Records{Bytes: 40 << 20}}, false},
		{"little", report.Report{Usage: &report.Usage{Task: 20 << 20, All: 60 << 20}}, false},
		{"little, and few records of its own", report.Report{Usage: &report.Usage{Task: 20 << 20, All: 60 << 20}, Records: &report.Records{Bytes: 1 << 20}}, false},
		{"too much with its own records", report.Report{Usage: &report.Usage{Task: 20 << 20, All: 60 << 20}, Records: &report.Records{Bytes: 10 << 20}}, true},
		{"too much of the task, and it failed", report.Report{Usage: &report.Usage{Task: 31 << 20, All: 60 << 20}}, true},
		{"too much in all", report.Report{Usage: &report.Usage{Task: 1, All: 91 << 20}}, true},
	} {
		if got := limits.over(&test.told); got != test.want {
			t.Errorf("%s: over the marks is %t", test.name, got)
		}
	}
}
