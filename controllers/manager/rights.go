package manager

import (
	"context"
	"errors"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// checkRights tries to read what the cache watches, in each watched namespace.
// A cache without the right would wait for it for ever, and end neither by
// itself nor when it is asked to.
func checkRights(ctx context.Context, reader client.Reader, namespaces []string) error {
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	var errs []error
	for _, namespace := range namespaces {
		for _, list := range []client.ObjectList{
			&v1alpha1.SyncTaskList{}, &v1alpha1.SyncRunList{}, &v1alpha1.SyncApprovalList{}, &v1alpha1.SyncArtifactList{},
			&batchv1.JobList{}, &corev1.PodList{},
		} {
			err := reader.List(ctx, list, client.InNamespace(namespace), client.Limit(1))
			if err != nil && !apierrors.IsForbidden(err) {
				return fmt.Errorf("reading what the manager watches: %w", err)
			}
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("the manager may not read all that it watches; apply config/default, or config/namespaced with --watch-namespaces: %w", err)
	}
	return nil
}
