package cli

import (
	"context"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// follow shows tasks until the person presses Ctrl-C.
func (t *tasksCommand) follow(ctx context.Context, cluster *cluster) error {
	begin := t.Now() // ages are compared as if it were still then
	list := &followed[*v1alpha1.SyncTask]{
		what: "tasks", each: cluster.eachTask, newTable: t.newTable, output: t.output, kind: v1alpha1.KindSyncTask, out: t.Out,
		look: func(task *v1alpha1.SyncTask, gone bool) string { return t.look(task, gone, begin) },
		cells: func(task *v1alpha1.SyncTask, gone bool) []string {
			state, why := stateShown(task, gone)
			return t.cellsIn(task, state, why)
		},
		watch: func(ctx context.Context, from resumeFrom) (watch.Interface, error) {
			return cluster.Watch(ctx, &v1alpha1.SyncTaskList{}, client.InNamespace(cluster.namespace), from)
		},
		named: func(key types.NamespacedName) *v1alpha1.SyncTask {
			task := &v1alpha1.SyncTask{}
			task.Namespace, task.Name = key.Namespace, key.Name
			return task
		},
	}
	return list.follow(ctx)
}

// stateShown is the state of a task, also of one that is gone.
func stateShown(task *v1alpha1.SyncTask, gone bool) (taskState, string) {
	if gone {
		return stateDeleted, ""
	}
	return stateOf(task)
}

// look changes when something else is to be shown of a task than that time goes by.
func (t *tasksCommand) look(task *v1alpha1.SyncTask, gone bool, begin time.Time) string {
	state, why := stateShown(task, gone)
	if t.output.printer != nil {
		return string(state) + task.ResourceVersion
	}
	still := *t
	options := *t.Options
	options.Now = func() time.Time { return begin }
	still.Options = &options
	return strings.Join(still.cellsIn(task, state, why), "\x00")
}
