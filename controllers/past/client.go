package past

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// TaskField is the field by which the runs of a task are selected.
const TaskField = "spec.taskRef.name"

// Client makes a client whose cache holds the runs that have not ended alone
// into one that lists all runs, the ended ones as this package remembers them,
// and that gets an ended run from the API server.
func (r *Runs) Client(inner client.Client, live client.Reader) client.Client {
	return &wholeClient{Client: inner, live: live, runs: r}
}

type wholeClient struct {
	client.Client
	live client.Reader
	runs *Runs
}

// Get reads a run that has ended from the API server.
func (c *wholeClient) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	err := c.Client.Get(ctx, key, object, options...)
	if _, run := object.(*v1alpha1.SyncRun); run && apierrors.IsNotFound(err) {
		return c.live.Get(ctx, key, object)
	}
	return err
}

// List adds the runs that have ended to those that have not. Those that go on
// are read first: one that ends meanwhile is there in any case.
//
// The two come by two watches. A run whose end one of them has told and the other
// has not yet is missing for that moment; whoever asked is told when it is there.
// So nobody may conclude from a list that a run is gone or has not started: that
// is asked of the API server.
func (c *wholeClient) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	if err := c.Client.List(ctx, list, options...); err != nil {
		return err
	}
	runs, ok := list.(*v1alpha1.SyncRunList)
	if !ok {
		return nil
	}
	var chosen client.ListOptions
	chosen.ApplyOptions(options)
	task := types.NamespacedName{Namespace: chosen.Namespace}
	if chosen.FieldSelector != nil {
		name, exact := chosen.FieldSelector.RequiresExactMatch(TaskField)
		if !exact || len(chosen.FieldSelector.Requirements()) != 1 {
			return fmt.Errorf("listing SyncRuns by %q: the manager knows ended runs by %s alone", chosen.FieldSelector, TaskField)
		}
		task.Name = name
	}
	if chosen.LabelSelector != nil {
		return fmt.Errorf("listing SyncRuns by labels %q: the manager does not know those of ended runs", chosen.LabelSelector)
	}
	runs.Items = join(runs.Items, c.ofTask(task))
	return nil
}

func (c *wholeClient) ofTask(task types.NamespacedName) []v1alpha1.SyncRun {
	if task.Namespace != "" || task.Name == "" {
		return c.runs.Of(task)
	}
	var result []v1alpha1.SyncRun
	for _, run := range c.runs.Of(types.NamespacedName{}) {
		if run.Spec.TaskRef.Name == task.Name {
			result = append(result, run)
		}
	}
	return result
}

// join puts ended runs behind those that go on. One that is in both has just ended.
func join(going, ended []v1alpha1.SyncRun) []v1alpha1.SyncRun {
	over := make(map[types.UID]bool, len(ended))
	for i := range ended {
		over[ended[i].UID] = true
	}
	result := make([]v1alpha1.SyncRun, 0, len(going)+len(ended))
	for i := range going {
		if !over[going[i].UID] {
			result = append(result, going[i])
		}
	}
	return append(result, ended...)
}
