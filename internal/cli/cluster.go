package cli

import (
	"context"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// cluster is a connection with the namespace that the person chose.
type cluster struct {
	client.WithWatch
	namespace string
}

// fieldManager is who a change of a task or a run is by. A name that begins with kubectl, as the program's does, would let Flux take the change
// back: a request, or the cancel of a run.
const fieldManager = client.FieldOwner("synccenter-plugin")

// newScheme knows the kinds of the API and who asks, for the client and for printers.
func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, authenticationv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("preparing the client: %w", err)
		}
	}
	return scheme, nil
}

// connect makes a client from kubectl's flags.
func (o *Options) connect() (*cluster, error) {
	shared, err := o.Config.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	namespace, _, err := o.Config.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, fmt.Errorf("finding the namespace in the kubeconfig: %w", err)
	}
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	config := rest.CopyConfig(shared)
	// Records are read chunk by chunk; the default of 5 requests a second would be most of the time.
	config.QPS, config.Burst = 50, 100
	config.WarningHandler = rest.NewWarningWriter(o.ErrOut, rest.WarningWriterOptions{Deduplicate: true})
	connected, err := client.NewWithWatch(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("connecting to the cluster: %w", err)
	}
	return &cluster{WithWatch: connected, namespace: namespace}, nil
}

// task reads a task by its name.
func (c *cluster) task(ctx context.Context, name string) (*v1alpha1.SyncTask, error) {
	var task v1alpha1.SyncTask
	err := c.Get(ctx, types.NamespacedName{Namespace: c.namespace, Name: name}, &task)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("there is no task %q in namespace %q: \"kubectl synccenter tasks\" lists those that exist, -n chooses another namespace: %w", name, c.namespace, err)
	}
	if err != nil {
		return nil, explain(fmt.Sprintf("reading task %q", name), err)
	}
	return &task, nil
}

// taskUnlessGone reads a task that may be gone, while its history is not: then it is nil.
func (c *cluster) taskUnlessGone(ctx context.Context, name string) (*v1alpha1.SyncTask, error) {
	task, err := c.task(ctx, name)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return task, err
}

// run reads a run by its name.
func (c *cluster) run(ctx context.Context, name string) (*v1alpha1.SyncRun, error) {
	var run v1alpha1.SyncRun
	err := c.Get(ctx, types.NamespacedName{Namespace: c.namespace, Name: name}, &run)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("there is no run %q in namespace %q: \"kubectl synccenter history TASK\" lists those that exist, -n chooses another namespace: %w", name, c.namespace, err)
	}
	if err != nil {
		return nil, explain(fmt.Sprintf("reading run %q", name), err)
	}
	return &run, nil
}

// runsOfTask chooses the runs of a task.
func runsOfTask(task string) client.MatchingFields {
	return client.MatchingFields{"spec.taskRef.name": task}
}

// taskPage is how many tasks are read at once: some megabytes, however many there are.
const taskPage = 500

// eachTask reads tasks page by page, in the order of namespaces and names, and answers with the resource version of the list. The task that
// is visited is not kept.
func (c *cluster) eachTask(ctx context.Context, visit func(*v1alpha1.SyncTask) error) (string, error) {
	for next := ""; ; {
		var page v1alpha1.SyncTaskList
		if err := c.List(ctx, &page, client.InNamespace(c.namespace), client.Limit(taskPage), client.Continue(next)); err != nil {
			return "", explain("listing tasks", err)
		}
		for i := range page.Items {
			if err := visit(&page.Items[i]); err != nil {
				return "", err
			}
		}
		if next = page.Continue; next == "" {
			return page.ResourceVersion, nil
		}
	}
}

// runsOf reads all runs of a task.
func (c *cluster) runsOf(ctx context.Context, task string) (*v1alpha1.SyncRunList, error) {
	var runs v1alpha1.SyncRunList
	if err := c.List(ctx, &runs, client.InNamespace(c.namespace), runsOfTask(task)); err != nil {
		return nil, explain(fmt.Sprintf("listing the runs of task %q", task), err)
	}
	return &runs, nil
}

// explain says what was attempted, and what to do where the cause is not in the server's own words.
func explain(attempt string, err error) error {
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("%s: Sync Center is not installed in this cluster; install it, or choose another cluster with --context: %w", attempt, err)
	}
	return fmt.Errorf("%s: %w", attempt, err)
}
