package syncrun

import (
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition"
	"synccenter.dev/synccenter/controllers/runnerjob"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/report"
)

var testTime = time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)

// scene builds what was observed, from an accepted run of a ready task.
type scene struct{ o *observed }

func newScene() scene {
	run := &v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{
			Name: "hr-first", Namespace: "people", UID: "run-uid", Generation: 1,
			CreationTimestamp: metav1.NewTime(testTime),
			Annotations:       map[string]string{v1alpha1.AnnotationAcceptedUID: "run-uid"},
		},
		Spec: v1alpha1.SyncRunSpec{TaskRef: v1alpha1.TaskReference{Name: "hr"}},
	}
	task := &v1alpha1.SyncTask{ObjectMeta: metav1.ObjectMeta{Name: "hr", Namespace: "people", UID: "task-uid", Generation: 3}}
	task.Spec.Trigger.Mode = v1alpha1.TriggerManual
	setReady(task, metav1.ConditionTrue, v1alpha1.ReasonReady, 3)
	return scene{&observed{run: run, task: task}}
}

func setReady(task *v1alpha1.SyncTask, status metav1.ConditionStatus, reason v1alpha1.Reason, generation int64) {
	set := condition.Setter{Conditions: &task.Status.Conditions, Generation: generation, Now: testTime}
	set.Set(v1alpha1.ConditionReady, status, reason, "spec.target: "+string(reason))
}

func (s scene) with(changes ...func(*observed)) *observed {
	for _, change := range changes {
		change(s.o)
	}
	return s.o
}

// The changes that scenes are made of.
var (
	cancelled = func(o *observed) { o.run.Spec.Cancel = true }
	suspended = func(o *observed) { o.task.Spec.Suspend = true }
	held      = func(o *observed) { o.task.Annotations = map[string]string{v1alpha1.AnnotationHold: "audit"} }
	deleting  = func(o *observed) { o.task.DeletionTimestamp = &metav1.Time{Time: testTime} }
	noTask    = func(o *observed) { o.task = nil }
	reserved  = func(o *observed) {
		o.task.Status.LastRun = &v1alpha1.LastRun{Name: o.run.Name, UID: o.run.UID, Sequence: 7}
	}
	saved = func(o *observed) {
		o.definition = &definition.Definition{Owner: "people/hr"}
		o.run.Status.Sequence = 7
		o.run.Status.Task = &v1alpha1.ExecutedTask{Generation: 3, DefinitionDigest: "sha256:definition"}
	}
	undefined = func(o *observed) { o.definition = nil }
	reported  = func(o *observed) { o.report = &report.Report{Stage: report.Applying, Done: 1, Total: 2} }
	working   = func(o *observed) { o.pods = pods{working: true} }
	stillLeft = func(o *observed) { o.pods = pods{left: true} }
	lostNode  = func(o *observed) { o.pods = pods{lostNode: "node-1"} }
	damaged   = func(o *observed) { o.reportDamaged = true }
	broken    = func(o *observed) { o.reportProblem = "The report is of a newer version." }
)

func job(attempt int32, settle bool) func(*observed) {
	return func(o *observed) {
		spec := v1alpha1.SyncTaskSpec{}
		built := runnerjob.Build(o.run, &spec, runnerjob.Attempt{Number: attempt, SettleOnly: settle}, runnerjob.Options{})
		o.attempt, o.job, o.jobs = attempt, built, []batchv1.Job{*built}
	}
}

func jobGone(attempt int32) func(*observed) {
	return func(o *observed) { o.attempt = attempt }
}

func ended(reason string) func(*observed) {
	return func(o *observed) {
		o.job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Reason: reason}}
	}
}

func told(result report.Result, reason v1alpha1.Reason) func(*observed) {
	return func(o *observed) {
		o.report = &report.Report{Stage: report.Applying, Outcome: &report.Outcome{Result: result, Reason: string(reason), EndTime: testTime}}
	}
}

func TestDecideBeforeTheStart(t *testing.T) {
	t.Parallel()
	runDecideTests(t, []decideTest{
		{name: "a restored copy", o: newScene().with(func(o *observed) {
			o.run.Annotations[v1alpha1.AnnotationAcceptedUID] = "another"
		}), want: step{phase: v1alpha1.PhaseCancelled, reason: v1alpha1.ReasonRestoredCopy}},
		{name: "a copy is refused before anything else", o: newScene().with(cancelled, func(o *observed) {
			o.run.Annotations[v1alpha1.AnnotationAcceptedUID] = "another"
		}), want: step{phase: v1alpha1.PhaseCancelled, reason: v1alpha1.ReasonRestoredCopy}},
		{name: "a copy of a run in execution", o: newScene().with(saved, func(o *observed) {
			o.run.Annotations[v1alpha1.AnnotationAcceptedUID] = "another"
		}), want: step{phase: v1alpha1.PhaseCancelled, reason: v1alpha1.ReasonRestoredCopy}},
		{name: "not served", o: newScene().with(func(o *observed) { o.notServed = []string{"spec.only"} }),
			want: step{phase: v1alpha1.PhaseFailed, reason: v1alpha1.ReasonNotServed}},
		{name: "cancelled", o: newScene().with(cancelled), want: step{phase: v1alpha1.PhaseCancelled, reason: v1alpha1.ReasonCancelled}},
		{name: "not accepted yet", o: newScene().with(func(o *observed) { o.run.Annotations = nil }), want: step{action: accept, reason: v1alpha1.ReasonAccepted}},
		{name: "no task yet", o: newScene().with(noTask), want: step{reason: v1alpha1.ReasonTaskNotFound}},
		{name: "no task for ten minutes", o: newScene().with(noTask), after: taskPatience,
			want: step{phase: v1alpha1.PhaseFailed, reason: v1alpha1.ReasonTaskDeleted}},
		{name: "a task that goes", o: newScene().with(deleting), want: step{phase: v1alpha1.PhaseCancelled, reason: v1alpha1.ReasonTaskDeleted}},
		{name: "a task that goes, and a run that was made for the next one", o: newScene().with(deleting, func(o *observed) {
			o.task.DeletionTimestamp.Time = testTime.Add(-time.Second)
		}), want: step{reason: v1alpha1.ReasonTaskNotFound}},
		{name: "a task that goes for more than ten minutes", o: newScene().with(deleting, func(o *observed) {
			o.task.DeletionTimestamp.Time = testTime.Add(-time.Second)
		}), after: taskPatience, want: step{phase: v1alpha1.PhaseCancelled, reason: v1alpha1.ReasonTaskDeleted}},
		{name: "suspended", o: newScene().with(suspended), want: step{reason: v1alpha1.ReasonTaskSuspended}},
		{name: "held", o: newScene().with(held), want: step{reason: v1alpha1.ReasonTaskHeld}},
		{name: "held and suspended", o: newScene().with(held, suspended), want: step{reason: v1alpha1.ReasonTaskHeld}},
		{name: "never judged", o: newScene().with(func(o *observed) { o.task.Status.Conditions = nil }), want: step{reason: v1alpha1.ReasonTaskNotReady}},
		{name: "judged before the last change", o: newScene().with(func(o *observed) {
			setReady(o.task, metav1.ConditionFalse, v1alpha1.ReasonNotServed, 2)
		}), want: step{reason: v1alpha1.ReasonTaskNotReady}},
		{name: "judged invalid", o: newScene().with(func(o *observed) {
			setReady(o.task, metav1.ConditionFalse, v1alpha1.ReasonOwnerInUse, 3)
		}), want: step{phase: v1alpha1.PhaseFailed, reason: v1alpha1.ReasonOwnerInUse}},
		{name: "another run", o: newScene().with(func(o *observed) { o.queue = queue{blocker: "hr-zero", blockerStarted: true} }),
			want: step{reason: v1alpha1.ReasonWaitingForRun}},
		{name: "too many runs", o: newScene().with(func(o *observed) { o.queue = queue{started: 1, place: 2, waiting: 3, limit: 2} }),
			want: step{reason: v1alpha1.ReasonTooManyRuns}},
		{name: "no limit", o: newScene().with(func(o *observed) { o.queue = queue{started: 100} }), want: step{action: reserve, reason: v1alpha1.ReasonAccepted}},
		{name: "its turn", o: newScene().with(), want: step{action: reserve, reason: v1alpha1.ReasonAccepted}},
		{name: "reserved", o: newScene().with(reserved), want: step{action: saveDefinition, reason: v1alpha1.ReasonAccepted}},
		{name: "reserved, others no longer count", o: newScene().with(reserved, func(o *observed) { o.queue = queue{blocker: "hr-zero"} }),
			want: step{action: saveDefinition, reason: v1alpha1.ReasonAccepted}},
		{name: "reserved and cancelled", o: newScene().with(reserved, cancelled), want: step{phase: v1alpha1.PhaseCancelled, reason: v1alpha1.ReasonCancelled}},
	})
}

func TestDecideWithoutJob(t *testing.T) {
	t.Parallel()
	runDecideTests(t, []decideTest{
		{name: "the first Job", o: newScene().with(saved), want: step{action: createJob, attempt: runnerjob.Attempt{Number: 1}, reason: v1alpha1.ReasonWaitingForPod}},
		{name: "cancelled", o: newScene().with(saved, cancelled), want: step{phase: v1alpha1.PhaseCancelled, reason: v1alpha1.ReasonCancelled}},
		{name: "the task went", o: newScene().with(saved, noTask), want: step{phase: v1alpha1.PhaseCancelled, reason: v1alpha1.ReasonTaskDeleted}},
		{name: "cancelled, a pod still ends", o: newScene().with(saved, cancelled, jobGone(1), stillLeft), want: step{reason: v1alpha1.ReasonStopping}},
		{name: "held", o: newScene().with(saved, held), want: step{reason: v1alpha1.ReasonTaskHeld}},
		{name: "gone", o: newScene().with(saved, reported, jobGone(1)),
			want: step{action: createJob, attempt: runnerjob.Attempt{Number: 2}, reason: v1alpha1.ReasonJobMissing}},
		{name: "gone without a word", o: newScene().with(saved, jobGone(1)),
			want: step{action: createJob, attempt: runnerjob.Attempt{Number: 2}, reason: v1alpha1.ReasonJobMissing}},
		{name: "gone and cancelled", o: newScene().with(saved, reported, jobGone(1), cancelled),
			want: step{action: createJob, attempt: runnerjob.Attempt{Number: 2, SettleOnly: true}, reason: v1alpha1.ReasonJobMissing}},
		{name: "gone with its definition", o: newScene().with(saved, reported, jobGone(1), undefined), want: step{phase: v1alpha1.PhaseFailed, reason: v1alpha1.ReasonFailed}},
		{name: "gone and suspended", o: newScene().with(saved, reported, jobGone(1), suspended),
			want: step{action: createJob, attempt: runnerjob.Attempt{Number: 2, SettleOnly: true}, reason: v1alpha1.ReasonJobMissing}},
		{name: "gone once more than anybody waits", o: newScene().with(saved, reported, jobGone(maxAttempts-1)),
			want: step{action: createJob, attempt: runnerjob.Attempt{Number: maxAttempts, SettleOnly: true}, reason: v1alpha1.ReasonJobMissing}},
		{name: "the last one gone", o: newScene().with(saved, reported, jobGone(maxAttempts)), want: step{phase: v1alpha1.PhaseFailed, reason: v1alpha1.ReasonFailed}},
		{name: "a Job of somebody else", o: newScene().with(saved, func(o *observed) { o.foreignJob = "hr-first-1" }), want: step{reason: v1alpha1.ReasonWaitingForPod}},
		{name: "a Job of somebody else, and cancelled", o: newScene().with(saved, cancelled, func(o *observed) { o.foreignJob = "hr-first-1" }),
			want: step{phase: v1alpha1.PhaseCancelled, reason: v1alpha1.ReasonCancelled}},
		{name: "gone after its outcome", o: newScene().with(saved, jobGone(1), told(report.Succeeded, "")),
			want: step{phase: v1alpha1.PhaseSucceeded, reason: v1alpha1.ReasonSucceeded}},
	})
}

func TestDecideWithJob(t *testing.T) {
	t.Parallel()
	runDecideTests(t, []decideTest{
		{name: "no pod", o: newScene().with(saved, job(1, false)), want: step{reason: v1alpha1.ReasonWaitingForPod}},
		{name: "a pod that cannot start", o: newScene().with(saved, job(1, false), func(o *observed) { o.pods.trouble = "no image" }),
			want: step{reason: v1alpha1.ReasonWaitingForPod}},
		{name: "a pod without a word", o: newScene().with(saved, job(1, false), working), want: step{reason: v1alpha1.ReasonWaitingForPod}},
		{name: "between two pods", o: newScene().with(saved, job(1, false), reported), want: step{reason: v1alpha1.ReasonWaitingForPod}},
		{name: "at work", o: newScene().with(saved, job(1, false), working, reported), want: step{reason: v1alpha1.ReasonRunning}},
		{name: "settling", o: newScene().with(saved, job(2, true), working, reported), want: step{reason: v1alpha1.ReasonSettlingDoubt}},
		{name: "a report of a newer version", o: newScene().with(saved, job(1, false), working, broken), want: step{reason: v1alpha1.ReasonRunning}},
		{name: "a damaged report at work", o: newScene().with(saved, job(1, false), working, broken, damaged), want: step{reason: v1alpha1.ReasonRunning}},
		{name: "a damaged report at the end", o: newScene().with(saved, job(1, false), broken, damaged, ended(batchv1.JobReasonBackoffLimitExceeded)),
			want: step{phase: v1alpha1.PhaseFailed, reason: v1alpha1.ReasonFailed}},
		{name: "a report of a newer version at the end", o: newScene().with(saved, job(1, false), broken, ended(batchv1.JobReasonBackoffLimitExceeded)),
			want: step{reason: v1alpha1.ReasonRunning}},
		{name: "succeeded", o: newScene().with(saved, job(1, false), told(report.Succeeded, "")),
			want: step{phase: v1alpha1.PhaseSucceeded, reason: v1alpha1.ReasonSucceeded}},
		{name: "partly failed", o: newScene().with(saved, job(1, false), told(report.PartiallyFailed, "")),
			want: step{phase: v1alpha1.PhasePartiallyFailed, reason: v1alpha1.ReasonPartiallyFailed}},
		{name: "failed for a known reason", o: newScene().with(saved, job(1, false), told(report.Failed, v1alpha1.ReasonGuardStopped)),
			want: step{phase: v1alpha1.PhaseFailed, reason: v1alpha1.ReasonGuardStopped}},
		{name: "failed for a reason outside the contract", o: newScene().with(saved, job(1, false), told(report.Failed, "Whatever")),
			want: step{phase: v1alpha1.PhaseFailed, reason: v1alpha1.ReasonFailed}},
		{name: "failed with a word of success", o: newScene().with(saved, job(1, false), told(report.Failed, v1alpha1.ReasonSucceeded)),
			want: step{phase: v1alpha1.PhaseFailed, reason: v1alpha1.ReasonFailed}},
		{name: "an outcome counts more than a failed Job", o: newScene().with(saved, job(1, false), ended(batchv1.JobReasonBackoffLimitExceeded), told(report.Succeeded, "")),
			want: step{phase: v1alpha1.PhaseSucceeded, reason: v1alpha1.ReasonSucceeded}},
		{name: "an outcome counts more than a cancel", o: newScene().with(saved, job(1, false), cancelled, told(report.Succeeded, "")),
			want: step{phase: v1alpha1.PhaseSucceeded, reason: v1alpha1.ReasonSucceeded}},
		{name: "stopped because the task goes", o: newScene().with(saved, job(1, false), deleting, told(report.Cancelled, v1alpha1.ReasonCancelled)),
			want: step{phase: v1alpha1.PhaseCancelled, reason: v1alpha1.ReasonTaskDeleted}},
		{name: "stopped because the task is held", o: newScene().with(saved, job(1, false), held, told(report.Cancelled, v1alpha1.ReasonCancelled)),
			want: step{phase: v1alpha1.PhaseCancelled, reason: v1alpha1.ReasonCancelled}},
		{name: "back-off exhausted", o: newScene().with(saved, job(1, false), reported, ended(batchv1.JobReasonBackoffLimitExceeded)),
			want: step{action: createJob, attempt: runnerjob.Attempt{Number: 2, SettleOnly: true}, reason: v1alpha1.ReasonSettlingDoubt}},
		{name: "back-off exhausted, nothing begun", o: newScene().with(saved, job(1, false), ended(batchv1.JobReasonBackoffLimitExceeded)),
			want: step{phase: v1alpha1.PhaseFailed, reason: v1alpha1.ReasonBackoffLimit}},
		{name: "cancelled and failed, nothing begun", o: newScene().with(saved, job(1, false), cancelled, ended(batchv1.JobReasonBackoffLimitExceeded)),
			want: step{phase: v1alpha1.PhaseCancelled, reason: v1alpha1.ReasonCancelled}},
		{name: "the last attempt over its deadline", o: newScene().with(saved, job(2, true), reported, ended(batchv1.JobReasonDeadlineExceeded)),
			want: step{phase: v1alpha1.PhaseFailed, reason: v1alpha1.ReasonDeadlineExceeded}},
		{name: "a lost node", o: newScene().with(saved, job(1, false), reported, lostNode), want: step{action: deleteJob, reason: v1alpha1.ReasonNodeLost}},
		{name: "cancelled, nothing begun", o: newScene().with(saved, job(1, false), cancelled), want: step{action: deleteJob, reason: v1alpha1.ReasonStopping}},
		{name: "cancelled at work", o: newScene().with(saved, job(1, false), working, reported, cancelled), want: step{action: requestStop, reason: v1alpha1.ReasonStopping}},
		{name: "the task went while at work", o: newScene().with(saved, job(1, false), working, reported, noTask), want: step{action: requestStop, reason: v1alpha1.ReasonStopping}},
		{name: "the task and the definition went", o: newScene().with(saved, job(1, false), working, reported, noTask, undefined),
			want: step{action: deleteJob, reason: v1alpha1.ReasonStopping}},
		{name: "cancelled while settling", o: newScene().with(saved, job(2, true), working, reported, cancelled), want: step{reason: v1alpha1.ReasonSettlingDoubt}},
		{name: "a Job that goes", o: newScene().with(saved, job(1, false), func(o *observed) { o.job.DeletionTimestamp = &metav1.Time{Time: testTime} }),
			want: step{reason: v1alpha1.ReasonJobMissing}},
	})
}

func TestDecideAfterTheEnd(t *testing.T) {
	t.Parallel()
	over := func(o *observed) {
		o.run.Status = status(o, ends(v1alpha1.PhaseSucceeded, v1alpha1.ReasonSucceeded, "done"), nil, testTime)
	}
	expiring := func(o *observed) { o.jobs[0].Spec.TTLSecondsAfterFinished = new(int32) }
	runDecideTests(t, []decideTest{
		{name: "a Job without an end", o: newScene().with(saved, job(1, false), over), want: step{action: expireJobs}},
		{name: "a Job with one", o: newScene().with(saved, job(1, false), expiring, over), want: step{}},
		{name: "no Job", o: newScene().with(saved, over), want: step{}},
		{name: "cancelled too late", o: newScene().with(saved, over, cancelled), want: step{}},
		{name: "the task went", o: newScene().with(saved, over, noTask), want: step{}},
	})
}

// TestWaitsThatAWatchEndsAreRarelyLookedAt: a thousand runs of suspended tasks cost
// next to nothing, and are not looked at in one moment.
func TestWaitsThatAWatchEndsAreRarelyLookedAt(t *testing.T) {
	t.Parallel()
	blocked := func(o *observed) { o.queue = queue{blocker: "hr-zero"} }
	for name, o := range map[string]*observed{
		"suspended":             newScene().with(suspended),
		"held":                  newScene().with(held),
		"behind another run":    newScene().with(blocked),
		"held before its start": newScene().with(saved, held),
	} {
		if again := decide(o, testTime).again; again < 30*time.Minute || again > 45*time.Minute {
			t.Errorf("a run that is %s is looked at after %s", name, again)
		}
	}
	other := newScene().with(suspended, func(o *observed) { o.run.UID = "other-uid" })
	if decide(other, testTime).again == decide(newScene().with(suspended), testTime).again {
		t.Error("all runs are looked at in one moment")
	}
}

// TestWhatARunWaitsForIsPassed: with nothing else a run would wait for half an hour more.
func TestWhatARunWaitsForIsPassed(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*observed){
		"a hold":                  held,
		"a hold without a reason": func(o *observed) { o.task.Annotations = map[string]string{v1alpha1.AnnotationHold: ""} },
		"a suspension":            func(o *observed) { o.task.Spec.Suspend, o.task.Generation = true, o.task.Generation+1 },
		"a deletion":              deleting,
		"a judgement":             func(o *observed) { setReady(o.task, metav1.ConditionFalse, v1alpha1.ReasonOwnerInUse, 3) },
	} {
		before, after := newScene().o.task, newScene().with(change).task
		if !taskChanged.Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}) {
			t.Errorf("%s is not passed", name)
		}
		if !taskChanged.Update(event.UpdateEvent{ObjectOld: after, ObjectNew: before}) {
			t.Errorf("the end of %s is not passed", name)
		}
	}
}

type decideTest struct {
	name  string
	o     *observed
	after time.Duration
	want  step
}

// runDecideTests compares action, attempt, phase and reason; every step that
// shows something must say it in a sentence, with a reason of the contract.
func runDecideTests(t *testing.T, tests []decideTest) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := decide(test.o, testTime.Add(test.after))
			if got.action != test.want.action || got.attempt != test.want.attempt || got.phase != test.want.phase || got.reason != test.want.reason {
				t.Fatalf("got %+v, want %+v", got, test.want)
			}
			if got.reason == "" {
				return
			}
			complete := metav1.ConditionFalse
			if got.phase != "" {
				complete = metav1.ConditionTrue
			}
			if !condition.Known(v1alpha1.KindSyncRun, v1alpha1.ConditionComplete, complete, got.reason) {
				t.Errorf("Complete=%s with reason %s is not in the contract", complete, got.reason)
			}
			if got.message == "" {
				t.Error("the step says nothing")
			}
			if got.phase == "" && got.again == 0 {
				t.Error("the run waits for a watch alone")
			}
		})
	}
}
