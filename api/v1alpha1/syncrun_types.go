package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// SyncRun executes a SyncTask once and is the record of it in the history.
// Deleting it and applying it again executes again.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=sr,categories={synccenter}
// +kubebuilder:selectablefield:JSONPath=".spec.taskRef.name"
// +kubebuilder:selectablefield:JSONPath=".status.phase"
// +kubebuilder:printcolumn:name="SEQ",type=integer,JSONPath=".status.sequence",description="Counts up with each run of the task."
// +kubebuilder:printcolumn:name="TASK",type=string,JSONPath=".spec.taskRef.name",description="The task that is executed."
// +kubebuilder:printcolumn:name="TYPE",type=string,JSONPath=".spec.type",description="What the run does: Sync, Plan and so on."
// +kubebuilder:printcolumn:name="MODE",type=string,JSONPath=".status.mode",description="The trigger mode of the task when the run started."
// +kubebuilder:printcolumn:name="PHASE",type=string,JSONPath=".status.phase",description="How far the run is, or how it ended."
// +kubebuilder:printcolumn:name="ORGS",type=string,JSONPath=".status.organizations.summary",description="Departments in step / examined."
// +kubebuilder:printcolumn:name="ORG-UPDATES",type=string,JSONPath=".status.organizations.updatesSummary",description="Departments changed / that needed a change."
// +kubebuilder:printcolumn:name="USERS",type=string,JSONPath=".status.users.summary",description="People in step / examined."
// +kubebuilder:printcolumn:name="USER-UPDATES",type=string,JSONPath=".status.users.updatesSummary",description="People changed / who needed a change."
// +kubebuilder:printcolumn:name="SYNCED",type=date,JSONPath=".status.completionTime",description="How long ago applying ended."
// +kubebuilder:printcolumn:name="REASON",type=string,priority=1,JSONPath=".status.conditions[?(@.type=='Complete')].reason",description="Why the run waits, or how it ended."
// +kubebuilder:printcolumn:name="MESSAGE",type=string,priority=1,JSONPath=".status.message",description="What a person should know."
// +kubebuilder:printcolumn:name="AGE",type=date,priority=1,JSONPath=".metadata.creationTimestamp",description="How long ago the run was made."
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 56 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name of a SyncRun is at most 56 lower case letters, digits and dashes: the name of its Job begins with it; choose a shorter name, or generateName"
type SyncRun struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata. The name has at most 56 lower
	// case letters, digits and dashes; with generateName each create executes
	// anew. Example: generateName: hr-.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says what to execute. All of it is immutable but cancel.
	// +required
	Spec SyncRunSpec `json:"spec"`
	// status is what happened. It is written by the manager alone.
	// Before that it says so: its observedGeneration is -1.
	// +optional
	// +default={"observedGeneration": -1}
	Status SyncRunStatus `json:"status,omitzero"`
}

// SyncRunList is a list of SyncRuns.
//
// +kubebuilder:object:root=true
type SyncRunList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []SyncRun `json:"items"`
}

// RunType says what a run does.
//
// +kubebuilder:validation:Enum=Sync;Plan;ApplyPlan;Deletions;Retry;Undo
type RunType string

// The types of a run.
const (
	// RunSync reads, plans and applies.
	RunSync RunType = "Sync"
	// RunPlan reads and plans, and writes nothing to the target.
	RunPlan RunType = "Plan"
	// RunApplyPlan applies the stored plan of another run.
	RunApplyPlan RunType = "ApplyPlan"
	// RunDeletions does what a person decided about held removals.
	RunDeletions RunType = "Deletions"
	// RunRetry tries again what failed in another run.
	RunRetry RunType = "Retry"
	// RunUndo takes back what another run did.
	RunUndo RunType = "Undo"
)

// Phase says how far a run is, or how it ended. It is for people and columns;
// the conditions are the contract.
//
// +kubebuilder:validation:Enum=Pending;Reading;Planning;Applying;Following;Exporting;Succeeded;PartiallyFailed;Failed;Cancelled
type Phase string

// The phases of a run, in order; the last four are final.
const (
	PhasePending         Phase = "Pending"
	PhaseReading         Phase = "Reading"
	PhasePlanning        Phase = "Planning"
	PhaseApplying        Phase = "Applying"
	PhaseFollowing       Phase = "Following"
	PhaseExporting       Phase = "Exporting"
	PhaseSucceeded       Phase = "Succeeded"
	PhasePartiallyFailed Phase = "PartiallyFailed"
	PhaseFailed          Phase = "Failed"
	PhaseCancelled       Phase = "Cancelled"
)

// SyncRunSpec says what to execute.
//
// +kubebuilder:validation:XValidation:rule="self.taskRef == oldSelf.taskRef && self.type == oldSelf.type && has(self.only) == has(oldSelf.only) && (!has(self.only) || self.only == oldSelf.only) && has(self.guardOverride) == has(oldSelf.guardOverride) && (!has(self.guardOverride) || self.guardOverride == oldSelf.guardOverride) && has(self.applyPlan) == has(oldSelf.applyPlan) && (!has(self.applyPlan) || self.applyPlan == oldSelf.applyPlan) && has(self.deletions) == has(oldSelf.deletions) && (!has(self.deletions) || self.deletions == oldSelf.deletions) && has(self.retry) == has(oldSelf.retry) && (!has(self.retry) || self.retry == oldSelf.retry) && has(self.undo) == has(oldSelf.undo) && (!has(self.undo) || self.undo == oldSelf.undo) && has(self.requestedBy) == has(oldSelf.requestedBy) && (!has(self.requestedBy) || self.requestedBy == oldSelf.requestedBy)",message="the spec of a SyncRun is immutable but for cancel, since a run executes once; make a new SyncRun"
// +kubebuilder:validation:XValidation:rule="!oldSelf.cancel || self.cancel",fieldPath=".cancel",message="cancel cannot be taken back; make a new SyncRun"
// +kubebuilder:validation:XValidation:rule="(self.type == 'ApplyPlan') == has(self.applyPlan)",fieldPath=".applyPlan",message="type ApplyPlan and the member applyPlan go together; set both or neither"
// +kubebuilder:validation:XValidation:rule="(self.type == 'Deletions') == has(self.deletions)",fieldPath=".deletions",message="type Deletions and the member deletions go together; set both or neither"
// +kubebuilder:validation:XValidation:rule="(self.type == 'Retry') == has(self.retry)",fieldPath=".retry",message="type Retry and the member retry go together; set both or neither"
// +kubebuilder:validation:XValidation:rule="(self.type == 'Undo') == has(self.undo)",fieldPath=".undo",message="type Undo and the member undo go together; set both or neither"
// +kubebuilder:validation:XValidation:rule="!has(self.only) || self.type in ['Sync', 'Plan']",fieldPath=".only",message="only is for runs of type Sync and Plan; remove it or choose one of those types"
type SyncRunSpec struct {
	// taskRef names the SyncTask to execute, in the same namespace. A task that
	// does not exist yet is waited for, for ten minutes. Example: {name: hr}.
	// +required
	TaskRef TaskReference `json:"taskRef"`

	// type is what the run does: Sync; Plan (nothing is written to the target);
	// ApplyPlan, Deletions, Retry and Undo have a member of their own. Default:
	// Sync. The others are not served yet.
	// +optional
	// +unionDiscriminator
	// +kubebuilder:default=Sync
	Type RunType `json:"type,omitempty"`

	// only syncs just these source entries: those who are in scope are created
	// or brought in step, with the departments that they need; those who left the
	// source or the scope are removed as the task says. Nobody else is created,
	// changed, moved or removed, and what it costs does not grow with the number of
	// people. Default: all in scope. Example: {users: ["4711"]}.
	// +optional
	Only *OnlyEntries `json:"only,omitempty"`

	// guardOverride replaces parts of the task's guard for this run alone.
	// Default: none. Example: {reason: "reorganisation 2026", removals: {count: 4000}}.
	// +optional
	GuardOverride *GuardOverride `json:"guardOverride,omitempty"`

	// applyPlan names the plan to apply. For type ApplyPlan. Not served yet.
	// +optional
	ApplyPlan *PlanReference `json:"applyPlan,omitempty"`
	// deletions names the approval to act on. For type Deletions. Not served yet.
	// +optional
	Deletions *ApprovalSource `json:"deletions,omitempty"`
	// retry names the run whose failures are tried again. For type Retry. Not served yet.
	// +optional
	Retry *RunSource `json:"retry,omitempty"`
	// undo names the run that is taken back. For type Undo. Not served yet.
	// +optional
	Undo *RunSource `json:"undo,omitempty"`

	// requestedBy is the name of the user who asks for the run; an admission
	// policy refuses another's name. Default: empty, nobody in particular.
	// Example: alice.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	RequestedBy string `json:"requestedBy,omitempty"`

	// cancel ends the run at a safe point; what has been done stays done and is
	// recorded. It goes from false to true once. Default: false.
	// +optional
	// +kubebuilder:default=false
	Cancel bool `json:"cancel,omitempty"`
}

// OnlyEntries are source ids of the entries that a run is about.
//
// +kubebuilder:validation:XValidation:rule="self.?users.orValue([]).size() + self.?departments.orValue([]).size() > 0",message="only names nobody; name users or departments, or remove it to sync everyone in scope"
type OnlyEntries struct {
	// users are source ids of people (LDAP: the entryUUID). Departments that they
	// are in, and those above, are created when missing. Example: ["4711"].
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=500
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=1024
	Users []string `json:"users,omitempty"`
	// departments are source ids of departments: each alone, without its people
	// and what is below it. Those above are created when missing. Example: ["17"].
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=500
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=1024
	Departments []string `json:"departments,omitempty"`
}

// GuardOverride replaces parts of a task's guard for one run.
type GuardOverride struct {
	// reason why the limits do not hold this time; it stays as long as the run.
	// Example: reorganisation 2026.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Reason string `json:"reason"`
	// removals replaces the limits on removals that it names, lets a department
	// lose more than half of its people, and plans the removals again that earlier
	// runs hold. Default: the task's limits, and what is held stays held.
	// Example: {percent: 40, count: 4000}.
	// +optional
	Removals *RemovalLimitsOverride `json:"removals,omitempty"`
	// shrink replaces the limit on a shrinking source, and lets the run read from a server
	// that is behind the one of an earlier run. Default: the task's. Example: {percent: 40}.
	// +optional
	Shrink *ShareLimit `json:"shrink,omitempty"`
	// cleared replaces the limit on fields that would be emptied. Default: the task's.
	// +optional
	Cleared *ShareLimit `json:"cleared,omitempty"`
	// changed replaces the limit on people who would be updated. Default: the task's.
	// +optional
	Changed *ShareLimit `json:"changed,omitempty"`
}

// RemovalLimitsOverride replaces limits on removals for one run.
type RemovalLimitsOverride struct {
	// floor is the number of removals that is never held. Default: the task's.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000000
	Floor *int32 `json:"floor,omitempty"`
	// percent of the active links above which removals are held. Default: the task's.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Percent *int32 `json:"percent,omitempty"`
	// count above which removals are held. Default: the task's. Example: 4000.
	// Percent binds as well: name both.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000000
	Count *int32 `json:"count,omitempty"`
}

// RunReference names one very SyncRun of the same namespace.
type RunReference struct {
	// name of the SyncRun. Example: hr-first.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=56
	Name string `json:"name"`
	// uid of the SyncRun, since a name may be used again.
	// Example: 0e1f9b4c-7a7d-4f5e-9a63-3b1f6f2f8d11.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	UID types.UID `json:"uid"`
}

// PlanReference names the plan of a run.
type PlanReference struct {
	// runRef names the run that made the plan.
	// +required
	RunRef RunReference `json:"runRef"`
	// digest of the plan, as the run's status shows it. Example: sha256:9f86d081884c7d65.
	// +required
	Digest Digest `json:"digest"`
}

// Digest names content by its hash. Example: sha256:9f86d081884c7d65.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=128
type Digest string

// ApprovalSource names the approval that a run acts on.
type ApprovalSource struct {
	// approvalRef names the SyncApproval.
	// +required
	ApprovalRef ApprovalReference `json:"approvalRef"`
}

// ApprovalReference names one very SyncApproval of the same namespace.
type ApprovalReference struct {
	// name of the SyncApproval. Example: hr-leavers.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// uid of the SyncApproval. Example: 0e1f9b4c-7a7d-4f5e-9a63-3b1f6f2f8d11.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	UID types.UID `json:"uid"`
}

// RunSource names the run that another one starts from.
type RunSource struct {
	// runRef names the earlier run.
	// +required
	RunRef RunReference `json:"runRef"`
}
