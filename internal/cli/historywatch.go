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

// follow shows the runs until the person presses Ctrl-C.
func (h *historyCommand) follow(ctx context.Context, cluster *cluster) error {
	list := &followed[*v1alpha1.SyncRun]{
		what: "runs of task " + h.task, look: h.look, newTable: h.newTable, output: h.output, kind: v1alpha1.KindSyncRun, out: h.Out,
		cells: func(run *v1alpha1.SyncRun, gone bool) []string { return h.cellsIn(run, phaseSeen(run, gone)) },
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

// look changes when something else is to be shown of a run.
func (h *historyCommand) look(run *v1alpha1.SyncRun, gone bool) string {
	if h.output.printer != nil {
		return string(phaseSeen(run, gone)) + run.ResourceVersion
	}
	return strings.Join(h.cellsIn(run, phaseSeen(run, gone)), "\x00")
}

// phaseSeen is the phase of a run, also of one that is gone.
func phaseSeen(run *v1alpha1.SyncRun, gone bool) v1alpha1.Phase {
	if gone {
		return phaseDeleted
	}
	return shownPhase(run)
}
