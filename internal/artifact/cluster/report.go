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

// Reports writes the report of one run, each time in place of the last. It is not safe for concurrent use.
type Reports struct {
	store *Store
	// revision is that of the report written last; empty before the first.
	revision string
}

// NewReports makes a writer of the report of the run that options name.
func NewReports(options Options) *Reports { return &Reports{store: New(options)} }

// Write replaces the report. artifact.ErrConflict means that a later attempt of the run has spoken: this one must stop.
func (r *Reports) Write(ctx context.Context, facts report.Report) error {
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
		next, err := r.put(ctx, object)
		if err == nil {
			r.revision = next
			return nil
		}
		if !errors.Is(err, artifact.ErrConflict) {
			return fmt.Errorf("writing the report: %w", err)
		}
		if err := r.catchUp(ctx, facts); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
	}
}

func (r *Reports) put(ctx context.Context, object *v1alpha1.SyncArtifact) (string, error) {
	object.ResourceVersion = r.revision
	if r.revision == "" {
		return r.store.create(ctx, object)
	}
	return r.store.update(ctx, object)
}

// catchUp takes over the revision of a report that an earlier pod wrote.
func (r *Reports) catchUp(ctx context.Context, facts report.Report) error {
	stored, err := r.store.get(ctx, artifact.Scope{Run: facts.RunUID}, v1alpha1.ArtifactReport, reportStream)
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
	if there.Attempt > facts.Attempt {
		return fmt.Errorf("attempt %d of this run has reported and this is attempt %d: %w", there.Attempt, facts.Attempt, artifact.ErrConflict)
	}
	r.revision = stored.ResourceVersion
	return nil
}

// ReadReport gives the report of a run as it is now, or artifact.ErrNotFound.
func (s *Store) ReadReport(ctx context.Context, runUID types.UID) (report.Report, error) {
	object, err := s.get(ctx, artifact.Scope{Run: string(runUID)}, v1alpha1.ArtifactReport, reportStream)
	if err != nil {
		return report.Report{}, err
	}
	return DecodeReport(object)
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
