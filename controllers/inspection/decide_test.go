package inspection

import (
	"fmt"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/inspection"
)

var testTime = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

func readyTask() *v1alpha1.SyncTask {
	task := &v1alpha1.SyncTask{ObjectMeta: metav1.ObjectMeta{Name: "hr", Namespace: "people", UID: "task-uid", Generation: 3}}
	task.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, ObservedGeneration: 3}}
	return task
}

func seen(looks ...look) *observed {
	return &observed{task: readyTask(), checked: "now", limit: 10, looks: looks}
}

// over is a check of the present definition that ended so long ago.
func over(age time.Duration) look {
	ended := testTime.Add(-age)
	return look{InspectionHead: cluster.InspectionHead{Name: "hr-check-0", UID: "check", Kind: inspection.KindCheck, Checked: "now", Begun: ended, Ended: &ended}}
}

// aheadBy is a check that was made so long ago, by a pod on a node whose clock is ahead.
func aheadBy(ahead, age time.Duration) look {
	l := over(age - ahead)
	l.Begun = testTime.Add(-age)
	return l
}

func explained(uid string, age time.Duration) look {
	l := over(age)
	l.UID, l.Kind = uid, inspection.KindExplain
	return l
}

// going is an inspection whose Job was made so long ago.
func going(age time.Duration, trouble string) look {
	return look{
		InspectionHead: cluster.InspectionHead{Name: "hr-check-1", UID: "going", Kind: inspection.KindCheck, Checked: "now", Begun: testTime.Add(-age)},
		job:            &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "hr-check-1-1", CreationTimestamp: metav1.NewTime(testTime.Add(-age))}},
		trouble:        trouble,
	}
}

func failed(l look, reason string) look {
	l.job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Reason: reason}}
	return l
}

func asking(o *observed, request inspection.Request) *observed {
	request.ID = "0123456789"
	o.request = &request
	return o
}

func with(o *observed, change func(*observed)) *observed {
	change(o)
	return o
}

func TestDecide(t *testing.T) {
	t.Parallel()
	withoutJob := going(time.Second, "")
	withoutJob.job = nil
	for name, test := range map[string]struct {
		seen  *observed
		want  action
		words string
		// turn is looked at where it is given.
		turn turn
		// again is the longest time until the next look; 0 is any.
		again time.Duration
	}{
		"a new task is checked":                     {seen: seen(), want: begin},
		"one that is not judged yet is not":         {seen: with(seen(), func(o *observed) { o.task.Generation++ }), want: doNothing},
		"one that is not Ready is not":              {seen: with(seen(), func(o *observed) { o.task.Status.Conditions[0].Status = metav1.ConditionFalse }), want: doNothing},
		"a suspended one is not":                    {seen: with(seen(), func(o *observed) { o.task.Spec.Suspend = true }), want: doNothing},
		"a held one is not":                         {seen: with(seen(), func(o *observed) { o.task.Annotations = map[string]string{v1alpha1.AnnotationHold: ""} }), want: doNothing},
		"none by itself when the flag says so":      {seen: with(seen(), func(o *observed) { o.limit = 0 }), want: doNothing},
		"all places are taken":                      {seen: with(seen(), func(o *observed) { o.running = 10 }), want: doNothing, turn: wait},
		"others have waited longer for a place":     {seen: with(seen(), func(o *observed) { o.running, o.ahead = 8, 2 }), want: doNothing, turn: wait},
		"one has, and there are two places":         {seen: with(seen(), func(o *observed) { o.running, o.ahead = 8, 1 }), want: begin, turn: leave},
		"what waited is not due any more":           {seen: with(seen(over(time.Second)), func(o *observed) { o.running = 10 }), want: doNothing, turn: leave},
		"checked a moment ago":                      {seen: seen(over(time.Second)), want: doNothing, again: time.Hour},
		"checked long ago":                          {seen: seen(over(2 * time.Hour)), want: begin},
		"what concerns the ends changed":            {seen: with(seen(over(time.Second)), func(o *observed) { o.checked = "changed" }), want: begin},
		"a clock that was ahead told of it":         {seen: seen(over(-365 * 24 * time.Hour)), want: forget},
		"so it did before another one":              {seen: seen(over(time.Second), over(-365*24*time.Hour)), want: forget},
		"the clock of its pod is ahead":             {seen: seen(aheadBy(24*time.Hour, time.Second)), want: doNothing, again: time.Hour},
		"it was long ago":                           {seen: seen(aheadBy(24*time.Hour, 2*time.Hour)), want: begin},
		"a check that gave no answer":               {seen: seen(changed(over(time.Second), func(l *look) { l.Troubled = true })), want: doNothing, again: afterTrouble},
		"a check that gave no answer a while ago":   {seen: seen(changed(over(6*time.Minute), func(l *look) { l.Troubled = true })), want: begin},
		"a check goes on":                           {seen: seen(going(time.Second, "")), want: doNothing, again: patience},
		"the manager died before it made the Job":   {seen: seen(withoutJob), want: makeJob},
		"a pod that starts slowly":                  {seen: seen(going(time.Second, "no image")), want: doNothing, again: patience},
		"a pod that does not start":                 {seen: seen(going(time.Minute, "no image")), want: tellTrouble, words: "no image"},
		"that is told once":                         {seen: seen(changed(going(time.Minute, "no image"), func(l *look) { l.Troubled = true })), want: doNothing},
		"its time is over":                          {seen: seen(failed(going(3*time.Minute, "no image"), "DeadlineExceeded")), want: giveUp, words: "(DeadlineExceeded). no image"},
		"a request":                                 {seen: asking(seen(over(time.Second)), inspection.Request{Check: true}), want: begin},
		"a request of a suspended task":             {seen: with(asking(seen(), inspection.Request{Check: true}), func(o *observed) { o.task.Spec.Suspend = true }), want: begin},
		"a request beyond the limit":                {seen: with(asking(seen(over(0)), inspection.Request{Check: true}), func(o *observed) { o.running = 10 }), want: begin},
		"a request before the task is judged":       {seen: with(asking(seen(), inspection.Request{Check: true}), func(o *observed) { o.task.Generation++ }), want: doNothing},
		"a request of a task that is wrong":         {seen: with(asking(seen(), inspection.Request{Check: true}), func(o *observed) { o.task.Status.Conditions[0].Status = metav1.ConditionFalse }), want: refuse, words: "not Ready"},
		"a request beside a check":                  {seen: asking(seen(going(time.Second, "")), inspection.Request{Unmanaged: true}), want: begin},
		"a request while two looks go on":           {seen: asking(seen(going(time.Second, ""), going(time.Second, "")), inspection.Request{Check: true}), want: doNothing},
		"a request that is taken":                   {seen: asking(seen(explained(inspection.UID("task-uid", "0123456789"), 0)), inspection.Request{Check: true}), want: drop},
		"a request that nobody understands":         {seen: with(seen(), func(o *observed) { o.malformed = "it is no JSON" }), want: refuse, words: "it is no JSON"},
		"an old answer to a person":                 {seen: seen(explained("a", 25*time.Hour), over(time.Second)), want: forget},
		"more answers than are kept":                {seen: seen(over(time.Second), explained("a", 1), explained("b", 2), explained("c", 3), explained("d", 4)), want: forget},
		"as many answers as are kept":               {seen: seen(over(time.Second), explained("a", 1), explained("b", 2), explained("c", 3)), want: doNothing},
		"a check before the last one, some time on": {seen: seen(over(time.Second), over(time.Hour)), want: forget},
		"a check that was just asked for":           {seen: seen(over(time.Second), over(time.Minute)), want: doNothing, again: checksFor},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := decide(test.seen, testTime)
			if got.action != test.want || !strings.Contains(got.words, test.words) {
				t.Fatalf("step %d with %q, want %d with %q", got.action, got.words, test.want, test.words)
			}
			if test.turn != keep && got.turn != test.turn {
				t.Errorf("its turn is %d, want %d", got.turn, test.turn)
			}
			if test.again > 0 && (got.again <= 0 || got.again > test.again) {
				t.Errorf("looks again after %s, want at most %s", got.again, test.again)
			}
			if got.action != doNothing && got.action != refuse && got.again == 0 {
				t.Error("nothing follows the step")
			}
		})
	}
}

func changed(l look, change func(*look)) look {
	change(&l)
	return l
}

func TestDecidingTwiceMakesOneCheck(t *testing.T) {
	t.Parallel()
	first, again := decide(seen(over(2*time.Hour)), testTime), decide(seen(over(2*time.Hour)), testTime.Add(time.Second))
	if first.request.ID != again.request.ID {
		t.Errorf("the same check has the IDs %s and %s", first.request.ID, again.request.ID)
	}
	later := over(2 * time.Hour)
	later.UID = "another"
	if next := decide(seen(later), testTime); next.request.ID == first.request.ID {
		t.Error("the check after another one has the ID of that")
	}
}

// TestChecksAreSpread: 5,000 tasks must not check in the same minute.
func TestChecksAreSpread(t *testing.T) {
	t.Parallel()
	minutes := map[int]int{}
	for i := range 5000 {
		task := readyTask()
		task.UID = types.UID(fmt.Sprint("uid-", i))
		s := slotOf(task, testTime)
		if s.begin.After(testTime) || !s.end.After(testTime) || s.end.Sub(s.begin) != time.Hour {
			t.Fatalf("slot %v is not around now", s)
		}
		minutes[int(testTime.Sub(s.begin).Minutes())]++
	}
	for minute, count := range minutes {
		if count > 150 {
			t.Errorf("%d tasks are checked in minute %d", count, minute)
		}
	}
}
