package syncrun

import (
	"cmp"
	"fmt"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/report"
)

// The limits of the API on what a directory may put into a status.
const (
	failureLimit        = 10
	failureNameLimit    = 1024
	failureReasonLimit  = 128
	failureMessageLimit = 1024
)

// applyReport puts a runner's facts into a status. What the report does not
// speak of stays as it is.
func applyReport(result *v1alpha1.SyncRunStatus, facts *report.Report) {
	if facts.Stage != "" {
		result.Progress = &v1alpha1.Progress{Stage: string(facts.Stage), Done: facts.Done, Total: facts.Total}
	}
	if facts.Plan != nil {
		result.Plan = &v1alpha1.PlanStatus{Digest: v1alpha1.Digest(facts.Plan.Digest), Operations: facts.Plan.Operations}
	}
	if facts.Counts != nil {
		result.Organizations = subjectCounts(facts.Counts.Organizations)
		result.Users = subjectCounts(facts.Counts.Users)
		result.Operations = operationCounts(facts.Counts.Operations)
		result.Failures = failuresOf(facts.Counts.Failures)
	}
	if facts.Records != nil {
		result.Records = &v1alpha1.RecordsStatus{
			Count: facts.Records.Count, Bytes: facts.Records.Bytes, Digest: v1alpha1.Digest(facts.Records.Digest),
		}
	}
	if export := facts.Export; export != nil && export.ConfigMap != "" {
		result.Export = &v1alpha1.ExportStatus{
			ConfigMap: &v1alpha1.ConfigMapFile{Name: export.ConfigMap, Key: export.Key},
			SizeBytes: export.SizeBytes, SHA256: export.SHA256,
		}
	}
}

func subjectCounts(tally history.Tally) *v1alpha1.SubjectCounts {
	return &v1alpha1.SubjectCounts{
		Total:          tally.Total,
		Succeeded:      tally.Succeeded,
		Updates:        v1alpha1.UpdateCounts{Total: tally.UpdatesTotal, Succeeded: tally.UpdatesSucceeded},
		Summary:        fmt.Sprintf("%d/%d", tally.Succeeded, tally.Total),
		UpdatesSummary: fmt.Sprintf("%d/%d", tally.UpdatesSucceeded, tally.UpdatesTotal),
	}
}

func operationCounts(counts []history.OperationCount) []v1alpha1.OperationCounts {
	var result []v1alpha1.OperationCounts
	for _, count := range counts {
		result = append(result, v1alpha1.OperationCounts{
			Operation: v1alpha1.OperationType(count.Operation),
			Planned:   count.Planned,
			Succeeded: count.Succeeded,
			Failed:    count.Failed,
			Skipped:   count.Skipped,
			Held:      count.Held,
		})
	}
	return result
}

// failuresOf shows the first failed records. Their words come from a directory,
// so each is bounded, and an empty one cannot make the whole status invalid.
func failuresOf(records []history.Record) []v1alpha1.Failure {
	var result []v1alpha1.Failure
	for _, record := range records[:min(len(records), failureLimit)] {
		result = append(result, v1alpha1.Failure{
			Subject:   v1alpha1.Subject(record.Subject),
			ID:        condition.Bound(cmp.Or(record.SourceID, record.TargetID), failureNameLimit),
			Name:      condition.Bound(record.Name, failureNameLimit),
			Operation: v1alpha1.OperationType(record.Operation),
			Reason:    condition.Bound(cmp.Or(record.Reason, string(v1alpha1.ReasonFailed)), failureReasonLimit),
			Message:   condition.Bound(record.Message, failureMessageLimit),
		})
	}
	return result
}
