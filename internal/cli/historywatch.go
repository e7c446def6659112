package cli

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// phaseDeleted is shown of a run that went while somebody looks.
const phaseDeleted v1alpha1.Phase = "Deleted"

// historyView shows the runs of a task as they change.
type historyView struct {
	*historyCommand
	table *table
}

// follow shows the runs until the person presses Ctrl-C.
func (h *historyCommand) follow(ctx context.Context, cluster *cluster) error {
	view := &historyView{historyCommand: h}
	list := &followed[*v1alpha1.SyncRun]{
		what: "runs of task " + h.task, look: view.look, show: view.show, flush: view.flush,
		each: func(ctx context.Context, visit func(*v1alpha1.SyncRun) error) (string, error) {
			runs, err := cluster.runsOf(ctx, h.task)
			if err != nil {
				return "", err
			}
			slices.SortFunc(runs.Items, newestFirst)
			for i := range runs.Items {
				if err := visit(&runs.Items[i]); err != nil {
					return "", err
				}
			}
			return runs.ResourceVersion, nil
		},
		watch: func(ctx context.Context, from resumeFrom) (watch.Interface, error) {
			return cluster.Watch(ctx, &v1alpha1.SyncRunList{}, client.InNamespace(cluster.namespace), runsOfTask(h.task), from)
		},
		named: func(key types.NamespacedName) *v1alpha1.SyncRun {
			run := &v1alpha1.SyncRun{}
			run.Namespace, run.Name = key.Namespace, key.Name
			return run
		},
	}
	return list.follow(ctx)
}

func (v *historyView) show(run *v1alpha1.SyncRun, gone bool) error {
	if v.output.printer != nil {
		return v.output.printOne(v.Out, run, v1alpha1.KindSyncRun)
	}
	if v.table == nil {
		v.table = v.newTable()
	}
	v.table.row(v.cellsIn(run, phaseSeen(run, gone))...)
	return nil
}

func (v *historyView) look(run *v1alpha1.SyncRun, gone bool) string {
	if v.output.printer != nil {
		return string(phaseSeen(run, gone)) + run.ResourceVersion
	}
	return strings.Join(v.cellsIn(run, phaseSeen(run, gone)), "\x00")
}

// phaseSeen is the phase of a run, also of one that is gone.
func phaseSeen(run *v1alpha1.SyncRun, gone bool) v1alpha1.Phase {
	if gone {
		return phaseDeleted
	}
	return shownPhase(run)
}

func (v *historyView) flush() error {
	if v.table == nil {
		return nil
	}
	return v.table.flush()
}
