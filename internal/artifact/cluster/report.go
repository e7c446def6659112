package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/report"
)

// reportStream is the name that a run's report has instead of a stream's.
const reportStream = "report"

// ReportName is the name of the object that holds the report of a run.
func ReportName(runUID types.UID) (string, error) {
	return objectName(artifact.Scope{Run: string(runUID)}, v1alpha1.ArtifactReport, reportStream)
}

// Reports keeps the report of one run, each time in place of the last. It is not safe for concurrent use.
type Reports struct {
	store *Store
	// revision is that of the report written last; empty before the first.
	revision string
}

// NewReports keeps the report of the run that options name as the writer.
func NewReports(options Options) *Reports { return &Reports{store: New(options)} }

// Last is the report that is stored, or nil when there is none yet.
func (r *Reports) Last(ctx context.Context) (*report.Report, error) {
	object, err := r.stored(ctx)
	if errors.Is(err, artifact.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the report: %w", err)
	}
	facts, err := DecodeReport(object)
	if err != nil {
		return nil, err
	}
	return &facts, nil
}

// Put replaces the report. artifact.ErrConflict means that a later attempt of the run has spoken: this one must stop.
func (r *Reports) Put(ctx context.Context, next *report.Report) error {
	facts := *next
	facts.SchemaVersion = report.SchemaVersion
	data, err := json.Marshal(facts)
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	object, err := r.store.object(artifact.Scope{Run: facts.RunUID}, v1alpha1.ArtifactReport, reportStream, data)
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	for {
		revision, err := r.write(ctx, object)
		if err == nil {
			r.revision = revision
			return nil
		}
		if !errors.Is(err, artifact.ErrConflict) {
			return fmt.Errorf("writing the report: %w", err)
		}
		if err := r.catchUp(ctx, facts.Attempt); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
	}
}

func (r *Reports) write(ctx context.Context, object *v1alpha1.SyncArtifact) (string, error) {
	object.ResourceVersion = r.revision
	if r.revision == "" {
		return r.store.create(ctx, object)
	}
	return r.store.update(ctx, object)
}

func (r *Reports) stored(ctx context.Context) (*v1alpha1.SyncArtifact, error) {
	scope := artifact.Scope{Run: string(r.store.options.Writer.UID)}
	return r.store.get(ctx, scope, v1alpha1.ArtifactReport, reportStream)
}

// catchUp takes over the revision of a report that an earlier pod wrote.
func (r *Reports) catchUp(ctx context.Context, attempt int) error {
	stored, err := r.stored(ctx)
	if errors.Is(err, artifact.ErrNotFound) {
		r.revision = ""
		return nil
	}
	if err != nil {
		return err
	}
	there, err := DecodeReport(stored)
	if err != nil {
		return err
	}
	if there.Attempt > attempt {
		return fmt.Errorf("attempt %d of this run has reported and this is attempt %d: %w", there.Attempt, attempt, artifact.ErrConflict)
	}
	r.revision = stored.ResourceVersion
	return nil
}

// DecodeReport reads the report in an object. It is written by a pod in the task's namespace, so the reader trusts it for its own run alone.
func DecodeReport(object *v1alpha1.SyncArtifact) (report.Report, error) {
	// The version is looked at first: a newer report may have fields of other types.
	var head struct {
		SchemaVersion int `json:"schemaVersion"`
	}
	if err := json.Unmarshal(object.Data, &head); err == nil && head.SchemaVersion > report.SchemaVersion {
		return report.Report{}, fmt.Errorf("the report in SyncArtifact %q has schema version %d and this program knows %d: %w; update the manager",
			object.Name, head.SchemaVersion, report.SchemaVersion, artifact.ErrNewer)
	}
	var facts report.Report
	if err := json.Unmarshal(object.Data, &facts); err != nil {
		return report.Report{}, fmt.Errorf("the report in SyncArtifact %q: %w: %v", object.Name, artifact.ErrCorrupt, err)
	}
	if facts.RunUID != string(object.Writer.UID) {
		return report.Report{}, fmt.Errorf("the report in SyncArtifact %q: %w: it is about run %q and written by %q",
			object.Name, artifact.ErrCorrupt, facts.RunUID, object.Writer.UID)
	}
	return facts, nil
}
