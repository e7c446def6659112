package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// tasksView shows tasks once, and again when what is shown of them changes.
type tasksView struct {
	*tasksCommand
	table *table
	// begin is when the watch began; ages are compared as if it were still then.
	begin time.Time
	// shown is how each task was shown last.
	shown map[types.NamespacedName]string
}

// follow shows tasks until the person presses Ctrl-C. A watch that ends is begun again.
func (t *tasksCommand) follow(ctx context.Context, cluster *cluster) error {
	ctx, stop := untilInterrupted(ctx)
	defer stop()
	view := &tasksView{tasksCommand: t, begin: t.Now(), shown: map[types.NamespacedName]string{}}
	for failures := 0; ; {
		seen, err := view.followOnce(ctx, cluster)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && isFinal(err):
			return err
		case err != nil && !seen:
			if failures++; failures >= reconnectAttempts {
				return fmt.Errorf("the API server could not be reached %d times in a row: %w", failures, err)
			}
		default:
			failures = 0
		}
		if pause(ctx, reconnectDelay) != nil {
			return nil
		}
	}
}

// followOnce lists the tasks and watches them until the watch ends, and says whether it got as far as a list.
func (v *tasksView) followOnce(ctx context.Context, cluster *cluster) (bool, error) {
	tasks, err := listTasks(ctx, cluster)
	if err != nil {
		return false, err
	}
	if err := v.showList(tasks.Items); err != nil {
		return true, err
	}
	watcher, err := cluster.Watch(ctx, &v1alpha1.SyncTaskList{}, client.InNamespace(cluster.namespace), resumeFrom(tasks.ResourceVersion))
	if err != nil {
		return true, explain("watching tasks", err)
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		if event.Type == watch.Error {
			return true, explain("watching tasks", apierrors.FromObject(event.Object))
		}
		task, ok := event.Object.(*v1alpha1.SyncTask)
		if !ok || event.Type == watch.Bookmark {
			continue
		}
		if err := v.show(task, event.Type == watch.Deleted); err != nil {
			return true, err
		}
	}
	return true, nil
}

// showList shows what is new in a list. Tasks that went while nobody watched are shown as such.
func (v *tasksView) showList(tasks []v1alpha1.SyncTask) error {
	there := map[types.NamespacedName]bool{}
	for i := range tasks {
		there[client.ObjectKeyFromObject(&tasks[i])] = true
		if err := v.add(&tasks[i], false); err != nil {
			return err
		}
	}
	for key := range v.shown {
		if there[key] {
			continue
		}
		gone := &v1alpha1.SyncTask{}
		gone.Namespace, gone.Name = key.Namespace, key.Name
		if err := v.add(gone, true); err != nil {
			return err
		}
	}
	return v.flush()
}

// show shows one task.
func (v *tasksView) show(task *v1alpha1.SyncTask, gone bool) error {
	if err := v.add(task, gone); err != nil {
		return err
	}
	return v.flush()
}

// add shows a task unless it stands on the screen as it is.
func (v *tasksView) add(task *v1alpha1.SyncTask, gone bool) error {
	state, why := stateOf(task)
	if gone {
		state, why = stateDeleted, ""
	}
	key, look := client.ObjectKeyFromObject(task), v.lookOf(task, state, why)
	if v.shown[key] == look {
		return nil
	}
	if v.shown[key] = look; gone {
		delete(v.shown, key)
	}
	if v.output.printer != nil {
		return v.output.printOne(v.Out, task, v1alpha1.KindSyncTask)
	}
	if v.table == nil {
		v.table = v.newTable()
	}
	v.table.row(v.cellsIn(task, state, why)...)
	return nil
}

// lookOf changes when something else is to be shown of a task than that time goes by.
func (v *tasksView) lookOf(task *v1alpha1.SyncTask, state taskState, why string) string {
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
