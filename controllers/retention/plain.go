package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/history"
)

const (
	recordsStream = "records"
	// storeTimeout bounds what a reconcile spends on the records of one run.
	storeTimeout = 2 * time.Minute
)

// countPlain puts a number in the place of the records of entries without a
// change. The stream is replaced as a whole: whoever reads meets the one or the
// other, and both count the same. Doing it again changes nothing.
func (r *Reconciler) countPlain(ctx context.Context, run *v1alpha1.SyncRun, loss loss) error {
	storeCtx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	store := cluster.New(cluster.Options{
		Client: r.Direct, Namespace: run.Namespace, Task: run.Spec.TaskRef.Name,
		Writer: v1alpha1.ArtifactWriter{Run: run.Name, UID: run.UID},
	})
	content, err := condense(storeCtx, store, artifact.Scope{Run: string(run.UID)})
	switch {
	case errors.Is(err, artifact.ErrNotFound), errors.Is(err, artifact.ErrCorrupt), errors.Is(err, artifact.ErrNewer):
		// They stay as they are. Whoever looks into them is told the same.
		log.FromContext(ctx).Info("The records of entries without a change stay as they are", "run", run.Name, "why", err.Error())
		loss.message = "Nothing was changed of the records, since they could not be read."
	case err != nil:
		return fmt.Errorf("condensing the records of SyncRun %s/%s: %w", run.Namespace, run.Name, err)
	default:
		run.Status.Records.Bytes, run.Status.Records.Digest = content.StoredBytes, v1alpha1.Digest("sha256:"+content.SHA256)
	}
	if err := r.removeLeftovers(ctx, run); err != nil {
		return err
	}
	set := r.conditions(run)
	set.Set(v1alpha1.ConditionDetailsKept, metav1.ConditionTrue, loss.reason, loss.message)
	return r.writeStatus(ctx, run)
}

// removeLeftovers removes what the pod of an ended run was killed before it could remove.
func (r *Reconciler) removeLeftovers(ctx context.Context, run *v1alpha1.SyncRun) error {
	return r.removeItems(ctx, run, func(item cluster.Item) bool { return isLeftover(item, run) })
}

// condense rewrites the records of a run. It holds a few bytes for each entry,
// and one chunk at a time.
func condense(ctx context.Context, store artifact.Store, scope artifact.Scope) (artifact.Content, error) {
	_, revision, err := artifact.Stat(ctx, store, scope, recordsStream)
	if err != nil {
		return artifact.Content{}, err
	}
	reader, err := artifact.Open(ctx, store, scope, recordsStream)
	if err != nil {
		return artifact.Content{}, err
	}
	writer, err := artifact.NewWriter(ctx, store, scope, recordsStream, revision)
	if err != nil {
		return artifact.Content{}, err
	}
	encoder := history.NewEncoder(writer)
	var counter history.Counter
	for record, err := range history.Decode(reader) {
		if err != nil {
			return artifact.Content{}, err
		}
		counter.Add(&record)
		if record.IsPlain() {
			continue
		}
		if err := encoder.Encode(&record); err != nil {
			return artifact.Content{}, err
		}
	}
	for _, number := range counter.Numbers() {
		if err := encoder.Encode(&number); err != nil {
			return artifact.Content{}, err
		}
	}
	content, _, err := writer.Commit(ctx)
	return content, err
}
