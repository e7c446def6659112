package apiserver

import (
	"context"
	"errors"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// ErrKilled is what a client gets whose process was killed: an answer that nobody tries again.
var ErrKilled error = apierrors.NewResourceExpired("the process was killed")

// Killer kills a process at one of its writes: before the write reaches the
// server, or after it did and before the answer came back. What the process
// would write after that does not happen either.
type Killer struct {
	// At is the write at which the process dies; the first is 1, and 0 is none.
	At int
	// Afterward: the server takes that write.
	Afterward bool

	// Seen is how many writes there were, or would have been.
	Seen int

	mutex sync.Mutex
}

func (k *Killer) write(do func() error) error {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.Seen++
	switch {
	case k.At == 0 || k.Seen < k.At:
		return do()
	case k.Seen == k.At && k.Afterward:
		return errors.Join(do(), ErrKilled)
	}
	return ErrKilled
}

// Killed is a client without a cache for the process that a killer kills.
func (s *Server) Killed(t *testing.T, k *Killer) client.WithWatch {
	t.Helper()
	inner, err := client.NewWithWatch(s.Config, client.Options{Scheme: s.Scheme, Mapper: s.Client.RESTMapper()})
	if err != nil {
		t.Fatalf("connecting to the API server: %v", err)
	}
	return interceptor.NewClient(inner, interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			return k.write(func() error { return c.Create(ctx, o, opts...) })
		},
		Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			return k.write(func() error { return c.Update(ctx, o, opts...) })
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			return k.write(func() error { return c.Patch(ctx, o, p, opts...) })
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			return k.write(func() error { return c.Delete(ctx, o, opts...) })
		},
		Apply: func(ctx context.Context, c client.WithWatch, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			return k.write(func() error { return c.Apply(ctx, o, opts...) })
		},
		SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object, opts ...client.SubResourceUpdateOption) error {
			return k.write(func() error { return c.SubResource(sub).Update(ctx, o, opts...) })
		},
	})
}
