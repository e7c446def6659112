package cluster_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/cluster"
)

// faults stands between a client and the real API server.
type faults struct {
	next http.RoundTripper
	// refuse answers so many writes with the given status, without passing them on. lose passes so many on and loses the answer.
	refuse, lose atomic.Int64
	status       int
	writes       atomic.Int64
}

func (f *faults) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method == http.MethodGet {
		return f.next.RoundTrip(request)
	}
	f.writes.Add(1)
	if f.refuse.Add(-1) >= 0 {
		return &http.Response{
			StatusCode: f.status, Status: http.StatusText(f.status), Request: request,
			Header: http.Header{"Content-Type": {"text/plain"}}, Body: io.NopCloser(strings.NewReader("no")),
		}, nil
	}
	response, err := f.next.RoundTrip(request)
	if err == nil && f.lose.Add(-1) >= 0 {
		return nil, errors.Join(errors.New("connection reset"), response.Body.Close())
	}
	return response, err
}

// faulty makes a store whose writes go through faults.
func faulty(t *testing.T, f *faults) *cluster.Store {
	t.Helper()
	config := rest.CopyConfig(server.Config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { f.next = next; return f })
	c, err := client.New(config, client.Options{Scheme: server.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	o := options(server.Namespace(t), uid)
	o.Client = c
	return cluster.New(o)
}

func TestWritesAreTriedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		refuse, lose int64
		status       int
	}{
		{"after 503", 2, 0, http.StatusServiceUnavailable},
		{"after 500", 1, 0, http.StatusInternalServerError},
		{"after 429", 1, 0, http.StatusTooManyRequests},
		{"after an answer that was lost", 0, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := &faults{status: c.status}
			store, scope := faulty(t, f), artifact.Scope{Run: uid}
			again := func() { f.refuse.Store(c.refuse); f.lose.Store(c.lose) }
			again()
			if err := store.PutChunk(t.Context(), scope, "plan-a-0", []byte("bytes")); err != nil {
				t.Errorf("a chunk: %v", err)
			}
			again()
			first, err := store.PutManifest(t.Context(), scope, "plan", []byte("one"), "")
			if err != nil {
				t.Fatalf("a first manifest: %v", err)
			}
			again()
			second, err := store.PutManifest(t.Context(), scope, "plan", []byte("two"), first)
			if err != nil {
				t.Fatalf("a manifest that is replaced: %v", err)
			}
			data, revision, err := store.GetManifest(t.Context(), scope, "plan")
			if err != nil || string(data) != "two" || revision != second {
				t.Errorf("got %q at %q and error %v, want \"two\" at %q", data, revision, err, second)
			}
			again()
			if err := store.DeleteChunk(t.Context(), scope, "plan-a-0"); err != nil {
				t.Errorf("a deletion: %v", err)
			}
		})
	}
}

func TestARefusalIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	f := &faults{status: http.StatusForbidden}
	store := faulty(t, f)
	f.refuse.Store(1000)
	err := store.PutChunk(t.Context(), artifact.Scope{Run: uid}, "plan-a-0", []byte("bytes"))
	if err == nil || errors.Is(err, artifact.ErrConflict) || f.writes.Load() != 1 {
		t.Errorf("got error %v after %d writes, want a refusal after one", err, f.writes.Load())
	}
}
