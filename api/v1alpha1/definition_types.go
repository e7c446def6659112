package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// TriggerMode says what starts a run of a task.
//
// +kubebuilder:validation:Enum=Manual;Scheduled;RealTime
type TriggerMode string

// The trigger modes.
const (
	TriggerManual    TriggerMode = "Manual"
	TriggerScheduled TriggerMode = "Scheduled"
	TriggerRealTime  TriggerMode = "RealTime"
)

// Trigger says what starts a run.
//
// +kubebuilder:validation:XValidation:rule="self.mode != 'Scheduled' || has(self.schedule)",fieldPath=".schedule",message="mode Scheduled needs a schedule, for example {cron: \"0 2 * * *\"}"
// +kubebuilder:validation:XValidation:rule="self.mode == 'Scheduled' || !has(self.schedule)",fieldPath=".schedule",message="schedule is for mode Scheduled alone; remove it or set the mode"
// +kubebuilder:validation:XValidation:rule="self.mode == 'RealTime' || !has(self.realTime)",fieldPath=".realTime",message="realTime is for mode RealTime alone; remove it or set the mode"
type Trigger struct {
	// mode is Manual (a person applies a SyncRun), Scheduled or RealTime. A person
	// may apply a SyncRun in every mode. Default: Manual. RealTime is not served yet.
	// +optional
	// +unionDiscriminator
	// +kubebuilder:default=Manual
	Mode TriggerMode `json:"mode,omitempty"`
	// schedule says when a scheduled task runs. Required for mode Scheduled.
	// Example: {cron: "0 2 * * *", timeZone: Asia/Shanghai}.
	// +optional
	Schedule *Schedule `json:"schedule,omitempty"`
	// realTime says how changes are followed. For mode RealTime.
	// Example: {debounce: 2s}. Not served yet.
	// +optional
	RealTime *RealTime `json:"realTime,omitempty"`
}

// Schedule says when a scheduled task runs.
type Schedule struct {
	// cron is the schedule in the five fields of cron (minute, hour, day of the
	// month, month, day of the week), or @hourly, @daily, @weekly, @monthly or
	// @yearly. A schedule that names hours means the clock on the wall: a time
	// that the clock shows twice comes once, and one that it leaves out comes when
	// it is put forward. Example: 0 2 * * *.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Cron string `json:"cron"`
	// timeZone in which cron is read. Default: UTC. Example: Asia/Shanghai.
	// +optional
	// +kubebuilder:default=UTC
	// +kubebuilder:validation:MaxLength=64
	TimeZone string `json:"timeZone,omitempty"`
	// startingDeadlineSeconds is how late a run may be made, after a pause of the
	// manager or of the task; later its time is counted as missed. Of several
	// times that are not too late the newest has a run. Default: 300.
	// +optional
	// +kubebuilder:default=300
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=86400
	StartingDeadlineSeconds int64 `json:"startingDeadlineSeconds,omitempty"`
}

// RealTime says how changes of the source are followed.
type RealTime struct {
	// debounce is how long changes of one entry are gathered. Default: 2s.
	// +optional
	// +kubebuilder:default="2s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s') && duration(self) <= duration('10m')",message="debounce is between 0s and 10m"
	Debounce *metav1.Duration `json:"debounce,omitempty"`
	// fullSync is when a session ends with a full sync, in the five fields of
	// cron. Default: once a day, counted from the session's start. Example: 0 3 * * *.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	FullSync string `json:"fullSync,omitempty"`
}

// Scope says which departments and people of the source are synced.
type Scope struct {
	// departments chosen or left out, each with all below it. Default: all.
	// Departments on the way up come along, without their people.
	// +optional
	Departments DepartmentScope `json:"departments,omitzero"`
	// users chosen or left out one by one, or by a filter. Default: all people
	// of the chosen departments.
	// +optional
	Users UserScope `json:"users,omitzero"`
	// includeNewUsers says whether people who appear in the chosen departments
	// after the first run come along. Default: true.
	// +optional
	// +kubebuilder:default=true
	IncludeNewUsers *bool `json:"includeNewUsers,omitempty"`
}

// DepartmentScope chooses departments.
type DepartmentScope struct {
	// include are ids or paths of departments; each brings all below it. Default:
	// empty, which means all. Example: [/Headquarters/Sales].
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=500
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=1024
	Include []string `json:"include,omitempty"`
	// exclude are ids or paths of departments that are left out, with all below
	// them. It wins over include. Default: none. Example: [/Headquarters/Sales/Partners].
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=500
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=1024
	Exclude []string `json:"exclude,omitempty"`
}

// UserScope chooses people.
type UserScope struct {
	// include are source ids of people who come along whatever their department.
	// Default: none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=500
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=1024
	Include []string `json:"include,omitempty"`
	// exclude are source ids of people who are left out. It wins over include.
	// Default: none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=500
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=1024
	Exclude []string `json:"exclude,omitempty"`
	// filter is a CEL expression over user; people for whom it is false are out
	// of scope, and those for whom it fails are left as they are. Default: none.
	// Example: user.employeeType == 'staff'.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Filter string `json:"filter,omitempty"`
}

// Matching says how an entry without a link is recognised in the target.
type Matching struct {
	// users are the rules for people, tried in order: the first with exactly one
	// hit wins, more than one hit fails the entry. Default: by the field that
	// identifies a user in the target. Example: [{target: mail, source: mail}].
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	Users []MatchRule `json:"users,omitempty"`
	// departments are the rules for departments. Default: by name and parent.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	Departments []MatchRule `json:"departments,omitempty"`
	// adopt says whether an entry of the target that nobody is linked to may be
	// taken over: Allow, Hold (a person decides) or Never. Default: Allow.
	// +optional
	// +kubebuilder:default=Allow
	Adopt MatchPolicy `json:"adopt,omitempty"`
	// relink says whether a hit that is linked to a source id which is gone may
	// be linked again: Hold (a person decides), Allow or Never. Default: Hold.
	// +optional
	// +kubebuilder:default=Hold
	Relink MatchPolicy `json:"relink,omitempty"`
}

// MatchRule compares a field of the target with a field of the source, or several with several.
type MatchRule struct {
	// target is the field of the target entry. Example: uid.
	// +required
	Target FieldName `json:"target"`
	// source is the field of the source entry. Example: uid.
	// +required
	Source FieldName `json:"source"`
	// and are further pairs of fields, all of which must be equal, too: an entry
	// that lacks one of the values is not matched by the rule. Default: none.
	// Example: [{target: telephoneNumber, source: mobile}].
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4
	And []MatchPair `json:"and,omitempty"`
}

// MatchPair is a field of the target that must equal a field of the source.
type MatchPair struct {
	// target is the field of the target entry. Example: sn.
	// +required
	Target FieldName `json:"target"`
	// source is the field of the source entry. Example: sn.
	// +required
	Source FieldName `json:"source"`
}

// MatchPolicy says what may be done with an entry that a rule found.
//
// +kubebuilder:validation:Enum=Allow;Hold;Never
type MatchPolicy string

// The match policies.
const (
	MatchAllow MatchPolicy = "Allow"
	MatchHold  MatchPolicy = "Hold"
	MatchNever MatchPolicy = "Never"
)

// Protected are entries of the target that are never adopted, changed or removed.
type Protected struct {
	// users is a CEL expression over user, an entry of the target. Default:
	// none. Example: user.uid == 'admin'.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Users string `json:"users,omitempty"`
	// departments is a CEL expression over department, an entry of the target.
	// Default: none. Example: department.ou == 'Robots'.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Departments string `json:"departments,omitempty"`
}
