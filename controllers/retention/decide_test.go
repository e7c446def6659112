package retention

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/schedule"
)

var testTime = time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)

// change makes a run another one.
type change func(*v1alpha1.SyncRun)

// ran is an execution of a run that generateName named, an hour after the one
// before: it succeeded, and two of its three people needed no change.
func ran(sequence int64, changes ...change) *v1alpha1.SyncRun {
	name := fmt.Sprintf("hr-%05d", sequence)
	end := metav1.NewTime(testTime.Add(time.Duration(sequence) * time.Hour))
	run := &v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Name: name, GenerateName: "hr-", UID: types.UID(name), CreationTimestamp: end},
		Spec:       v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: "hr"}},
		Status: v1alpha1.SyncRunStatus{
			Sequence: sequence, Phase: v1alpha1.PhaseSucceeded, CompletionTime: &end,
			Conditions: []metav1.Condition{{Type: v1alpha1.ConditionComplete, Status: metav1.ConditionTrue}},
			Task:       &v1alpha1.ExecutedTask{Generation: 1, DefinitionDigest: "sha256:definition"},
			Users:      &v1alpha1.SubjectCounts{Total: 3, Succeeded: 3, Updates: v1alpha1.UpdateCounts{Total: 1, Succeeded: 1}},
			Records:    &v1alpha1.RecordsStatus{Count: 3, Bytes: 1000, Digest: "sha256:records"},
		},
	}
	for _, change := range changes {
		change(run)
	}
	return run
}

func ended(phase v1alpha1.Phase) change {
	return func(run *v1alpha1.SyncRun) { run.Status.Phase = phase }
}

// chosen gives a run a name that a person chose.
func chosen(run *v1alpha1.SyncRun) { run.GenerateName = "" }

// automatic makes a run one of the schedule, in the hour that it ended.
func automatic(run *v1alpha1.SyncRun) {
	run.GenerateName, run.Labels = "", map[string]string{v1alpha1.LabelTrigger: string(v1alpha1.TriggerScheduled)}
	run.Name = schedule.RunName("hr", run.Status.CompletionTime.Time)
}

// applied makes a run one that somebody has applied with kubectl.
func applied(run *v1alpha1.SyncRun) {
	run.Annotations = map[string]string{corev1.LastAppliedConfigAnnotation: "{}"}
}

// appliedByServer makes a run one that somebody has applied with a server-side apply.
func appliedByServer(run *v1alpha1.SyncRun) {
	run.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kustomize-controller", Operation: metav1.ManagedFieldsOperationApply}}
}

// labelled gives a run the label of the schedule, and nothing else.
func labelled(run *v1alpha1.SyncRun) {
	run.GenerateName, run.Labels = "", map[string]string{v1alpha1.LabelTrigger: string(v1alpha1.TriggerScheduled)}
}

// refused makes a run one that ended before it had a number, in the hour of its name.
func refused(run *v1alpha1.SyncRun) {
	run.Status = v1alpha1.SyncRunStatus{Phase: v1alpha1.PhaseFailed, Conditions: run.Status.Conditions, CompletionTime: run.Status.CompletionTime}
}

func withoutRecords(run *v1alpha1.SyncRun) { run.Status.Records, run.Status.Users = nil, nil }

func kept(run *v1alpha1.SyncRun) { run.Annotations = map[string]string{v1alpha1.AnnotationKeep: ""} }

func goesOn(run *v1alpha1.SyncRun) { run.Status.Conditions, run.Status.CompletionTime = nil, nil }

func detailsAre(status metav1.ConditionStatus) change {
	return func(run *v1alpha1.SyncRun) {
		run.Status.Conditions = append(slices.Clone(run.Status.Conditions), metav1.Condition{Type: v1alpha1.ConditionDetailsKept, Status: status})
	}
}

// taskOf is a task that knows all its executions and keeps all records.
func taskOf(runs []*v1alpha1.SyncRun, history v1alpha1.History) *v1alpha1.SyncTask {
	task := &v1alpha1.SyncTask{ObjectMeta: metav1.ObjectMeta{Name: "hr"}}
	task.Spec.History = history
	for _, run := range slices.SortedFunc(slices.Values(runs), newestFirst) {
		if run.Status.Sequence == 0 {
			continue
		}
		if task.Status.LastRun == nil {
			task.Status.LastRun = &v1alpha1.LastRun{Name: run.Name, UID: run.UID, Sequence: run.Status.Sequence}
		}
		if run.Status.CompletionTime != nil && len(task.Status.RecentExecutions) < 10 {
			task.Status.RecentExecutions = append(task.Status.RecentExecutions, v1alpha1.RecentExecution{UID: run.UID, Sequence: run.Status.Sequence})
		}
	}
	return task
}

func describe(losses []loss) []string {
	words := map[extent]string{whole: "gone", details: "details", plainRecords: "number"}
	result := []string{}
	for _, loss := range losses {
		result = append(result, strings.TrimLeft(strings.TrimPrefix(string(loss.run.UID), "hr-"), "0")+" "+words[loss.extent])
	}
	return result
}

func TestDecide(t *testing.T) {
	t.Parallel()
	all := v1alpha1.NoUpdateAll
	few := v1alpha1.History{Limit: ptr.To[int32](2), FailedLimit: ptr.To[int32](1), NoUpdate: all}
	none := v1alpha1.History{Limit: ptr.To[int32](0), FailedLimit: ptr.To[int32](0), NoUpdate: all}
	aged := func(hours int) v1alpha1.History {
		return v1alpha1.History{TTL: &metav1.Duration{Duration: time.Duration(hours) * time.Hour}, NoUpdate: all}
	}
	retry := func(of *v1alpha1.SyncRun) change {
		return func(run *v1alpha1.SyncRun) {
			run.Spec.Retry = &v1alpha1.RunSource{RunRef: v1alpha1.RunReference{Name: of.Name, UID: of.UID}}
		}
	}
	runs := func(list ...*v1alpha1.SyncRun) []*v1alpha1.SyncRun { return list }
	var many []*v1alpha1.SyncRun
	for sequence := int64(1); sequence <= 23; sequence++ {
		many = append(many, ran(sequence))
	}
	for _, test := range []struct {
		name    string
		history v1alpha1.History
		runs    []*v1alpha1.SyncRun
		after   time.Duration
		want    []string
	}{
		{name: "twenty succeeded ones by default", history: v1alpha1.History{NoUpdate: all}, runs: many, want: []string{"1 gone", "2 gone", "3 gone"}},
		{name: "as many as the task says", history: few, runs: runs(ran(1), ran(2), ran(3)), want: []string{"1 gone"}},
		{
			name: "failed ones count by themselves", history: few,
			runs: runs(ran(1, ended(v1alpha1.PhasePartiallyFailed)), ran(2, ended(v1alpha1.PhaseCancelled)), ran(3, ended(v1alpha1.PhaseFailed)), ran(4), ran(5), ran(6)),
			want: []string{"1 gone", "2 gone", "4 gone"},
		},
		{
			name: "refused ones count by themselves and push out no execution", history: few,
			runs: runs(ran(1, ended(v1alpha1.PhaseFailed)), ran(2), ran(7, refused), ran(8, refused), ran(9, refused)),
			want: []string{"7 gone", "8 gone"},
		},
		{name: "a chosen name stays without its details", history: few, runs: runs(ran(1, chosen), ran(2), ran(3)), want: []string{"1 details"}},
		{name: "and loses them once", history: few, runs: runs(ran(1, chosen, detailsAre(metav1.ConditionFalse)), ran(2), ran(3)), want: []string{}},
		{name: "a refused one of a chosen name has none", history: none, runs: runs(ran(1, chosen, refused), ran(2)), want: []string{}},
		{
			name: "a chosen name beside generateName is chosen", history: few,
			runs: runs(ran(1, func(run *v1alpha1.SyncRun) { run.GenerateName = "hr-0" }), ran(2), ran(3)), want: []string{"1 details"},
		},
		{name: "a generated name that was applied since is chosen", history: few, runs: runs(ran(1, applied), ran(2), ran(3)), want: []string{"1 details"}},
		{name: "so is one that was applied by the server", history: few, runs: runs(ran(1, appliedByServer), ran(2), ran(3)), want: []string{"1 details"}},
		{name: "the label of the schedule under another name says nothing", history: few, runs: runs(ran(1, labelled), ran(2), ran(3)), want: []string{"1 details"}},
		{name: "a run of the schedule that was applied since is chosen, and no record of it", history: few, runs: runs(ran(1, automatic, applied), ran(2, automatic), ran(3, automatic)), want: []string{"2 gone"}},
		{name: "kept by annotation, and not counted", history: few, runs: runs(ran(1, kept), ran(2), ran(3, kept), ran(4)), want: []string{}},
		{
			name: "kept by label", history: few,
			runs: runs(ran(1, func(run *v1alpha1.SyncRun) { run.Labels = map[string]string{v1alpha1.AnnotationKeep: "true"} }), ran(2), ran(3)), want: []string{},
		},
		{name: "named by another run", history: few, runs: runs(ran(1), ran(2), ran(3), ran(4, retry(ran(1)))), want: []string{"2 gone"}},
		{
			name: "a plan that can be applied", history: few, want: []string{},
			runs: runs(ran(1, func(run *v1alpha1.SyncRun) {
				run.Status.Plan = &v1alpha1.PlanStatus{Expires: ptr.To(metav1.NewTime(testTime.Add(time.Hour)))}
			}), ran(2), ran(3)),
		},
		{
			name: "a plan that has expired", history: few, want: []string{"1 gone"},
			runs: runs(ran(1, func(run *v1alpha1.SyncRun) {
				run.Status.Plan = &v1alpha1.PlanStatus{Expires: ptr.To(metav1.NewTime(testTime))}
			}), ran(2), ran(3)),
		},
		{name: "runs that go on are neither counted nor touched", history: few, runs: runs(ran(1, goesOn), ran(2), ran(3), ran(4, goesOn)), want: []string{}},
		{name: "the last run stays whatever the limit", history: none, runs: runs(ran(1), ran(2)), want: []string{"1 gone"}},
		{name: "and so do the last records", history: none, runs: runs(ran(1), ran(2), ran(3, ended(v1alpha1.PhaseFailed), withoutRecords)), want: []string{"1 gone"}},

		{name: "by age", history: aged(2), runs: runs(ran(1), ran(2), ran(3)), after: 4 * time.Hour, want: []string{"1 gone", "2 gone"}},
		{name: "by age, a chosen name", history: aged(2), runs: runs(ran(1, chosen), ran(3)), after: 4 * time.Hour, want: []string{"1 details"}},
		{name: "by age, the last records too", history: aged(2), runs: runs(ran(1), ran(2, withoutRecords)), after: 9 * time.Hour, want: []string{"1 gone"}},
		{name: "by age, not the last run", history: aged(2), runs: runs(ran(1)), after: 9 * time.Hour, want: []string{}},
		{name: "by age, the automatic record", history: aged(2), runs: runs(ran(1, automatic), ran(2)), after: 9 * time.Hour, want: []string{"1 gone"}},

		{name: "one automatic record", history: v1alpha1.History{NoUpdate: all}, runs: runs(ran(1, automatic), ran(2), ran(3, automatic)), want: []string{"1 gone"}},
		{
			name: "one automatic record, however it ended", history: v1alpha1.History{NoUpdate: all},
			runs: runs(ran(1, automatic, ended(v1alpha1.PhaseFailed)), ran(2, automatic), ran(3, automatic, ended(v1alpha1.PhasePartiallyFailed))), want: []string{"1 gone", "2 gone"},
		},
		{
			name: "a night without records spares the last ones", history: v1alpha1.History{NoUpdate: all},
			runs: runs(ran(1, automatic), ran(2, automatic), ran(3, automatic, withoutRecords), ran(4, automatic, withoutRecords)), want: []string{"1 gone", "3 gone"},
		},
		{
			name: "until a night has some", history: v1alpha1.History{NoUpdate: all},
			runs: runs(ran(2, automatic), ran(3, automatic, withoutRecords), ran(4, automatic)), want: []string{"2 gone", "3 gone"},
		},
		{
			name: "records of a person's run are as good", history: v1alpha1.History{NoUpdate: all},
			runs: runs(ran(1, automatic), ran(2), ran(3, automatic, withoutRecords)), want: []string{"1 gone"},
		},
		{
			name: "but not for longer than their time", history: v1alpha1.History{NoUpdate: all, TTL: &metav1.Duration{Duration: 24 * time.Hour}}, after: 48 * time.Hour,
			runs: runs(ran(1, automatic), ran(2, automatic, withoutRecords)), want: []string{"1 gone"},
		},
		{name: "two while one goes on", history: v1alpha1.History{NoUpdate: all}, runs: runs(ran(1, automatic), ran(2, automatic, goesOn)), want: []string{}},
		{
			name: "one of each mode", history: v1alpha1.History{NoUpdate: all}, want: []string{},
			runs: runs(ran(1, automatic, func(run *v1alpha1.SyncRun) { run.Labels[v1alpha1.LabelTrigger] = string(v1alpha1.TriggerRealTime) }), ran(2, automatic)),
		},
		{name: "the automatic record does not count and is not pushed out", history: few, runs: runs(ran(1, automatic), ran(2), ran(3), ran(4)), want: []string{"2 gone"}},
		{name: "a refused one takes no execution's place", history: few, runs: runs(ran(1, automatic), ran(2, automatic, refused)), want: []string{}},
		{name: "of refused ones the last", history: few, runs: runs(ran(1, automatic), ran(2, automatic, refused), ran(3, automatic, refused)), want: []string{"2 gone"}},
		{
			name: "a refused one goes when the next is over", history: few,
			runs: runs(ran(1, automatic, refused), func() *v1alpha1.SyncRun { return ran(2, automatic) }()), want: []string{"1 gone"},
		},
		{name: "an automatic one that is kept", history: few, runs: runs(ran(1, automatic, kept), ran(2, automatic), ran(3, automatic)), want: []string{"2 gone"}},
		{
			name: "each automatic run", history: v1alpha1.History{AutomaticRuns: v1alpha1.AutomaticRunsEach, Limit: ptr.To[int32](2), NoUpdate: all},
			runs: runs(ran(1, automatic), ran(2, automatic), ran(3, automatic)), want: []string{"1 gone"},
		},

		{name: "a number for all but the last records", runs: runs(ran(1), ran(2), ran(3)), want: []string{"1 number", "2 number"}},
		{name: "a number for all", history: v1alpha1.History{NoUpdate: v1alpha1.NoUpdateCount}, runs: runs(ran(1), ran(2, withoutRecords)), want: []string{"1 number"}},
		{name: "the last run is not touched", history: v1alpha1.History{NoUpdate: v1alpha1.NoUpdateCount}, runs: runs(ran(1)), want: []string{}},
		{name: "a number once", runs: runs(ran(1, detailsAre(metav1.ConditionTrue)), ran(2)), want: []string{}},
		{name: "no number of nothing", runs: runs(ran(1, detailsAre(metav1.ConditionFalse)), ran(2, func(run *v1alpha1.SyncRun) { run.Status.Users.Updates.Total = 3 }), ran(3)), want: []string{}},
		{name: "a kept run stays whole", runs: runs(ran(1, kept), ran(2)), want: []string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := &observed{task: taskOf(test.runs, test.history), named: map[types.UID]bool{}}
			for _, run := range test.runs {
				o.add(run)
			}
			now := testTime.Add(test.after)
			got := decide(o, now)
			if diff := cmp.Diff(test.want, describe(got.losses)); diff != "" {
				t.Errorf("what goes (-want +got):\n%s", diff)
			}
			slices.Reverse(o.runs)
			if again := decide(o, now); !cmp.Equal(describe(again.losses), describe(got.losses)) {
				t.Errorf("in another order of the runs %v goes", describe(again.losses))
			}
			for _, loss := range got.losses {
				if loss.message == "" || loss.reason == "" {
					t.Errorf("%s does not say why", loss.run.Name)
				}
			}
		})
	}
}

func TestAgeIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	runs := []*v1alpha1.SyncRun{ran(1, chosen, detailsAre(metav1.ConditionFalse)), ran(2), ran(3), ran(4)}
	o := &observed{task: taskOf(runs, v1alpha1.History{TTL: &metav1.Duration{Duration: 24 * time.Hour}, NoUpdate: v1alpha1.NoUpdateAll}), runs: runs}
	if got := decide(o, testTime.Add(5*time.Hour)); len(got.losses) > 0 || !got.again.Equal(testTime.Add(26*time.Hour)) {
		t.Errorf("looked at again at %s, want the end of the second run and a day", got.again)
	}
}

// TestAnExecutionIsNeverLost: a run goes only when the task's short history has it.
func TestAnExecutionIsNeverLost(t *testing.T) {
	t.Parallel()
	runs := []*v1alpha1.SyncRun{ran(1, automatic), ran(2, automatic)}
	task := taskOf(runs, v1alpha1.History{NoUpdate: v1alpha1.NoUpdateAll})
	task.Status.RecentExecutions = nil
	o := &observed{task: task, runs: runs}
	if got := decide(o, testTime); len(got.losses) > 0 || !got.again.Equal(testTime.Add(soon)) {
		t.Errorf("%v goes, and again at %s", describe(got.losses), got.again)
	}
	task.Status.RecentExecutions = []v1alpha1.RecentExecution{{UID: "another", Sequence: 2}}
	if got := decide(o, testTime); len(got.losses) != 1 {
		t.Errorf("a run that is older than all that is remembered stays")
	}
}

// TestStaleTaskDoesNotCostTheLastRun: the cache may know the run before its task says so.
func TestStaleTaskDoesNotCostTheLastRun(t *testing.T) {
	t.Parallel()
	runs := []*v1alpha1.SyncRun{ran(1), ran(2)}
	task := taskOf(runs, v1alpha1.History{Limit: ptr.To[int32](0), NoUpdate: v1alpha1.NoUpdateAll})
	task.Status.LastRun.UID, task.Status.LastRun.Sequence = runs[0].UID, 1
	got := decide(&observed{task: task, runs: runs}, testTime)
	if want := []string{"1 gone"}; !cmp.Equal(describe(got.losses), want) {
		t.Errorf("%v goes, want %v", describe(got.losses), want)
	}
}
