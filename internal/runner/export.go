package runner

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"time"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/report"
)

// exportAnyway is the way out where no file is stored.
const exportAnyway = "`kubectl synccenter export RUN` builds it from the records."

// export builds and stores the file that the task asks for. That a file cannot be stored never fails a run: the answer says why.
func (e *execution) export(ctx context.Context, outcome *report.Outcome, counts history.Counts) (*report.Export, error) {
	wanted := e.definition.TaskSpec.Export
	if wanted == nil || e.Exports == nil {
		return &report.Export{Reason: string(v1alpha1.ReasonNotRequested), Message: "The task asks for no file; " + exportAnyway}, nil
	}
	if err := e.reporter.stage(ctx, report.Exporting, 0); err != nil {
		return nil, err
	}
	data, err := e.buildExport(ctx, wanted, outcome, counts)
	if err != nil {
		return notExported(err), nil
	}
	object, key, err := e.Exports.Put(ctx, e.attempt.Run+".xlsx", data)
	if errors.Is(err, ErrTooLarge) {
		return &report.Export{Reason: string(v1alpha1.ReasonTooLarge), SizeBytes: int64(len(data)),
			Message: fmt.Sprintf("The file has %d bytes, more than a ConfigMap holds; %s", len(data), exportAnyway)}, nil
	}
	if err != nil {
		return notExported(err), nil
	}
	sum := sha256.Sum256(data)
	return &report.Export{
		Reason: string(v1alpha1.ReasonStored), Message: fmt.Sprintf("The log is in ConfigMap %s under the key %s.", object, key),
		ConfigMap: object, Key: key, SizeBytes: int64(len(data)), SHA256: hex.EncodeToString(sum[:]),
	}, nil
}

func notExported(err error) *report.Export {
	return &report.Export{Reason: string(v1alpha1.ReasonExportFailed), Message: fmt.Sprintf("The file could not be built or stored: %v; %s", err, exportAnyway)}
}

// buildExport makes the Excel file from the stored records.
func (e *execution) buildExport(ctx context.Context, wanted *v1alpha1.Export, outcome *report.Outcome, counts history.Counts) ([]byte, error) {
	zone, err := time.LoadLocation(wanted.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("export.timeZone: %w", err)
	}
	locale, err := history.ParseLocale(string(wanted.Locale))
	if err != nil {
		return nil, fmt.Errorf("export.locale: %w", err)
	}
	d := &e.definition
	summary := &history.Summary{
		Namespace: d.Task.Namespace, Task: d.Task.Name, TaskTitle: d.TaskSpec.DisplayName, Run: d.Run.Name, Sequence: d.Sequence,
		Type: string(d.RunSpec.Type), Mode: string(d.TaskSpec.Trigger.Mode), Phase: string(outcome.Result),
		StartTime: e.reporter.startTime(), SyncTime: outcome.EndTime, Message: outcome.Message, Counts: counts,
	}
	var file bytes.Buffer
	err = history.WriteExcel(&file, summary, e.storedRecords(ctx), history.Presentation{Locale: locale, TimeZone: zone}, "")
	return file.Bytes(), err
}

func (e *execution) storedRecords(ctx context.Context) iter.Seq2[history.Record, error] {
	return func(yield func(history.Record, error) bool) {
		reader, err := artifact.Open(ctx, e.Store, e.scope, recordsStream)
		if err != nil {
			yield(history.Record{}, err)
			return
		}
		history.Decode(reader)(yield)
	}
}
