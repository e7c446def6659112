package runner_test

import (
	"context"
	"errors"
	"testing"

	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/report"
)

// lostReports lose the first last report of a run, as an API server does that is away for a moment.
type lostReports struct {
	*reports
	lost bool
}

func (r *lostReports) Put(ctx context.Context, next *report.Report) error {
	if next.Outcome != nil && !r.lost {
		r.lost = true
		return errors.New("the API server is away")
	}
	return r.reports.Put(ctx, next)
}

// startLosing executes an attempt that comes to its end but cannot tell so.
func (w *world) startLosing() *run {
	w.t.Helper()
	r := w.begin()
	r.runner.Reports = &lostReports{reports: r.reports}
	if err := r.attempt(1, false); err == nil {
		w.t.Fatal("the last report was lost and the attempt says nothing")
	}
	return r
}

func (r *run) finishAgain() *report.Report {
	r.t.Helper()
	if err := r.attempt(2, false); err != nil {
		r.t.Fatal(err)
	}
	return r.ended()
}

func TestARunThatFindsWorkAfterItsReportWasLostKeepsItsLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.company()
	w.synced()
	r := w.startLosing()
	w.person("late", "Research", "Head")
	w.leave(w.researcher("fang"))

	last := r.finishAgain()

	if last.Outcome.Result != report.Succeeded {
		t.Fatalf("%+v", last.Outcome)
	}
	w.expectEqual("linked people", last.State.Users, int64(11))
	w.synced()
	w.expectEqual("operations of the next run", w.operations(w.lastUID()), map[string]int{"NoUpdate Succeeded": 15})
	server.Apply(t, personLDIF("back", w.dn("Research", "Head")))
	w.synced()
}

func TestHeldRemovalsKeepTheirRecordsWhenTheReportWasLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.task.Spec.Guard.Removals = v1alpha1.RemovalLimits{Floor: ptr.To[int32](0), Percent: ptr.To[int32](0), Count: ptr.To[int32](0)}
	w.company()
	w.synced()
	w.leave(w.researcher("fang"))
	r := w.startLosing()

	last := r.finishAgain()

	w.expectEqual("operations", w.operations(w.lastUID()), map[string]int{"DeleteUser Held": 1, "NoUpdate Succeeded": 14})
	w.expectEqual("pending", last.State.Pending, int64(1))
}
