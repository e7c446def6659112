package synctask

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/syncrun"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/internal/report"
)

// observed is all that a decision or the status may depend on, beside the time.
type observed struct {
	task *v1alpha1.SyncTask
	// faults are what is wrong with the definition.
	faults []fault
	// runs are those of this very task, the newest sequence first.
	runs []v1alpha1.SyncRun
	// lastRunGone: the run that the task names as its last one was deleted before it had ended.
	lastRunGone bool
	// reports are what the runners of those runs told, by the run's uid.
	reports map[types.UID]*report.Report
	// check is the newest check that has told something, or nil.
	check *inspection.Inspection
	// checked is the digest of what a check of the task depends on now.
	checked string
	// accountMissing: the account of the task's runners, or its binding, is not as it should be.
	accountMissing bool
	// forgetting is what a deleted task takes along.
	forgetting forgetting
}

// executing is the run that has started and not ended, or nil.
func (o *observed) executing() *v1alpha1.SyncRun {
	for i := range o.runs {
		run := &o.runs[i]
		if run.Status.Sequence > 0 && run.Status.CompletionTime == nil {
			return run
		}
	}
	return nil
}

// observe reads what concerns the task.
func (r *Reconciler) observe(ctx context.Context, task *v1alpha1.SyncTask) (*observed, error) {
	o := &observed{task: task}
	var reader client.Reader = r.Client
	if !task.DeletionTimestamp.IsZero() {
		// What goes with a task, and whether it may go, is not decided by a cache:
		// it may not know yet of a run that has started.
		reader = r.Live
	}
	var runs v1alpha1.SyncRunList
	err := reader.List(ctx, &runs, client.InNamespace(task.Namespace), client.MatchingFields{syncrun.TaskField: task.Name})
	if err != nil {
		return nil, fmt.Errorf("listing the runs of SyncTask %s/%s: %w", task.Namespace, task.Name, err)
	}
	o.runs = runs.Items
	slices.SortFunc(o.runs, func(a, b v1alpha1.SyncRun) int { return cmp.Compare(b.Status.Sequence, a.Status.Sequence) })
	if o.lastRunGone, err = r.lastRunGone(ctx, o); err != nil {
		return nil, err
	}
	if err := r.observeReports(ctx, o); err != nil {
		return nil, err
	}
	if err := r.observeCheck(ctx, o); err != nil {
		return nil, err
	}
	if !task.DeletionTimestamp.IsZero() {
		return o, r.observeForgetting(ctx, o)
	}
	if o.accountMissing, err = r.accountMissing(ctx, task.Namespace); err != nil {
		return nil, err
	}
	tasks, err := r.sameOwner(ctx, task)
	if err != nil {
		return nil, err
	}
	o.faults = faultsOf(task, tasks)
	return o, nil
}

// reportLimit is how many of the newest executions are asked for what they told.
const reportLimit = 10

// atRest says whether the status shows already what all runs told: the newest
// one has ended and is remembered, under the present definition. So a manager
// that starts asks for no report of thousands of tasks.
func (o *observed) atRest() bool {
	if o.task.Status.ObservedGeneration != o.task.Generation || len(o.runs) == 0 || o.executing() != nil {
		return false
	}
	return slices.ContainsFunc(o.task.Status.RecentExecutions, func(e v1alpha1.RecentExecution) bool { return e.UID == o.runs[0].UID })
}

// observeReports reads what the newest executions told, until everything that
// the status shows is known. It reads live: a run that has just ended must not
// be shown with what it told before.
func (r *Reconciler) observeReports(ctx context.Context, o *observed) error {
	o.reports = map[types.UID]*report.Report{}
	if o.atRest() {
		return nil
	}
	var source, target, state bool
	for i := range o.runs[:min(len(o.runs), reportLimit)] {
		run := &o.runs[i]
		if run.Status.Sequence == 0 || (source && target && state) {
			return nil
		}
		facts, err := r.readReport(ctx, run)
		if err != nil {
			return err
		}
		if facts == nil {
			continue
		}
		o.reports[run.UID] = facts
		source, target, state = source || facts.Source != nil, target || facts.Target != nil, state || facts.State != nil
	}
	return nil
}

// readReport reads the report of one run, or nil. One that cannot be understood
// is shown by its run; the task goes on with what it knows.
func (r *Reconciler) readReport(ctx context.Context, run *v1alpha1.SyncRun) (*report.Report, error) {
	name, err := cluster.ReportName(run.UID)
	if err != nil {
		return nil, err
	}
	var object v1alpha1.SyncArtifact
	key := types.NamespacedName{Namespace: run.Namespace, Name: name}
	switch err := r.Live.Get(ctx, key, &object); {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading SyncArtifact %s: %w", key, err)
	}
	if facts, err := cluster.DecodeReport(&object); err == nil && facts.RunUID == string(run.UID) {
		return &facts, nil
	}
	return nil, nil
}
