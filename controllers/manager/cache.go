package manager

import (
	"errors"
	"fmt"
	"net/http"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/selection"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/past"
	"synccenter.dev/synccenter/internal/artifact/cluster"
)

// cacheOptions keep the cache to what the controllers watch: tasks, the runs that
// have not ended, their reports, the heads of inspections, and the Jobs and pods of both, without what
// nobody asks of them. Package past knows of the runs that have ended. Reading anything else through it is an
// error instead of a watch on a whole cluster's objects, its Secrets first of all.
func cacheOptions(namespaces []string) cache.Options {
	ofRuns := cache.ByObject{Label: labels.NewSelector().Add(requirement(v1alpha1.LabelRun, selection.Exists))}
	told := cache.ByObject{
		Label:     labels.NewSelector().Add(requirement(v1alpha1.LabelArtifact, selection.In, cluster.LabelValueReport, cluster.LabelValueInspection)),
		Transform: withoutAnswers,
	}
	options := cache.Options{
		ReaderFailOnMissingInformer: true,
		DefaultTransform:            cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&batchv1.Job{}:           ofRuns,
			&corev1.Pod{}:            ofRuns,
			&v1alpha1.SyncArtifact{}: told,
			&v1alpha1.SyncRun{}:      {Field: past.Going()},
		},
	}
	if len(namespaces) > 0 {
		options.DefaultNamespaces = map[string]cache.Config{}
		for _, namespace := range namespaces {
			options.DefaultNamespaces[namespace] = cache.Config{}
		}
	}
	return options
}

// withoutAnswers leaves the data of inspections out: what is decided by stands
// in their annotations, and the rest is read when it is needed.
func withoutAnswers(object any) (any, error) {
	if artifact, ok := object.(*v1alpha1.SyncArtifact); ok && artifact.Labels[v1alpha1.LabelArtifact] == cluster.LabelValueInspection {
		artifact.Data = nil
	}
	return cache.TransformStripManagedFields()(object)
}

// requirement is one of a few that are right as they stand here.
func requirement(label string, operator selection.Operator, values ...string) labels.Requirement {
	result, err := labels.NewRequirement(label, operator, values)
	if err != nil {
		panic(fmt.Sprintf("a selector of the cache is wrong: %v", err))
	}
	return *result
}

// newScheme knows the kinds that the manager reads and writes.
func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, fmt.Errorf("registering kinds: %w", err)
	}
	return scheme, nil
}

// cacheSynced is ready when the cache has been filled once.
func cacheSynced(mgr ctrl.Manager) healthz.Checker {
	return func(request *http.Request) error {
		if !mgr.GetCache().WaitForCacheSync(request.Context()) {
			return errors.New("the cache is not filled yet")
		}
		return nil
	}
}
