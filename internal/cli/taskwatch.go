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

// tasksView shows tasks as they change.
type tasksView struct {
	*tasksCommand
	table *table
	// begin is when the watch began; ages are compared as if it were still then.
	begin time.Time
}

// follow shows tasks until the person presses Ctrl-C.
func (t *tasksCommand) follow(ctx context.Context, cluster *cluster) error {
	view := &tasksView{tasksCommand: t, begin: t.Now()}
	list := &followed[*v1alpha1.SyncTask]{
		what: "tasks", each: cluster.eachTask, look: view.look, show: view.show, flush: view.flush,
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

func (v *tasksView) show(task *v1alpha1.SyncTask, gone bool) error {
	if v.output.printer != nil {
		return v.output.printOne(v.Out, task, v1alpha1.KindSyncTask)
	}
	if v.table == nil {
		v.table = v.newTable()
	}
	state, why := stateShown(task, gone)
	v.table.row(v.cellsIn(task, state, why)...)
	return nil
}

// look changes when something else is to be shown of a task than that time goes by.
func (v *tasksView) look(task *v1alpha1.SyncTask, gone bool) string {
	state, why := stateShown(task, gone)
	if v.output.printer != nil {
		return string(state) + task.ResourceVersion
	}
	still := *v.tasksCommand
	options := *v.Options
	options.Now = func() time.Time { return v.begin }
	still.Options = &options
	return strings.Join(still.cellsIn(task, state, why), "\x00")
}

func (v *tasksView) flush() error {
	if v.table == nil {
		return nil
	}
	return v.table.flush()
}
