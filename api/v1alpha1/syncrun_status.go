package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// OperationType is one of the 12 kinds of operation.
//
// +kubebuilder:validation:Enum=CreateUser;UpdateUser;DeleteUser;ChangeUserIdentifier;ChangeUserDepartments;CreateDepartment;UpdateDepartment;MoveDepartment;DeleteDepartment;SyncDepartmentMembers;SyncDepartmentLeaders;NoUpdate
type OperationType string

// The operations.
const (
	OperationCreateUser            OperationType = "CreateUser"
	OperationUpdateUser            OperationType = "UpdateUser"
	OperationDeleteUser            OperationType = "DeleteUser"
	OperationChangeUserIdentifier  OperationType = "ChangeUserIdentifier"
	OperationChangeUserDepartments OperationType = "ChangeUserDepartments"
	OperationCreateDepartment      OperationType = "CreateDepartment"
	OperationUpdateDepartment      OperationType = "UpdateDepartment"
	OperationMoveDepartment        OperationType = "MoveDepartment"
	OperationDeleteDepartment      OperationType = "DeleteDepartment"
	OperationSyncDepartmentMembers OperationType = "SyncDepartmentMembers"
	OperationSyncDepartmentLeaders OperationType = "SyncDepartmentLeaders"
	OperationNoUpdate              OperationType = "NoUpdate"
)

// Subject says whether an operation is about a person or a department.
//
// +kubebuilder:validation:Enum=User;Department
type Subject string

// The subjects.
const (
	SubjectUser       Subject = "User"
	SubjectDepartment Subject = "Department"
)

// RecordStatus says how an operation ended.
//
// +kubebuilder:validation:Enum=Succeeded;Failed;Skipped;Held;Planned
type RecordStatus string

// The statuses of a record.
const (
	RecordSucceeded RecordStatus = "Succeeded"
	RecordFailed    RecordStatus = "Failed"
	RecordSkipped   RecordStatus = "Skipped"
	RecordHeld      RecordStatus = "Held"
	RecordPlanned   RecordStatus = "Planned"
)

// SyncRunStatus is what happened in a run.
type SyncRunStatus struct {
	// sequence counts up with each run of the task; gaps may occur, repeats never.
	// +optional
	Sequence int64 `json:"sequence,omitempty"`

	// mode is the trigger mode of the task when the run started.
	// +optional
	Mode TriggerMode `json:"mode,omitempty"`

	// phase is how far the run is, or how it ended.
	// +optional
	Phase Phase `json:"phase,omitempty"`

	// message is what a person should know, in a sentence or two.
	// +optional
	// +kubebuilder:validation:MaxLength=4096
	Message string `json:"message,omitempty"`

	// startTime is when the run was let start.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// completionTime is the sync time: the end of applying. An export never changes it.
	// +optional
	CompletionTime *metav1.Time `json:"completionTime,omitempty"`

	// observedGeneration is the generation of the spec that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Complete (terminal, never goes back), Succeeded, Exported and
	// DetailsKept. docs/api.md explains each reason.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// task is the definition that was executed.
	// +optional
	Task *ExecutedTask `json:"task,omitempty"`

	// organizations counts the departments, since there is a plan.
	// +optional
	Organizations *SubjectCounts `json:"organizations,omitempty"`

	// users counts the people, since there is a plan.
	// +optional
	Users *SubjectCounts `json:"users,omitempty"`

	// operations counts the operations by kind.
	// +optional
	// +listType=map
	// +listMapKey=operation
	// +kubebuilder:validation:MaxItems=12
	Operations []OperationCounts `json:"operations,omitempty"`

	// failures are the first ten entries that failed; the records have them all.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	Failures []Failure `json:"failures,omitempty"`

	// progress is how far the present stage is.
	// +optional
	Progress *Progress `json:"progress,omitempty"`

	// plan is the plan of the run.
	// +optional
	Plan *PlanStatus `json:"plan,omitempty"`

	// records are the stored details of the run; the condition DetailsKept says
	// when they were removed.
	// +optional
	Records *RecordsStatus `json:"records,omitempty"`

	// export is where the exported log is.
	// +optional
	Export *ExportStatus `json:"export,omitempty"`

	// job is the newest Job of the run.
	// +optional
	Job *JobReference `json:"job,omitempty"`
}

// ExecutedTask is the definition that a run executed.
type ExecutedTask struct {
	// generation of the task. Example: 3.
	// +required
	Generation int64 `json:"generation"`
	// definitionDigest names what decides about removals in the definition.
	// +required
	DefinitionDigest Digest `json:"definitionDigest"`
}

// SubjectCounts counts people or departments.
type SubjectCounts struct {
	// total that were examined. Example: 12.
	// +required
	Total int64 `json:"total"`
	// succeeded are those whose every record succeeded; no update is success. Example: 12.
	// +required
	Succeeded int64 `json:"succeeded"`
	// updates counts those that needed a change.
	// +required
	Updates UpdateCounts `json:"updates"`
	// summary is succeeded/total. Example: 12/12.
	// +required
	// +kubebuilder:validation:MaxLength=48
	Summary string `json:"summary"`
	// updatesSummary is updates.succeeded/updates.total. Example: 3/3.
	// +required
	// +kubebuilder:validation:MaxLength=48
	UpdatesSummary string `json:"updatesSummary"`
}

// UpdateCounts counts entries that needed a change: create, delete and move included.
type UpdateCounts struct {
	// total that needed a change. Example: 3.
	// +required
	Total int64 `json:"total"`
	// succeeded are those whose every record succeeded. Example: 3.
	// +required
	Succeeded int64 `json:"succeeded"`
}

// OperationCounts counts the operations of one kind.
type OperationCounts struct {
	// operation is the kind. Example: CreateUser.
	// +required
	Operation OperationType `json:"operation"`
	// planned operations of this kind.
	// +required
	Planned int64 `json:"planned"`
	// succeeded of them.
	// +required
	Succeeded int64 `json:"succeeded"`
	// failed of them.
	// +required
	Failed int64 `json:"failed"`
	// skipped of them.
	// +required
	Skipped int64 `json:"skipped"`
	// held of them: they wait for a person.
	// +required
	Held int64 `json:"held"`
}

// Failure is one entry that failed.
type Failure struct {
	// subject is User or Department.
	// +required
	Subject Subject `json:"subject"`
	// id of the entry in the source.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	ID string `json:"id"`
	// name of the entry, for people.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Name string `json:"name,omitempty"`
	// operation that failed; absent if the entry could not be read or mapped.
	// +optional
	Operation OperationType `json:"operation,omitempty"`
	// reason in one word. Example: RequiredFieldMissing.
	// +required
	// +kubebuilder:validation:MaxLength=128
	Reason string `json:"reason"`
	// message says what went wrong and what to do.
	// +required
	// +kubebuilder:validation:MaxLength=2048
	Message string `json:"message"`
}

// Progress is how far a stage is.
type Progress struct {
	// stage is what is going on. Example: Applying.
	// +required
	// +kubebuilder:validation:MaxLength=64
	Stage string `json:"stage"`
	// done of the total.
	// +required
	Done int64 `json:"done"`
	// total of the stage; 0 as long as it is not known.
	// +required
	Total int64 `json:"total"`
}

// PlanStatus is the plan of a run.
type PlanStatus struct {
	// digest names exactly this plan.
	// +required
	Digest Digest `json:"digest"`
	// operations in the plan.
	// +required
	Operations int64 `json:"operations"`
	// expires is when the plan can no longer be applied; absent if it was applied.
	// +optional
	Expires *metav1.Time `json:"expires,omitempty"`
}

// RecordsStatus are the stored details of a run.
type RecordsStatus struct {
	// count of records, those that are kept as a number included.
	// +required
	Count int64 `json:"count"`
	// bytes that they take in the store.
	// +required
	Bytes int64 `json:"bytes"`
	// digest of the records.
	// +required
	Digest Digest `json:"digest"`
}

// ExportStatus is where an exported log is: a ConfigMap or a URL.
//
// +kubebuilder:validation:XValidation:rule="has(self.configMap) != has(self.url)",message="an export is in exactly one place: configMap or url"
type ExportStatus struct {
	// configMap with the file in its binaryData.
	// +optional
	ConfigMap *ConfigMapFile `json:"configMap,omitempty"`
	// url of the file in an object storage.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	URL string `json:"url,omitempty"`
	// sizeBytes of the file.
	// +required
	SizeBytes int64 `json:"sizeBytes"`
	// sha256 of the file, in hexadecimal.
	// +required
	// +kubebuilder:validation:MaxLength=64
	SHA256 string `json:"sha256"`
}

// ConfigMapFile is a file in a ConfigMap of the run's namespace.
type ConfigMapFile struct {
	// name of the ConfigMap.
	// +required
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// key of the file in binaryData. Example: hr-7.xlsx.
	// +required
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key"`
}

// JobReference names the Job of a run.
type JobReference struct {
	// name of the Job: the run's name and the number of the attempt. Example: hr-first-1.
	// +required
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
}
