package past

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// appliedBy are annotations of those who make an object anew when it is gone:
// kubectl apply and what is built on it, Helm, and Argo CD where it replaces.
var appliedBy = []string{corev1.LastAppliedConfigAnnotation, "meta.helm.sh/release-name", "argocd.argoproj.io/tracking-id"}

// WasApplied says whether somebody has applied the run under the name that it
// has, by whatever kind of apply. A run that was generated, or made by the
// manager, and then copied into Git with all its metadata looks as the first one
// did, but is applied again whenever it is gone, and then executed again.
//
// A run from the manager's cache has no managed fields and tells less: ask for
// one that this package remembers, or that was read from the API server.
func WasApplied(run *v1alpha1.SyncRun) bool {
	for _, annotation := range appliedBy {
		if _, found := run.Annotations[annotation]; found {
			return true
		}
	}
	for _, entry := range run.ManagedFields {
		if entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == "" {
			return true
		}
	}
	return false
}
