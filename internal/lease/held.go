package lease

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
)

// Held is a Lease that this process holds and renews in the background until Release. It is safe for concurrent use.
type Held struct {
	options Options
	stopped chan struct{}
	lost    chan struct{}

	mu      sync.Mutex
	renewed time.Time
	reason  string

	// lease is the object as it was written last. Only the renewing goroutine uses it, and Release after that has ended.
	lease *coordinationv1.Lease
	end   context.CancelFunc
	done  sync.WaitGroup
}

// errNotOurs says that somebody else holds the Lease.
var errNotOurs = errors.New("somebody else holds it")

// hold begins to renew a Lease that was taken at the given time.
func hold(options Options, lease *coordinationv1.Lease, taken time.Time) *Held {
	ctx, end := context.WithCancel(context.Background())
	h := &Held{
		options: options, lease: lease, renewed: taken, end: end,
		stopped: make(chan struct{}), lost: make(chan struct{}),
	}
	h.noteStop()
	ticker := options.Clock.NewTicker(renewEvery)
	h.done.Go(func() { h.keep(ctx, ticker) })
	return h
}

// keep renews until Release, or until the Lease is lost. It says so before anybody else may take it.
func (h *Held) keep(ctx context.Context, ticker clock.Ticker) {
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		}
		// What the server answers is only of use before the next renewal.
		call, cancel := context.WithTimeout(ctx, renewEvery)
		err := h.renew(call)
		cancel()
		// An error that is not final is tried again at the next tick; if it lasts, the deadline says what it means.
		if errors.Is(err, errNotOurs) || !h.options.Clock.Now().Before(h.Deadline()) {
			h.lose()
			return
		}
	}
}

func (h *Held) renew(ctx context.Context) error {
	now := h.options.Clock.Now()
	err := h.write(ctx, func(lease *coordinationv1.Lease) { lease.Spec.RenewTime = &metav1.MicroTime{Time: now} })
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.renewed = now
	h.mu.Unlock()
	h.noteStop()
	return nil
}

// write changes the Lease. When somebody else changed it, such as the manager that asks for a stop, it is read and changed again.
func (h *Held) write(ctx context.Context, change func(*coordinationv1.Lease)) error {
	for {
		next := h.lease.DeepCopy()
		change(next)
		err := h.options.Client.Update(ctx, next)
		if err == nil {
			h.lease = next
			return nil
		}
		if !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
			return err
		}
		stored := &coordinationv1.Lease{}
		if err := h.options.Client.Get(ctx, h.options.key(), stored); apierrors.IsNotFound(err) {
			return errNotOurs
		} else if err != nil {
			return err
		}
		if holderOf(stored) != h.options.holder() {
			return errNotOurs
		}
		h.lease = stored
	}
}

// noteStop signals a stop the first time that it is seen.
func (h *Held) noteStop() {
	reason := h.options.stopReason(h.lease)
	h.mu.Lock()
	defer h.mu.Unlock()
	if reason != "" && h.reason == "" {
		h.reason = reason
		close(h.stopped)
	}
}

func (h *Held) lose() {
	h.mu.Lock()
	h.renewed = time.Time{}
	h.mu.Unlock()
	close(h.lost)
}

// Deadline is the moment by which every call to the target must have ended. It moves on with every renewal, and has passed when the Lease
// is lost.
func (h *Held) Deadline() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.renewed.Add(callMargin)
}

// Stopped is closed when somebody asks the run to end at a safe point.
func (h *Held) Stopped() <-chan struct{} { return h.stopped }

// StopReason says why the run is asked to end; it is empty while nobody asks.
func (h *Held) StopReason() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.reason
}

// Lost is closed when the Lease was not renewed in time or is somebody else's: another execution may begin, and this one must not write.
func (h *Held) Lost() <-chan struct{} { return h.lost }

// Release ends the renewing and gives the Lease back, if it is still held. It is called once.
func (h *Held) Release(ctx context.Context) error {
	h.end()
	h.done.Wait()
	select {
	case <-h.lost:
		return nil
	default:
	}
	// A server that does not answer must not keep a process from ending.
	ctx, cancel := context.WithTimeout(ctx, renewEvery)
	defer cancel()
	err := h.write(ctx, func(lease *coordinationv1.Lease) {
		lease.Spec.HolderIdentity = nil
		lease.Spec.RenewTime = &metav1.MicroTime{Time: h.options.Clock.Now()}
	})
	if err != nil && !errors.Is(err, errNotOurs) {
		return fmt.Errorf("releasing Lease %s of owner %q, which is free again in %s: %w", h.options.key(), h.options.Owner, duration, err)
	}
	return nil
}
