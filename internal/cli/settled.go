package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"synccenter.dev/synccenter/api/v1alpha1"
)

const (
	// settlePatience is how long the task may take to show how its run ended. The manager writes it in the next moment, unless it restarts.
	settlePatience = 10 * time.Second
	// settleInterval is the time between two looks.
	settleInterval = 200 * time.Millisecond
)

// awaitTask waits until the task of a run that is over shows how it ended, so that whoever looks at the task next does not find it running
// still, or without the removals that wait. The run's own outcome is known, so nothing that goes wrong here is an error.
func (o *Options) awaitTask(ctx context.Context, cluster *cluster, run *v1alpha1.SyncRun) {
	if run.Status.Sequence == 0 {
		return // it was no execution, and no task shows it
	}
	patience, stop := context.WithTimeout(ctx, settlePatience)
	defer stop()
	for {
		task, err := cluster.task(patience, run.Spec.TaskRef.Name)
		switch {
		case err == nil && showsEnd(task, run):
			return
		case err != nil && isFinal(err):
			return // it is gone, or may not be read
		}
		if pause(patience, settleInterval) == nil {
			continue
		}
		if ctx.Err() == nil {
			fmt.Fprintf(o.ErrOut, "Note: the run is over, but task %s does not show it yet; \"kubectl synccenter tasks --watch\" shows when it does.\n", run.Spec.TaskRef.Name)
		}
		return
	}
}

// showsEnd reports that the status of a task knows how a run ended. The manager writes all that it knows of a run at once.
func showsEnd(task *v1alpha1.SyncTask, run *v1alpha1.SyncRun) bool {
	if last := task.Status.LastRun; last != nil && last.UID == run.UID {
		if _, ended := endedStates[last.Phase]; !ended {
			return false
		}
	}
	return slices.ContainsFunc(task.Status.RecentExecutions, func(e v1alpha1.RecentExecution) bool { return e.UID == run.UID })
}
