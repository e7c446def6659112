package synctask

import (
	"context"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"synccenter.dev/synccenter/api/v1alpha1"
)

const (
	// clockLook is how often the two clocks are compared.
	clockLook = 10 * time.Second
	// clockTolerance is by how much the clock on the wall may be put forward before
	// the scheduled times are looked at again: what is due comes that much late.
	clockTolerance = 2 * time.Second
)

// wallClock notices that the clock on the wall was put forward. Scheduled times
// are told by that clock, and the timers that wait for them by one that nobody
// sets, and that stands still while a machine is suspended: they come late then.
// A clock that is put back makes them early, which is harmless: they look again.
type wallClock struct {
	// read gives the time on the wall, and how long the other clock has run.
	read func() (wall time.Time, running time.Duration)
	// began is what the clock on the wall showed when the other one began, as far as
	// the timers that wait now know.
	began time.Time
}

// newWallClock is one that reads the clocks of this machine.
func newWallClock() *wallClock {
	start := time.Now()
	return &wallClock{read: func() (time.Time, time.Duration) {
		now := time.Now()
		return now.Round(0), now.Sub(start)
	}}
}

// wasPutForward says whether timers that wait come late, and takes the clock as
// it is now: whoever asks sets them again. Small steps add up.
func (w *wallClock) wasPutForward() bool {
	wall, running := w.read()
	began, before := wall.Add(-running), w.began
	forward := !before.IsZero() && began.Sub(before) > clockTolerance
	if before.IsZero() || forward || began.Before(before) {
		w.began = began
	}
	return forward
}

// watch calls putForward each time that the clock was put forward, until the context ends.
func (w *wallClock) watch(ctx context.Context, ticks <-chan time.Time, putForward func()) {
	w.wasPutForward()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
			if w.wasPutForward() {
				putForward()
			}
		}
	}
}

// watchClock looks at all tasks with a schedule when the clock was put forward.
// It is a source of the controller, so it works as long as that does.
func (r *Reconciler) watchClock(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	ticker := time.NewTicker(clockLook)
	go func() {
		defer ticker.Stop()
		newWallClock().watch(ctx, ticker.C, func() { r.queueScheduled(ctx, queue) })
	}()
	return nil
}

// queueScheduled asks for a look at each task with a schedule. It reads the cache alone.
func (r *Reconciler) queueScheduled(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	var tasks v1alpha1.SyncTaskList
	if err := r.Cache.List(ctx, &tasks, client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Error(err, "Listing the tasks whose scheduled times come earlier, since the clock was put forward")
		return
	}
	count := 0
	for i := range tasks.Items {
		if task := &tasks.Items[i]; task.Spec.Trigger.Mode == v1alpha1.TriggerScheduled {
			queue.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(task)})
			count++
		}
	}
	log.FromContext(ctx).Info("The clock was put forward, so the scheduled times are looked at again", "tasks", count)
}
