package retention

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// crowded are tasks of which a look through the store has found that they leave
// too little room. Nothing is lost when they are forgotten: the next look, or the
// next run, finds them again.
type crowded struct {
	mu    sync.Mutex
	tasks map[types.NamespacedName]bool
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// serve gives the tasks that are found from now on to a controller.
func (c *crowded) serve(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = queue
	return nil
}

func (c *crowded) add(task types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tasks == nil {
		c.tasks = map[types.NamespacedName]bool{}
	}
	c.tasks[task] = true
	if c.queue != nil {
		c.queue.Add(reconcile.Request{NamespacedName: task})
	}
}

func (c *crowded) has(task types.NamespacedName) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tasks[task]
}

func (c *crowded) drop(task types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.tasks, task)
}

// hint names the tasks that leave too little room for their next run, and of a
// namespace that does so one task: a run may have been stored while no manager
// was there to make room. It says where the state of deleted tasks takes room.
func (s *Sweeper) hint(ctx context.Context, f *findings) error {
	var tasks v1alpha1.SyncTaskList
	if err := s.Client.List(ctx, &tasks, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing the tasks to find those that store much: %w", err)
	}
	for i := range tasks.Items {
		task := &tasks.Items[i]
		key := client.ObjectKeyFromObject(task)
		delete(f.states, key)
		limits := marksOf(s.Budget, linksOf(task))
		if f.tasks[key] > limits.task || f.namespaces[key.Namespace] > limits.all {
			s.crowded.add(key)
			delete(f.namespaces, key.Namespace) // one task makes room for all
		}
	}
	for key, bytes := range f.states {
		log.FromContext(ctx).Info("The state of a task that is not there is kept, and counts in the budget of its namespace",
			"namespace", key.Namespace, "task", key.Name, "bytes", bytes)
	}
	return nil
}
