package definition_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/definition"
)

func TestNotServed(t *testing.T) {
	tests := map[string]struct {
		change func(*v1alpha1.SyncTaskSpec)
		want   []string
	}{
		"what is served": {func(s *v1alpha1.SyncTaskSpec) {
			s.DisplayName, s.Owner, s.Suspend = "HR", "payroll", true
			s.Scope.Users = v1alpha1.UserScope{Include: []string{"1"}, Filter: "true"}
			s.Scope.IncludeNewUsers = ptr.To(false)
			s.Matching = v1alpha1.Matching{Users: []v1alpha1.MatchRule{{Target: "uid", Source: "uid"}}, Adopt: v1alpha1.MatchNever, Relink: v1alpha1.MatchAllow}
			s.Deletion.Users.Action = v1alpha1.DeletionDelete
			s.Deletion.Departments.Action = v1alpha1.DepartmentDelete
			s.Guard.Removals.Count = ptr.To[int32](1)
			s.Guard.Changed = &v1alpha1.ShareLimit{Percent: 100}
			s.Execution = v1alpha1.Execution{Concurrency: 2, Retries: ptr.To[int32](0), ActiveDeadlineSeconds: 60}
			s.Export = &v1alpha1.Export{Locale: v1alpha1.LocaleEnglish}
			s.Mappings.Users[0].Required = true
		}, nil},
		"preview": {func(s *v1alpha1.SyncTaskSpec) { s.PreviewOf = &v1alpha1.TaskReference{Name: "x"} }, []string{"spec.previewOf"}},
		"scheduled": {func(s *v1alpha1.SyncTaskSpec) {
			s.Trigger = v1alpha1.Trigger{Mode: v1alpha1.TriggerScheduled, Schedule: &v1alpha1.Schedule{Cron: "0 2 * * *"}}
		}, nil},
		"real time": {func(s *v1alpha1.SyncTaskSpec) {
			s.Trigger = v1alpha1.Trigger{Mode: v1alpha1.TriggerRealTime, RealTime: &v1alpha1.RealTime{}}
		}, []string{"spec.trigger.mode: RealTime", "spec.trigger.realTime"}},
		"confirm": {func(s *v1alpha1.SyncTaskSpec) { s.Deletion.Confirm = v1alpha1.ConfirmAlways }, []string{"spec.deletion.confirm: Always"}},
		"four eyes": {func(s *v1alpha1.SyncTaskSpec) { s.Execution.Approval = v1alpha1.ApprovalFourEyes },
			[]string{"spec.execution.approval: FourEyes"}},
		"history": {func(s *v1alpha1.SyncTaskSpec) {
			s.History = v1alpha1.History{
				Limit: ptr.To[int32](0), FailedLimit: ptr.To[int32](1), TTL: &metav1.Duration{Duration: time.Hour},
				AutomaticRuns: v1alpha1.AutomaticRunsEach, NoUpdate: v1alpha1.NoUpdateAll, OnTaskDeletion: v1alpha1.OnTaskDeletionDelete,
			}
		}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			task := example()
			test.change(&task.Spec)
			if diff := cmp.Diff(test.want, definition.NotServed(&task.Spec)); diff != "" {
				t.Errorf("fields that are not served (-want +got):\n%s", diff)
			}
			resolved := definition.Resolve(&task.Spec)
			if diff := cmp.Diff(test.want, definition.NotServed(&resolved)); diff != "" {
				t.Errorf("the same with all defaults written out (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNotServedRun(t *testing.T) {
	earlier := v1alpha1.RunReference{Name: "a", UID: "b"}
	tests := map[string]struct {
		spec v1alpha1.SyncRunSpec
		want []string
	}{
		"a sync":        {v1alpha1.SyncRunSpec{Type: v1alpha1.RunSync, RequestedBy: "alice", Cancel: true}, nil},
		"by default":    {v1alpha1.SyncRunSpec{}, nil},
		"a plan":        {v1alpha1.SyncRunSpec{Type: v1alpha1.RunPlan}, []string{"spec.type: Plan"}},
		"some entries":  {v1alpha1.SyncRunSpec{Only: &v1alpha1.OnlyEntries{Users: []string{"1"}}}, nil},
		"apply a plan":  {v1alpha1.SyncRunSpec{Type: v1alpha1.RunApplyPlan, ApplyPlan: &v1alpha1.PlanReference{RunRef: earlier}}, []string{"spec.type: ApplyPlan", "spec.applyPlan"}},
		"held removals": {v1alpha1.SyncRunSpec{Type: v1alpha1.RunDeletions, Deletions: &v1alpha1.ApprovalSource{}}, []string{"spec.type: Deletions", "spec.deletions"}},
		"try again":     {v1alpha1.SyncRunSpec{Type: v1alpha1.RunRetry, Retry: &v1alpha1.RunSource{RunRef: earlier}}, []string{"spec.type: Retry", "spec.retry"}},
		"take back":     {v1alpha1.SyncRunSpec{Type: v1alpha1.RunUndo, Undo: &v1alpha1.RunSource{RunRef: earlier}}, []string{"spec.type: Undo", "spec.undo"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, definition.NotServedRun(&test.spec)); diff != "" {
				t.Errorf("fields that are not served (-want +got):\n%s", diff)
			}
		})
	}
}
