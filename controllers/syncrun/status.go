package syncrun

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition"
	"synccenter.dev/synccenter/controllers/runnerjob"
	"synccenter.dev/synccenter/internal/report"
)

// status is how the run looks after a step, whether the step succeeded or not.
// A run that has ended looks the same for ever.
func status(o *observed, s step, stepErr error, now time.Time) v1alpha1.SyncRunStatus {
	result := *o.run.Status.DeepCopy()
	if isComplete(o.run) || (s.isSilent() && stepErr == nil) {
		return result
	}
	if s.reason == v1alpha1.ReasonRestoredCopy {
		// What a backup says of the status happened to another object.
		result = v1alpha1.SyncRunStatus{}
	}
	result.ObservedGeneration = o.run.Generation
	stamp := metav1.NewTime(now.Truncate(time.Second))
	if sequence := o.sequence(); sequence > 0 && result.Sequence == 0 {
		result.Sequence, result.StartTime = sequence, &stamp
		result.Mode = o.task.Spec.Trigger.Mode
	}
	if o.executed != nil {
		result.Task = o.executed
	}
	if name := jobName(o, s, stepErr); name != "" {
		result.Job = &v1alpha1.JobReference{Name: name}
	}
	if o.report != nil {
		applyReport(&result, o.report)
	}
	if s.phase != "" {
		complete(&result, o, s, stamp)
	} else {
		incomplete(&result, o, s, stepErr, stamp)
	}
	result.Message = condition.Bound(result.Message, condition.MessageLimit)
	return result
}

// jobName is the newest Job that is known to exist.
func jobName(o *observed, s step, stepErr error) string {
	switch {
	case s.action == createJob && stepErr == nil:
		return runnerjob.Name(o.run.Name, s.attempt.Number)
	case o.job != nil:
		return o.job.Name
	}
	return ""
}

// incomplete shows what a run that has not ended does or waits for. A step that
// failed says so.
func incomplete(result *v1alpha1.SyncRunStatus, o *observed, s step, stepErr error, stamp metav1.Time) {
	reason, message := s.reason, s.message
	if stepErr != nil && !isConflict(stepErr) {
		message = "This did not succeed and is tried again: " + stepErr.Error()
		if s.action == saveDefinition {
			reason = v1alpha1.ReasonDefinitionNotSaved
		}
	}
	result.Message = message
	result.Phase = v1alpha1.PhasePending
	if o.report != nil && o.report.Stage != "" {
		result.Phase = phases[o.report.Stage]
	}
	set := condition.Setter{Conditions: &result.Conditions, Generation: o.run.Generation, Now: stamp.Time}
	set.Set(v1alpha1.ConditionComplete, metav1.ConditionFalse, reason, message)
}

// phases are the stages of a runner as people see them.
var phases = map[report.Stage]v1alpha1.Phase{
	report.Reading:   v1alpha1.PhaseReading,
	report.Planning:  v1alpha1.PhasePlanning,
	report.Applying:  v1alpha1.PhaseApplying,
	report.Exporting: v1alpha1.PhaseExporting,
}

// complete shows how a run ended.
func complete(result *v1alpha1.SyncRunStatus, o *observed, s step, stamp metav1.Time) {
	result.Phase, result.Message, result.Progress = s.phase, s.message, nil
	result.CompletionTime = &stamp
	if outcome := o.outcome(); outcome != nil && !outcome.EndTime.IsZero() {
		end := metav1.NewTime(outcome.EndTime.Truncate(time.Second))
		result.CompletionTime = &end
	}
	succeeded := metav1.ConditionFalse
	if s.phase == v1alpha1.PhaseSucceeded {
		succeeded = metav1.ConditionTrue
	}
	set := condition.Setter{Conditions: &result.Conditions, Generation: o.run.Generation, Now: stamp.Time}
	set.Set(v1alpha1.ConditionComplete, metav1.ConditionTrue, s.reason, s.message)
	set.Set(v1alpha1.ConditionSucceeded, succeeded, s.reason, s.message)
	if o.report != nil && o.report.Export != nil {
		setExported(set, o.report.Export)
	}
}

// setExported says whether the log was stored as a file.
func setExported(set condition.Setter, export *report.Export) {
	reason, exported := v1alpha1.Reason(export.Reason), metav1.ConditionFalse
	if reason == v1alpha1.ReasonStored {
		exported = metav1.ConditionTrue
	} else if !condition.Known(v1alpha1.KindSyncRun, v1alpha1.ConditionExported, exported, reason) {
		reason = v1alpha1.ReasonExportFailed
	}
	message := export.Message
	if message == "" {
		message = exportSentences[reason]
	}
	set.Set(v1alpha1.ConditionExported, exported, reason, message)
}

var exportSentences = map[v1alpha1.Reason]string{
	v1alpha1.ReasonStored:       "The log is stored where status.export says.",
	v1alpha1.ReasonTooLarge:     "The file does not fit into a ConfigMap. \"kubectl synccenter export\" builds it from the records.",
	v1alpha1.ReasonNotRequested: "The task stores no file. \"kubectl synccenter export\" builds one from the records.",
	v1alpha1.ReasonExportFailed: "The file could not be stored. \"kubectl synccenter export\" builds it from the records.",
}
