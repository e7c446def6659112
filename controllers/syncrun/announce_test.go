package syncrun

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/report"
)

func TestNews(t *testing.T) {
	t.Parallel()
	of := func(o *observed) *v1alpha1.SyncRunStatus {
		result := status(o, decide(o, testTime), nil, testTime)
		return &result
	}
	waiting := of(newScene().with(held))
	running := of(newScene().with(saved, job(1, false), working, reported))
	further := of(newScene().with(saved, job(1, false), working, reported, func(o *observed) { o.report.Done = 2 }))
	for _, test := range []struct {
		name          string
		before, after *v1alpha1.SyncRunStatus
		want          announcement
		none          bool
	}{
		{name: "waits", before: &v1alpha1.SyncRunStatus{}, after: waiting, want: announcement{kind: corev1.EventTypeNormal, reason: "TaskHeld"}},
		{name: "starts", before: waiting, after: running, want: announcement{kind: corev1.EventTypeNormal, reason: "Running", forTask: true}},
		{name: "goes on", before: running, after: further, none: true},
		{name: "loses its Job", before: running, after: of(newScene().with(saved, jobGone(1))),
			want: announcement{kind: corev1.EventTypeWarning, reason: "JobMissing"}},
		{name: "succeeds", before: running, after: of(newScene().with(saved, told(report.Succeeded, ""))),
			want: announcement{kind: corev1.EventTypeNormal, reason: "Succeeded", forTask: true}},
		{name: "fails", before: running, after: of(newScene().with(saved, told(report.Failed, v1alpha1.ReasonGuardStopped))),
			want: announcement{kind: corev1.EventTypeWarning, reason: "GuardStopped", forTask: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, changed := newsOf(test.before, test.after)
			if changed == test.none {
				t.Fatalf("news %+v, changed %t", got, changed)
			}
			if !test.none && got.message == "" {
				t.Error("the event says nothing")
			}
			if got.message = ""; got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}
