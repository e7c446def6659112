package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// UserDeletionAction says what happens to a person who left the source or the scope.
//
// +kubebuilder:validation:Enum=Delete;Disable;Keep
type UserDeletionAction string

// The actions on a person who left.
const (
	DeletionDelete  UserDeletionAction = "Delete"
	DeletionDisable UserDeletionAction = "Disable"
	DeletionKeep    UserDeletionAction = "Keep"
)

// DepartmentDeletionAction says what happens to a department that left the source or the scope.
//
// +kubebuilder:validation:Enum=Delete;Keep
type DepartmentDeletionAction string

// The actions on a department that left.
const (
	DepartmentDelete DepartmentDeletionAction = "Delete"
	DepartmentKeep   DepartmentDeletionAction = "Keep"
)

// ConfirmPolicy says when removals wait for a person.
//
// +kubebuilder:validation:Enum=WhenGuarded;Always
type ConfirmPolicy string

// Removals wait when the guard holds them, or always.
const (
	ConfirmWhenGuarded ConfirmPolicy = "WhenGuarded"
	ConfirmAlways      ConfirmPolicy = "Always"
)

// Deletion says what happens to linked entries that left the source or the scope.
type Deletion struct {
	// users is the policy for people. Default: {action: Disable}.
	// +optional
	// +kubebuilder:default={action: Disable}
	Users UserDeletion `json:"users,omitzero"`
	// departments is the policy for departments. Default: {action: Keep}.
	// +optional
	// +kubebuilder:default={action: Keep}
	Departments DepartmentDeletion `json:"departments,omitzero"`
	// confirm says when removals wait for a person: WhenGuarded, when the guard
	// holds them, or Always. Default: WhenGuarded. Always is not served yet.
	// +optional
	// +kubebuilder:default=WhenGuarded
	Confirm ConfirmPolicy `json:"confirm,omitempty"`
}

// UserDeletion says what happens to a person who left.
//
// +kubebuilder:validation:XValidation:rule="self.action == 'Disable' || !has(self.deleteAfter)",fieldPath=".deleteAfter",message="deleteAfter is for the action Disable, which it turns into a deletion after a time; remove it or choose Disable"
type UserDeletion struct {
	// action is Disable (the account is turned off, as the target's field disable
	// says), Delete or Keep. Default: Disable.
	// +optional
	// +kubebuilder:default=Disable
	Action UserDeletionAction `json:"action,omitempty"`
	// deleteAfter deletes a disabled person after this time. Default: never.
	// Example: 720h.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1h')",message="deleteAfter is at least 1h"
	DeleteAfter *metav1.Duration `json:"deleteAfter,omitempty"`
}

// DepartmentDeletion says what happens to a department that left.
type DepartmentDeletion struct {
	// action is Keep or Delete. Only empty departments are deleted. Default: Keep.
	// +optional
	// +kubebuilder:default=Keep
	Action DepartmentDeletionAction `json:"action,omitempty"`
}

// Guard are the limits that a whole plan must keep before its first write.
type Guard struct {
	// removals are the limits above which all removals of a plan are held: when
	// there are more than floor, and either more than percent or more than count.
	// +optional
	// +kubebuilder:default={}
	Removals RemovalLimits `json:"removals,omitzero"`
	// shrink stops a run whose source lost more than this share of its people
	// since the last complete read. Default: {percent: 10}.
	// +optional
	// +kubebuilder:default={percent: 10}
	Shrink *ShareLimit `json:"shrink,omitempty"`
	// cleared stops a run that would empty one field for more than this share of
	// people. Default: {percent: 5}.
	// +optional
	// +kubebuilder:default={percent: 5}
	Cleared *ShareLimit `json:"cleared,omitempty"`
	// changed stops a run that would update more than this share of people.
	// Default: {percent: 50}.
	// +optional
	// +kubebuilder:default={percent: 50}
	Changed *ShareLimit `json:"changed,omitempty"`
}

// RemovalLimits are the limits above which removals are held: more than floor,
// and either more than percent of the linked people or more than count.
type RemovalLimits struct {
	// floor is the number of removals that is never held. Default: 10.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000000
	Floor *int32 `json:"floor,omitempty"`
	// percent of the active links above which removals are held. Default: 2.
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Percent *int32 `json:"percent,omitempty"`
	// count above which removals are held. Default: 500.
	// +optional
	// +kubebuilder:default=500
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000000
	Count *int32 `json:"count,omitempty"`
	// window over which the removals of all runs of the task are added up. Default: 24h.
	// +optional
	// +kubebuilder:default="24h"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1h') && duration(self) <= duration('720h')",message="window is between 1h and 720h"
	Window metav1.Duration `json:"window,omitzero"`
}

// ShareLimit is a limit on a share.
type ShareLimit struct {
	// percent above which the run stops; up to three entries are let pass in any
	// case, and 100 turns the limit off. Example: 10.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Percent int32 `json:"percent"`
}

// ApprovalPolicy says whether a run needs a second person.
//
// +kubebuilder:validation:Enum=None;FourEyes
type ApprovalPolicy string

// No approval, or every run is a plan first that another person approves.
const (
	ApprovalNone     ApprovalPolicy = "None"
	ApprovalFourEyes ApprovalPolicy = "FourEyes"
)

// Execution says how fast and how long a run works, and where its pod runs.
type Execution struct {
	// concurrency is how many operations are under way at once. Default: 8.
	// +optional
	// +kubebuilder:default=8
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=64
	Concurrency int32 `json:"concurrency,omitempty"`
	// rateLimit bounds the calls to the target. Default: {qps: 50, burst: 100}.
	// +optional
	// +kubebuilder:default={}
	RateLimit RateLimit `json:"rateLimit,omitzero"`
	// retries is how often one operation is tried again after an error that may
	// pass. Default: 5.
	// +optional
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=20
	Retries *int32 `json:"retries,omitempty"`
	// activeDeadlineSeconds is how long a run may work. Default: 14400 (4 hours).
	// +optional
	// +kubebuilder:default=14400
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=604800
	ActiveDeadlineSeconds int64 `json:"activeDeadlineSeconds,omitempty"`
	// backoffLimit is how often a failed pod of a run is made again. Default: 3.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=20
	BackoffLimit *int32 `json:"backoffLimit,omitempty"`
	// approval is None, or FourEyes: every run is a plan first, and another
	// person than the one who asked approves it. Default: None. FourEyes is not
	// served yet.
	// +optional
	// +kubebuilder:default=None
	Approval ApprovalPolicy `json:"approval,omitempty"`
	// podTemplate shapes the pod of a run, as far as that is safe. Default: empty.
	// +optional
	PodTemplate PodTemplate `json:"podTemplate,omitzero"`
}

// RateLimit bounds the calls to a target.
type RateLimit struct {
	// qps is how many calls a second are made on average. Default: 50.
	// +optional
	// +kubebuilder:default=50
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	QPS int32 `json:"qps,omitempty"`
	// burst is how many calls may be made at once. Default: 100.
	// +optional
	// +kubebuilder:default=100
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	Burst int32 `json:"burst,omitempty"`
}

// AutomaticRunPolicy says how many records automatic runs leave.
//
// +kubebuilder:validation:Enum=Latest;Each
type AutomaticRunPolicy string

// One record a mode, or one an execution.
const (
	AutomaticRunsLatest AutomaticRunPolicy = "Latest"
	AutomaticRunsEach   AutomaticRunPolicy = "Each"
)

// NoUpdatePolicy says which NoUpdate records are kept one by one.
//
// +kubebuilder:validation:Enum=Latest;All;Count
type NoUpdatePolicy string

// Those of the newest run, all, or none but their number.
const (
	NoUpdateLatest NoUpdatePolicy = "Latest"
	NoUpdateAll    NoUpdatePolicy = "All"
	NoUpdateCount  NoUpdatePolicy = "Count"
)

// TaskDeletionPolicy says what happens to the history of a deleted task.
//
// +kubebuilder:validation:Enum=Keep;Delete
type TaskDeletionPolicy string

// The history stays, or goes with the task.
const (
	OnTaskDeletionKeep   TaskDeletionPolicy = "Keep"
	OnTaskDeletionDelete TaskDeletionPolicy = "Delete"
)

// StorageType says where artifacts are kept.
//
// +kubebuilder:validation:Enum=Cluster
type StorageType string

// The places where artifacts can be kept.
const (
	StorageCluster StorageType = "Cluster"
)

// History says which runs and details are kept, and where.
type History struct {
	// limit is how many succeeded runs are kept, beside the one record of each
	// automatic mode. The last run, and the last one with details, are kept in any
	// case. A run whose name a person chose loses its details instead, and a run
	// with the annotation synccenter.dev/keep neither goes nor counts. Default: 20.
	// +optional
	// +kubebuilder:default=20
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	Limit *int32 `json:"limit,omitempty"`
	// failedLimit is how many runs are kept that ended PartiallyFailed, Failed or
	// Cancelled, and how many that were refused before they started. Default: 20.
	// +optional
	// +kubebuilder:default=20
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	FailedLimit *int32 `json:"failedLimit,omitempty"`
	// ttl is how long a run is kept after its end, whatever the limits say. The
	// last run stays. Default: for ever. Example: 2160h.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1m')",message="ttl is at least 1m"
	TTL *metav1.Duration `json:"ttl,omitempty"`
	// automaticRuns is Latest, one record for each automatic mode: when a run by
	// schedule is over, the one before it goes, however either ended, but the last
	// with details stays; or Each, one for each run, as many as the limits say.
	// status.recentExecutions of the task keeps the last ten in any case. Default:
	// Latest.
	// +optional
	// +kubebuilder:default=Latest
	AutomaticRuns AutomaticRunPolicy `json:"automaticRuns,omitempty"`
	// noUpdate says which records of entries without a change are kept one by
	// one: those of the Latest run with details, All, or none but their Count.
	// Default: Latest.
	// +optional
	// +kubebuilder:default=Latest
	NoUpdate NoUpdatePolicy `json:"noUpdate,omitempty"`
	// onTaskDeletion is Keep, and history and links outlive the task, or Delete:
	// they go with it, but for runs with the annotation synccenter.dev/keep. A task
	// that is made again with the same owner then knows nobody. Default: Keep.
	// +optional
	// +kubebuilder:default=Keep
	OnTaskDeletion TaskDeletionPolicy `json:"onTaskDeletion,omitempty"`
	// storage says where plans, records and state are kept. Default: {type: Cluster}.
	// +optional
	// +kubebuilder:default={}
	Storage Storage `json:"storage,omitzero"`
}

// Storage says where artifacts are kept.
type Storage struct {
	// type is Cluster: SyncArtifact objects in the task's namespace. Default: Cluster.
	// +optional
	// +unionDiscriminator
	// +kubebuilder:default=Cluster
	Type StorageType `json:"type,omitempty"`
}

// ExportType says where exported logs are stored.
//
// +kubebuilder:validation:Enum=ConfigMap
type ExportType string

// The places where an export can be stored.
const (
	ExportConfigMap ExportType = "ConfigMap"
)

// ExportFormat is the format of an exported log.
//
// +kubebuilder:validation:Enum=Excel
type ExportFormat string

// The formats of an exported log.
const (
	ExportExcel ExportFormat = "Excel"
)

// Locale is the language of an exported log.
//
// +kubebuilder:validation:Enum=zh-CN;en
type Locale string

// The languages of an exported log.
const (
	LocaleChinese Locale = "zh-CN"
	LocaleEnglish Locale = "en"
)

// Export says how the log of each run is stored as a file.
type Export struct {
	// type is ConfigMap: a file under 1 MiB in the task's namespace, readable by
	// everyone who may view ConfigMaps there. Default: ConfigMap.
	// +optional
	// +unionDiscriminator
	// +kubebuilder:default=ConfigMap
	Type ExportType `json:"type,omitempty"`
	// format of the file. Default: Excel.
	// +optional
	// +kubebuilder:default=Excel
	Format ExportFormat `json:"format,omitempty"`
	// locale is the language of titles and operations: zh-CN or en. Default: zh-CN.
	// +optional
	// +kubebuilder:default=zh-CN
	Locale Locale `json:"locale,omitempty"`
	// timeZone in which times are written. Default: Asia/Shanghai. Example: UTC.
	// +optional
	// +kubebuilder:default="Asia/Shanghai"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	TimeZone string `json:"timeZone,omitempty"`
}
