// Package conditiontest checks the conditions of an object against rules that
// hold after every scenario, whatever the scenario was about.
package conditiontest

import (
	"fmt"
	"testing"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/controllers/condition"
)

// Run checks a SyncRun.
func Run(t testing.TB, run *v1alpha1.SyncRun) {
	t.Helper()
	failures := general(v1alpha1.KindSyncRun, run.Generation, run.Status.ObservedGeneration, run.Status.Conditions)
	complete := meta.FindStatusCondition(run.Status.Conditions, v1alpha1.ConditionComplete)
	succeeded := meta.FindStatusCondition(run.Status.Conditions, v1alpha1.ConditionSucceeded)
	ended := complete != nil && complete.Status == metav1.ConditionTrue
	switch {
	case complete == nil:
		failures = append(failures, "Complete is missing")
	case ended && succeeded == nil:
		failures = append(failures, "Complete is True and Succeeded is missing")
	case !ended && succeeded != nil:
		failures = append(failures, "Succeeded is set before Complete is True")
	case ended && (succeeded.Status == metav1.ConditionTrue) != (run.Status.Phase == v1alpha1.PhaseSucceeded):
		failures = append(failures, fmt.Sprintf("Succeeded is %s in phase %s", succeeded.Status, run.Status.Phase))
	}
	if ended && run.Status.CompletionTime == nil {
		failures = append(failures, "Complete is True without a completionTime")
	}
	if ended && run.Status.Progress != nil {
		failures = append(failures, "Complete is True and progress is still shown")
	}
	report(t, "SyncRun "+run.Name, failures)
}

// Task checks a SyncTask that the manager has looked at.
func Task(t testing.TB, task *v1alpha1.SyncTask) {
	t.Helper()
	conditions := task.Status.Conditions
	failures := general(v1alpha1.KindSyncTask, task.Generation, task.Status.ObservedGeneration, conditions)
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	if ready == nil && !meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReconciling) {
		failures = append(failures, "Ready is missing and nothing is being done about it")
	}
	stalled := meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionStalled)
	if stalled && meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReconciling) {
		failures = append(failures, "Stalled and Reconciling are both True")
	}
	if ready != nil && stalled && ready.Status == metav1.ConditionTrue {
		failures = append(failures, "Stalled and Ready are both True")
	}
	report(t, "SyncTask "+task.Name, failures)
}

// general are the rules for every kind.
func general(kind string, generation, observed int64, conditions []metav1.Condition) []string {
	var failures []string
	if observed != generation {
		failures = append(failures, fmt.Sprintf("observedGeneration is %d, the generation %d", observed, generation))
	}
	for _, c := range conditions {
		if !condition.Known(kind, c.Type, c.Status, v1alpha1.Reason(c.Reason)) {
			failures = append(failures, fmt.Sprintf("%s=%s with reason %s is not in the contract", c.Type, c.Status, c.Reason))
		}
		if c.ObservedGeneration > generation {
			failures = append(failures, fmt.Sprintf("%s speaks of generation %d of %d", c.Type, c.ObservedGeneration, generation))
		}
		if c.Message == "" {
			failures = append(failures, c.Type+" has no message")
		}
		if utf8.RuneCountInString(c.Message) > condition.MessageLimit {
			failures = append(failures, c.Type+" has a message without bound")
		}
	}
	return failures
}

func report(t testing.TB, object string, failures []string) {
	t.Helper()
	for _, failure := range failures {
		t.Errorf("conditions of %s: %s", object, failure)
	}
}
