package retention_test

import (
	"context"
	"slices"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// TestOneRefusalStopsNothingElse: what the API server does not let us remove
// keeps no other run from going, and is told.
func TestOneRefusalStopsNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.task("hr", v1alpha1.History{Limit: ptr.To[int32](1)})
	oldest, next, last := w.ended(generated(), "hr"), w.ended(generated(), "hr"), w.ended(generated(), "hr")
	w.remember(task, oldest, next, last)
	inner, err := client.NewWithWatch(server.Config, client.Options{Scheme: server.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	refusing := interceptor.NewClient(inner, interceptor.Funcs{
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			if o.GetName() == oldest.Name {
				return apierrors.NewForbidden(schema.GroupResource{Resource: "syncruns"}, o.GetName(), nil)
			}
			return c.Delete(ctx, o, opts...)
		},
	})
	if _, err := w.reconciler(refusing).Reconcile(t.Context(), w.request("hr")); !apierrors.IsForbidden(err) {
		t.Errorf("the refusal is told as %v", err)
	}
	if got := w.names(); slices.Contains(got, next.Name) || !slices.Contains(got, oldest.Name) || !slices.Contains(got, last.Name) {
		t.Errorf("%v are left, want %s and %s", got, oldest.Name, last.Name)
	}
}
