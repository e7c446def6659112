package lease_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/lease"
	"synccenter.dev/synccenter/test/apiserver"
)

var server *apiserver.Server

func TestMain(m *testing.M) {
	os.Exit(apiserver.Main(m, func(s *apiserver.Server) { server = s }))
}

// pod is a pod with a clock of its own: one whose clock stands still is dead.
type pod struct {
	lease.Options
	clock *clocktesting.FakeClock
	// away makes the API server unreachable for this pod alone.
	away *atomic.Bool
}

func newPod(t *testing.T, namespace, run, name string) pod {
	t.Helper()
	p := pod{clock: clocktesting.NewFakeClock(time.Now()), away: &atomic.Bool{}}
	config := rest.CopyConfig(server.Config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &switchable{next: next, away: p.away} })
	c, err := client.New(config, client.Options{Scheme: server.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	p.Options = lease.Options{
		Client: c, Namespace: namespace, Owner: "default/hr", Task: "hr", Run: types.UID(run), Pod: name, Clock: p.clock,
	}
	return p
}

// switchable is a connection that can be cut.
type switchable struct {
	next http.RoundTripper
	away *atomic.Bool
}

func (s *switchable) RoundTrip(request *http.Request) (*http.Response, error) {
	if s.away.Load() {
		return nil, errors.New("no route to host")
	}
	return s.next.RoundTrip(request)
}

// acquire gets the Lease at once, or fails the test.
func (p pod) acquire(t *testing.T) *lease.Held {
	t.Helper()
	held, err := p.Acquire(t.Context(), func(holder, _ string) { t.Errorf("%s waits for %s", p.Pod, holder) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.away.Store(false)
		if err := held.Release(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return held
}

func (p pod) stored(t *testing.T) *coordinationv1.Lease {
	t.Helper()
	var l coordinationv1.Lease
	if err := server.Client.Get(t.Context(), client.ObjectKey{Namespace: p.Namespace, Name: lease.Name(p.Owner)}, &l); err != nil {
		t.Fatal(err)
	}
	return &l
}

// until waits for a condition that other goroutines bring about.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	limit := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// renew lets five seconds pass for a holder and waits for the renewal.
func (p pod) renew(t *testing.T, held *lease.Held) {
	t.Helper()
	before := held.Deadline()
	p.clock.Step(5 * time.Second)
	until(t, p.Pod+" has renewed", func() bool { return held.Deadline().Equal(before.Add(5 * time.Second)) })
}

func TestALeaseThatIsRenewedIsNotTakenOver(t *testing.T) {
	t.Parallel()
	namespace := server.Namespace(t)
	first, second := newPod(t, namespace, "run-1", "first"), newPod(t, namespace, "run-2", "second")
	held := first.acquire(t)
	if got, want := held.Deadline(), first.clock.Now().Add(40*time.Second); !got.Equal(want) {
		t.Errorf("got deadline %s, want %s", got, want)
	}
	looks := make(chan string)
	got := make(chan *lease.Held)
	go func() {
		next, err := second.Acquire(t.Context(), func(holder, _ string) { looks <- holder })
		if err != nil {
			t.Error(err)
		}
		got <- next
	}()
	// More than twice the duration of the Lease.
	for range 30 {
		if holder := <-looks; !strings.HasSuffix(holder, "/first") {
			t.Errorf("the second pod waits for %q", holder)
		}
		first.renew(t, held)
		second.clock.Step(5 * time.Second)
	}
	<-looks
	if closed(held.Lost()) || closed(held.Stopped()) {
		t.Error("a holder that renews has lost the Lease, or is asked to stop")
	}
	if err := held.Release(t.Context()); err != nil {
		t.Error(err)
	}
	second.clock.Step(5 * time.Second)
	next := <-got
	if l := first.stored(t); *l.Spec.HolderIdentity != "run-2/second" || *l.Spec.LeaseTransitions != 1 {
		t.Errorf("the Lease is held by %s after %d transitions", *l.Spec.HolderIdentity, *l.Spec.LeaseTransitions)
	}
	if err := next.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestALeaseOfADeadPodIsTakenOver(t *testing.T) {
	t.Parallel()
	namespace := server.Namespace(t)
	dead, next := newPod(t, namespace, "run-1", "dead"), newPod(t, namespace, "run-1", "next")
	held := dead.acquire(t)
	looks := make(chan string)
	got := make(chan *lease.Held)
	go func() {
		taken, err := next.Acquire(t.Context(), func(holder, _ string) { looks <- holder })
		if err != nil {
			t.Error(err)
		}
		got <- taken
	}()
	for range 12 {
		<-looks
		next.clock.Step(5 * time.Second)
	}
	taken := <-got
	defer func() {
		if err := taken.Release(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	// The dead pod wakes up again.
	dead.clock.Step(5 * time.Second)
	<-held.Lost()
	if held.Deadline().After(dead.clock.Now()) {
		t.Error("a pod that lost the Lease may still call the target")
	}
	if err := held.Release(t.Context()); err != nil {
		t.Errorf("releasing what was lost: %v", err)
	}
	if l := next.stored(t); *l.Spec.HolderIdentity != "run-1/next" {
		t.Errorf("the Lease is held by %s", *l.Spec.HolderIdentity)
	}
}

func TestAHolderThatCannotRenewStopsInTime(t *testing.T) {
	t.Parallel()
	p := newPod(t, server.Namespace(t), "run-1", "pod")
	held := p.acquire(t)
	p.renew(t, held)
	deadline := held.Deadline()
	p.away.Store(true)
	for range 7 {
		p.clock.Step(5 * time.Second)
	}
	if closed(held.Lost()) || !held.Deadline().Equal(deadline) {
		t.Error("the Lease is lost 35 s after the last renewal, or its deadline moved without one")
	}
	p.clock.Step(5 * time.Second)
	<-held.Lost()
	if held.Deadline().After(p.clock.Now()) {
		t.Error("a pod that lost the Lease may still call the target")
	}
}

func TestARenewalAfterAnOutageGoesOn(t *testing.T) {
	t.Parallel()
	p := newPod(t, server.Namespace(t), "run-1", "pod")
	held := p.acquire(t)
	p.away.Store(true)
	p.clock.Step(20 * time.Second)
	p.away.Store(false)
	p.clock.Step(5 * time.Second)
	until(t, "the renewal goes on", func() bool { return held.Deadline().Equal(p.clock.Now().Add(40 * time.Second)) })
	if closed(held.Lost()) {
		t.Error("the Lease is lost after an outage of 25 s")
	}
}

func TestAStopReachesTheRunThatItIsFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		// before and during ask for a stop before the pod has the Lease and while it holds it.
		before, during func(t *testing.T, p pod)
		want           string
	}{
		{name: "asked before there is a Lease", before: func(t *testing.T, p pod) { request(t, p, "Cancelled by alice") }, want: "Cancelled by alice"},
		{name: "asked while it is held", during: func(t *testing.T, p pod) { request(t, p, "Cancelled by alice") }, want: "Cancelled by alice"},
		{name: "asked twice", during: func(t *testing.T, p pod) { request(t, p, "one"); request(t, p, "one") }, want: "one"},
		{name: "by hand", during: func(t *testing.T, p pod) { annotate(t, p, "enough") }, want: "enough"},
		{name: "meant for an earlier run", before: func(t *testing.T, p pod) { p.Run = "run-0"; request(t, p, "old") }},
		{name: "meant for another run", during: func(t *testing.T, p pod) { p.Run = "run-2"; request(t, p, "other") }},
		{name: "by hand for an earlier holder", before: func(t *testing.T, p pod) { p.Run = "run-0"; request(t, p, "x"); annotate(t, p, "old") }},
		{name: "nobody asks"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPod(t, server.Namespace(t), "run-1", "pod")
			if c.before != nil {
				c.before(t, p)
			}
			held := p.acquire(t)
			if c.during != nil {
				c.during(t, p)
				p.renew(t, held)
				until(t, "the reason is seen", func() bool { return held.StopReason() == c.want })
			}
			if got := held.StopReason(); got != c.want || closed(held.Stopped()) != (c.want != "") {
				t.Errorf("got reason %q and stopped %v, want %q", got, closed(held.Stopped()), c.want)
			}
			if closed(held.Lost()) {
				t.Error("a request to stop took the Lease away")
			}
		})
	}
}

func request(t *testing.T, p pod, reason string) {
	t.Helper()
	if err := p.RequestStop(t.Context(), reason); err != nil {
		t.Error(err)
	}
}

// annotate does what a person would do with kubectl annotate.
func annotate(t *testing.T, p pod, reason string) {
	t.Helper()
	l := p.stored(t)
	before := l.DeepCopy()
	l.Annotations[v1alpha1.AnnotationStop] = reason
	delete(l.Annotations, "synccenter.dev/stop-run")
	if err := server.Client.Patch(t.Context(), l, client.MergeFrom(before)); err != nil {
		t.Error(err)
	}
}

func TestAcquireSaysWhyTheRunThatWaitsIsAskedToStop(t *testing.T) {
	t.Parallel()
	namespace := server.Namespace(t)
	newPod(t, namespace, "run-1", "first").acquire(t)
	second := newPod(t, namespace, "run-2", "second")
	request(t, second, "Cancelled by alice")
	ctx, cancel := context.WithCancelCause(t.Context())
	gaveUp := errors.New("gave up")
	_, err := second.Acquire(ctx, func(holder, reason string) {
		if holder != "run-1/first" || reason != "Cancelled by alice" {
			t.Errorf("got holder %q and reason %q", holder, reason)
		}
		cancel(gaveUp)
	})
	if !errors.Is(err, gaveUp) {
		t.Errorf("got error %v, want the cause", err)
	}
}

func TestAcquireWithoutAServerEnds(t *testing.T) {
	t.Parallel()
	p := newPod(t, server.Namespace(t), "run-1", "pod")
	p.away.Store(true)
	failed := make(chan error)
	go func() {
		_, err := p.Acquire(t.Context(), func(string, string) {})
		failed <- err
	}()
	var err error
	until(t, "Acquire has ended", func() bool {
		p.clock.Step(5 * time.Second)
		select {
		case err = <-failed:
			return true
		default:
			return false
		}
	})
	if err == nil || !strings.Contains(err.Error(), "default/hr") || !strings.Contains(err.Error(), "no route to host") {
		t.Errorf("got error %v, want one that names the owner and what went wrong", err)
	}
}

func TestOwnersDoNotShareALease(t *testing.T) {
	t.Parallel()
	namespace := server.Namespace(t)
	first, second := newPod(t, namespace, "run-1", "first"), newPod(t, namespace, "run-2", "second")
	second.Owner = "default/sales"
	first.acquire(t)
	second.acquire(t)
}
