package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
	"synccenter.dev/synccenter/internal/lease"
	"synccenter.dev/synccenter/internal/report"
	"synccenter.dev/synccenter/internal/runner"
	"synccenter.dev/synccenter/test/apiserver"
)

const (
	writesUsers = 5000
	// writesRate makes the first load take long enough that what is written from time to time shows.
	writesRate = 250
)

// runWrites is what one run wrote to the API server.
type runWrites struct {
	what string
	// writes are creates and updates, deletions what is removed at the end; leases are the writes of the Lease, in neither.
	writes, deletions, leases int64
	// chunks are those of the plan, the records and the state.
	chunks   int64
	applying time.Duration
}

// allowed is how many writes are the most by design.
func (w runWrites) allowed() int64 { return 15 + w.chunks + int64(w.applying/(10*time.Second)) }

// countWrites executes a first load and a run without a change with the store in a cluster, and counts what reaches the API server.
func (b *bench) countWrites(ctx context.Context) (writes []runWrites, err error) {
	say("%d users: writes to an API server", writesUsers)
	ctrllog.SetLogger(logr.Discard())
	server, err := apiserver.Start()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "bench"}}
	if err := server.Client.Create(ctx, namespace); err != nil {
		return nil, err
	}
	source, err := b.company(ctx, writesUsers)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	target, err := slapdtest.New(slapdtest.Options{})
	if err != nil {
		return nil, err
	}
	defer target.Close()
	spec := taskSpec(source.URL, target.URL)
	spec.Execution.RateLimit.QPS, spec.Execution.RateLimit.Burst = writesRate, writesRate
	for i, what := range []string{"first load", "no change"} {
		one, err := writesOf(ctx, server, int64(i+1), spec)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		one.what = what
		writes = append(writes, one)
	}
	return writes, nil
}

// writesOf executes one run as the process in its pod does.
func writesOf(ctx context.Context, server *apiserver.Server, sequence int64, spec v1alpha1.SyncTaskSpec) (writes runWrites, err error) {
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return writes, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	mounts, err := mountSecret(folder)
	if err != nil {
		return writes, err
	}
	uid := types.UID(fmt.Sprintf("run-%d", sequence))
	options := cluster.Options{
		Client: server.Client, Namespace: "bench", Task: "bench",
		Writer: v1alpha1.ArtifactWriter{Run: string(uid), UID: uid, Attempt: 1},
	}
	if err := storeDefinition(ctx, cluster.New(options), sequence, uid, spec); err != nil {
		return writes, err
	}
	counter := &writeCounter{}
	if options.Client, err = counter.client(server); err != nil {
		return writes, err
	}
	watch := newStopwatch()
	stages := &timedStore{Store: cluster.New(options), Reports: cluster.NewReports(options), watch: watch}
	counted := &countedStore{Store: stages}
	r := &runner.Runner{
		Store: counted, Reports: stages, Connect: mounts, Budget: artifact.DefaultBudget(), Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Acquire: func(ctx context.Context, owner string) (runner.Lease, error) {
			o := lease.Options{Client: options.Client, Namespace: "bench", Owner: owner, Task: "bench", Run: uid, Pod: "bench", Clock: clock.RealClock{}}
			return o.Acquire(ctx, func(string, string) {})
		},
	}
	if err := r.Execute(ctx, runner.Attempt{Run: string(uid), UID: string(uid), Number: 1}); err != nil {
		return writes, err
	}
	if outcome := stages.last.Outcome; outcome.Result != report.Succeeded {
		return writes, fmt.Errorf("the run ended as %s: %s", outcome.Result, outcome.Message)
	}
	watch.enter("")
	return runWrites{
		writes: counter.writes.Load(), deletions: counter.deletions.Load(), leases: counter.leases.Load(), chunks: counted.chunks.Load(),
		applying: time.Duration(watch.phases["apply"].Wall * float64(time.Second)),
	}, nil
}

// writeCounter counts requests that are more than reads.
type writeCounter struct {
	next                      http.RoundTripper
	writes, deletions, leases atomic.Int64
}

// client is an administrator's client whose requests are counted.
func (c *writeCounter) client(server *apiserver.Server) (client.Client, error) {
	config := rest.CopyConfig(server.Config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		c.next = next
		return c
	})
	return client.New(config, client.Options{Scheme: server.Scheme})
}

// RoundTrip counts a request and sends it.
func (c *writeCounter) RoundTrip(request *http.Request) (*http.Response, error) {
	switch {
	case request.Method == http.MethodGet:
	case strings.Contains(request.URL.Path, "/leases"):
		c.leases.Add(1)
	case request.Method == http.MethodDelete:
		c.deletions.Add(1)
	default:
		c.writes.Add(1)
	}
	return c.next.RoundTrip(request)
}

// countedStore counts chunks. Segments of the journal are written as time goes by and are no part of a stream.
type countedStore struct {
	artifact.Store
	chunks atomic.Int64
}

// PutChunk counts a chunk and stores it.
func (s *countedStore) PutChunk(ctx context.Context, scope artifact.Scope, name string, data []byte) error {
	if !strings.HasPrefix(name, "journal-") {
		s.chunks.Add(1)
	}
	return s.Store.PutChunk(ctx, scope, name, data)
}
