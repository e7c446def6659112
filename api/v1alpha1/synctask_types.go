package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// SyncTask keeps the people and departments of one directory in step with
// another. It is a definition that can be executed many times: apply a SyncRun
// that names it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=st,categories={synccenter}
// +kubebuilder:printcolumn:name="SOURCE",type=string,JSONPath=".status.source",description="Where entries are read."
// +kubebuilder:printcolumn:name="TARGET",type=string,JSONPath=".status.target",description="Where entries are written."
// +kubebuilder:printcolumn:name="MODE",type=string,JSONPath=".spec.trigger.mode",description="What starts a run: Manual, Scheduled or RealTime."
// +kubebuilder:printcolumn:name="READY",type=string,JSONPath=".status.conditions[?(@.type=='Ready')].status",description="Whether the definition can be executed."
// +kubebuilder:printcolumn:name="LAST",type=string,JSONPath=".status.lastRun.phase",description="The phase of the last run."
// +kubebuilder:printcolumn:name="LAST-SYNC",type=date,JSONPath=".status.lastSync.time",description="How long ago all entries were last brought in step."
// +kubebuilder:printcolumn:name="PENDING-DELETIONS",type=integer,JSONPath=".status.pendingDeletions.count",description="How many removals wait for a person."
// +kubebuilder:printcolumn:name="NAME-SHOWN",type=string,priority=1,JSONPath=".spec.displayName",description="The name shown to people."
// +kubebuilder:printcolumn:name="SUSPENDED",type=boolean,priority=1,JSONPath=".spec.suspend",description="Whether nothing starts."
// +kubebuilder:printcolumn:name="REASON",type=string,priority=1,JSONPath=".status.conditions[?(@.type=='Ready')].reason",description="Why the definition is ready or not."
// +kubebuilder:printcolumn:name="AGE",type=date,priority=1,JSONPath=".metadata.creationTimestamp",description="How long ago the task was made."
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name of a SyncTask is at most 40 lower case letters, digits and dashes: the names of its runs begin with it; use spec.displayName for a longer name"
type SyncTask struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata. The name has at most 40 lower
	// case letters, digits and dashes. Example: name: hr.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says what to keep in step, and how.
	// +required
	Spec SyncTaskSpec `json:"spec"`
	// status is what the manager last saw of the task. It is written by the manager alone.
	// Before that it says so: its observedGeneration is -1.
	// +optional
	// +default={"observedGeneration": -1}
	Status SyncTaskStatus `json:"status,omitzero"`
}

// SyncTaskList is a list of SyncTasks.
//
// +kubebuilder:object:root=true
type SyncTaskList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []SyncTask `json:"items"`
}

// SyncTaskSpec says what to keep in step, and how.
//
// +kubebuilder:validation:XValidation:rule="self.owner == oldSelf.owner",fieldPath=".owner",message="owner is immutable, since the links and marks of everyone who was synced belong to it; make a new task for another owner"
type SyncTaskSpec struct {
	// displayName is a name for people, in any language. Default: none, and the
	// object's name is shown. Example: HR to company directory.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	DisplayName string `json:"displayName,omitempty"`

	// owner says whom state, links and marks belong to. A task that is made
	// again under another name keeps its people if it keeps its owner.
	// Immutable. Default: empty, which means namespace/name of the task.
	// Example: payroll/hr.
	// +optional
	// +kubebuilder:default=""
	// +kubebuilder:validation:MaxLength=104
	// +kubebuilder:validation:Pattern=`^([A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?)?$`
	Owner string `json:"owner,omitempty"`

	// suspend stops the task: nothing starts, runs wait (TaskSuspended) and one
	// that has started ends at a safe point. Default: false.
	// +optional
	// +kubebuilder:default=false
	Suspend bool `json:"suspend,omitempty"`

	// previewOf makes this task an edited copy of another one, whose state it
	// reads: it can only be executed by runs of type Plan. Default: none.
	// Example: {name: hr}. Not served yet.
	// +optional
	PreviewOf *TaskReference `json:"previewOf,omitempty"`

	// sources are the directories that are read. Exactly one for now.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1
	Sources []Source `json:"sources"`

	// target is the directory that is written.
	// +required
	Target Target `json:"target"`

	// trigger says what starts a run. Default: {mode: Manual}.
	// +optional
	// +kubebuilder:default={mode: Manual}
	Trigger Trigger `json:"trigger,omitzero"`

	// scope says which departments and people of the source are synced.
	// Default: all of them.
	// +optional
	// +kubebuilder:default={}
	Scope Scope `json:"scope,omitzero"`

	// mappings say how a field of the target gets its value. Default: those of
	// the two connectors.
	// +optional
	Mappings Mappings `json:"mappings,omitzero"`

	// matching says how an entry without a link is recognised in the target.
	// Default: by the fields that identify an entry there.
	// +optional
	// +kubebuilder:default={}
	Matching Matching `json:"matching,omitzero"`

	// protected are entries of the target that are never adopted, changed or
	// removed. Default: none.
	// +optional
	Protected Protected `json:"protected,omitzero"`

	// deletion says what happens to a linked entry that left the source or the scope.
	// Default: people are disabled, departments kept.
	// +optional
	// +kubebuilder:default={}
	Deletion Deletion `json:"deletion,omitzero"`

	// guard are the limits that a whole plan must keep before its first write.
	// +optional
	// +kubebuilder:default={}
	Guard Guard `json:"guard,omitzero"`

	// execution says how fast and how long a run works, and where its pod runs.
	// +optional
	// +kubebuilder:default={}
	Execution Execution `json:"execution,omitzero"`

	// checkInterval is how often the connections to source and target are
	// checked by a short pod, also between runs. A change of what concerns them
	// is checked at once. A task that is suspended or held is checked on request
	// only (kubectl synccenter check). Default: 1h. Example: 30m.
	// +optional
	// +kubebuilder:default="1h"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1m')",message="checkInterval is at least 1m"
	CheckInterval metav1.Duration `json:"checkInterval,omitzero"`

	// history says which runs and details are kept, and where.
	// +optional
	// +kubebuilder:default={}
	History History `json:"history,omitzero"`

	// export stores the log of each run as a file, which everyone may read who may
	// view ConfigMaps here: it holds names and values of people. Default: none is
	// stored, and "kubectl synccenter export RUN" builds one when somebody wants it.
	// Example: {type: ConfigMap}.
	// +optional
	Export *Export `json:"export,omitempty"`
}

// TaskReference names a SyncTask of the same namespace.
type TaskReference struct {
	// name of the SyncTask. Example: hr.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	Name string `json:"name"`
}

// SyncTaskStatus is what the manager last saw of a task.
type SyncTaskStatus struct {
	// observedGeneration is the generation of the spec that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready, Reconciling, Stalled, SourceReady, TargetReady,
	// DeletionsPending and Scheduled. docs/api.md explains each reason.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// source is a short name of where entries are read. Example: LDAP hr.example.com.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Source string `json:"source,omitempty"`

	// target is a short name of where entries are written. Example: LDAP ldap.example.com.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Target string `json:"target,omitempty"`

	// lastSequence is the highest sequence that a run of this task was given.
	// +optional
	LastSequence int64 `json:"lastSequence"`

	// lastRun is the run that was let start last.
	// +optional
	LastRun *LastRun `json:"lastRun,omitempty"`

	// nextScheduleTime is when the next run by schedule is due; absent while
	// nothing starts.
	// +optional
	NextScheduleTime *metav1.Time `json:"nextScheduleTime,omitempty"`

	// lastScheduleTime is the newest scheduled time that had its run.
	// +optional
	LastScheduleTime *metav1.Time `json:"lastScheduleTime,omitempty"`

	// schedule is how far the manager is in the task's schedule.
	// +optional
	Schedule *ScheduleStatus `json:"schedule,omitempty"`

	// pendingDeletions counts the removals that wait for a person.
	// +optional
	PendingDeletions *PendingDeletions `json:"pendingDeletions,omitempty"`

	// lastSync is the newest execution that brought all entries in step: it ended
	// Succeeded or PartiallyFailed, and was not about some entries alone. It stays
	// when its run is gone, and however many executions failed since.
	// +optional
	LastSync *RecentExecution `json:"lastSync,omitempty"`

	// recentExecutions are the last ten executions, the newest first. They stay
	// when their runs are gone. How each ended, and whether it was about all
	// entries, says it itself.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	RecentExecutions []RecentExecution `json:"recentExecutions,omitempty"`

	// links counts the entries that the task holds in step.
	// +optional
	Links *LinkCounts `json:"links,omitempty"`

	// lastCheck is the newest check of the connections that has ended. What it
	// found stands in SourceReady and TargetReady, unless a run is newer; each
	// step is shown by kubectl synccenter check.
	// +optional
	LastCheck *LastCheck `json:"lastCheck,omitempty"`
}

// LastCheck is a check of the connections that has ended.
type LastCheck struct {
	// name of the check, with which the names of its Job and pod begin.
	// Example: hr-check-5f3a9c2.
	// +required
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// time is when it ended.
	// +required
	Time metav1.Time `json:"time"`
}

// LastRun is the run of a task that was let start last.
type LastRun struct {
	// name of the SyncRun. Example: hr-first.
	// +required
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// uid of the SyncRun.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=64
	UID types.UID `json:"uid"`
	// sequence that was reserved for it. Example: 7.
	// +required
	Sequence int64 `json:"sequence"`
	// phase of the run, as far as the task has seen it. Example: Applying.
	// +optional
	Phase Phase `json:"phase,omitempty"`
}

// ScheduleStatus is how far the manager is in a schedule.
type ScheduleStatus struct {
	// cron is the schedule that this speaks of. With another one it begins anew:
	// what a changed schedule would have started earlier is not made up for.
	// +required
	// +kubebuilder:validation:MaxLength=128
	Cron string `json:"cron"`
	// timeZone in which cron is read.
	// +required
	// +kubebuilder:validation:MaxLength=64
	TimeZone string `json:"timeZone"`
	// through is up to when every scheduled time is dealt with: it had its run,
	// was skipped or was missed.
	// +required
	Through metav1.Time `json:"through"`
	// missed counts the scheduled times of this schedule that passed without a
	// run. Of one long pause at most 101 are counted.
	// +required
	Missed int64 `json:"missed"`
}

// PendingDeletions counts the removals of a task that wait for a person.
type PendingDeletions struct {
	// count of entries whose removal waits. Example: 3.
	// +required
	Count int64 `json:"count"`
	// listDigest names exactly this list; an approval repeats it.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	ListDigest string `json:"listDigest,omitempty"`
	// since is when the oldest of them was held.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`
}

// LinkCounts counts the linked entries of a task.
type LinkCounts struct {
	// users that are linked. Example: 1200.
	// +required
	Users int64 `json:"users"`
	// departments that are linked. Example: 48.
	// +required
	Departments int64 `json:"departments"`
}

// RecentExecution is one line of a task's short history.
type RecentExecution struct {
	// run is the name of the SyncRun. Example: hr-first.
	// +required
	// +kubebuilder:validation:MaxLength=63
	Run string `json:"run"`
	// uid of the SyncRun, since a name may be used again.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=64
	UID types.UID `json:"uid"`
	// sequence of the run. Example: 7.
	// +required
	Sequence int64 `json:"sequence"`
	// mode is the trigger mode of the task at that time. Example: Manual.
	// +required
	Mode TriggerMode `json:"mode"`
	// time is the end of applying.
	// +required
	Time metav1.Time `json:"time"`
	// outcome is the phase in which the run ended. Example: Succeeded.
	// +required
	Outcome Phase `json:"outcome"`
	// coverage is All, or Some for a run about the entries alone that its
	// spec.only names: the counts are of those then. Absent with executions before
	// it was there, and means All. Example: All.
	// +optional
	Coverage Coverage `json:"coverage,omitempty"`
	// organizations counts the departments, if the run got as far as a plan.
	// +optional
	Organizations *SubjectCounts `json:"organizations,omitempty"`
	// users counts the people, if the run got as far as a plan.
	// +optional
	Users *SubjectCounts `json:"users,omitempty"`
}

// Coverage says how many of a task's entries an execution is about.
//
// +kubebuilder:validation:Enum=All;Some
type Coverage string

// The coverages of an execution.
const (
	CoverageAll  Coverage = "All"
	CoverageSome Coverage = "Some"
)
