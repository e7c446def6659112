package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	artifactcluster "synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/history"
)

// recordsStream is the stream of a run that holds its records.
const recordsStream = "records"

// readerRole is the ClusterRole that lets people read records.
const readerRole = "synccenter-artifact-reader"

// errNoRecords says that a run has no whole records, now or ever.
var errNoRecords = errors.New("no records")

// records opens the records of a run. They are read while the caller takes them.
func (c *cluster) records(ctx context.Context, run *v1alpha1.SyncRun) (iter.Seq2[history.Record, error], error) {
	store := artifactcluster.New(artifactcluster.Options{Client: c, Namespace: run.Namespace, Task: run.Spec.TaskRef.Name})
	reader, err := artifact.Open(ctx, store, artifact.Scope{Run: string(run.UID)}, recordsStream)
	switch {
	case errors.Is(err, artifact.ErrNotFound):
		return nil, fmt.Errorf("run %q has %w: %s", run.Name, errNoRecords, whyNoRecords(run))
	case apierrors.IsForbidden(err):
		return nil, c.forbidden(run, err)
	case err != nil:
		return nil, fmt.Errorf("reading the records of run %q: %w", run.Name, err)
	}
	return c.named(run, history.Decode(reader)), nil
}

// named says of each error whose records it is about.
func (c *cluster) named(run *v1alpha1.SyncRun, records iter.Seq2[history.Record, error]) iter.Seq2[history.Record, error] {
	return func(yield func(history.Record, error) bool) {
		for record, err := range records {
			if apierrors.IsForbidden(err) {
				err = c.forbidden(run, err)
			} else if err != nil {
				err = fmt.Errorf("the records of run %q: %w", run.Name, err)
			}
			if !yield(record, err) {
				return
			}
		}
	}
}

func (c *cluster) forbidden(run *v1alpha1.SyncRun, err error) error {
	return c.mayNotRead(fmt.Sprintf("the records of run %q", run.Name), run.Namespace, err)
}

// whyNoRecords says what that means and what to do.
func whyNoRecords(run *v1alpha1.SyncRun) string {
	switch {
	case !isComplete(run):
		return "they are whole when the run is over; until then its status is all there is"
	case meta.IsStatusConditionFalse(run.Status.Conditions, v1alpha1.ConditionDetailsKept):
		kept := meta.FindStatusCondition(run.Status.Conditions, v1alpha1.ConditionDetailsKept)
		return fmt.Sprintf("on %s they were removed; the counts in its status stay. %s",
			kept.LastTransitionTime.UTC().Format(time.DateOnly), strings.TrimSuffix(kept.Message, "."))
	case run.Status.Records != nil && run.Status.Records.Count > 0:
		return "they were removed; the counts in its status stay"
	}
	return "it ended before it had a plan; its message says why"
}
