package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// The conditions of a SyncTask.
const (
	// ConditionReady says whether the definition can be executed. It is about
	// the definition alone: a server that is away does not change it.
	ConditionReady = "Ready"
	// ConditionReconciling is there while the manager works on a new generation.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is there while only a person can help.
	ConditionStalled = "Stalled"
	// ConditionSourceReady says how the source answered last. It informs and stops no run.
	ConditionSourceReady = "SourceReady"
	// ConditionTargetReady says how the target answered last. It informs and stops no run.
	ConditionTargetReady = "TargetReady"
	// ConditionDeletionsPending says whether removals wait for a person.
	ConditionDeletionsPending = "DeletionsPending"
	// ConditionScheduled says whether runs start by the schedule. It is there for
	// tasks with one.
	ConditionScheduled = "Scheduled"
)

// The conditions of a SyncRun.
const (
	// ConditionComplete is terminal: once True it never goes back, and it is True
	// however the run ended. While it is False its reason says what is waited for.
	ConditionComplete = "Complete"
	// ConditionSucceeded says whether everything succeeded; it appears with Complete=True.
	ConditionSucceeded = "Succeeded"
	// ConditionExported says whether the log was stored as a file.
	ConditionExported = "Exported"
	// ConditionDetailsKept says what retention has left of the details of a run
	// that has ended. It is not there as long as they are whole.
	ConditionDetailsKept = "DetailsKept"
)

// ConditionAccepted is the condition of a SyncApproval: whether the decision is acted on.
const ConditionAccepted = "Accepted"

// Reason is why a condition has its status, in one word. The meaning of each
// stands in ConditionMeanings.
type Reason string

// Reasons of the definition of a task: Ready, Reconciling and Stalled. A run
// that fails by them carries the same reason.
const (
	ReasonReady             Reason = "Ready"
	ReasonNotServed         Reason = "NotServed"
	ReasonInvalidDefinition Reason = "InvalidDefinition"
	ReasonOwnerInUse        Reason = "OwnerInUse"
	ReasonProgressing       Reason = "Progressing"
)

// Reasons of the two ends: SourceReady and TargetReady. A run that could not
// go on because of one carries the same reason.
const (
	ReasonConnected           Reason = "Connected"
	ReasonNotChecked          Reason = "NotChecked"
	ReasonCheckFailed         Reason = "CheckFailed"
	ReasonSecretMissing       Reason = "SecretMissing"
	ReasonConfigMapMissing    Reason = "ConfigMapMissing"
	ReasonCredentialsRejected Reason = "CredentialsRejected"
	ReasonUnreachable         Reason = "Unreachable"
	ReasonUntrustedCert       Reason = "UntrustedCertificate"
	ReasonPermissionDenied    Reason = "PermissionDenied"
	ReasonBaseNotFound        Reason = "BaseNotFound"
	ReasonInvalidConnection   Reason = "InvalidConnection"
	ReasonReadIncomplete      Reason = "ReadIncomplete"
)

// Reasons of removals that wait: DeletionsPending.
const (
	ReasonHeld        Reason = "Held"
	ReasonNonePending Reason = "NonePending"
)

// Reasons of a schedule: Scheduled. A task that is stopped or not ready carries
// the reason that its runs would wait for.
const (
	ReasonOnSchedule      Reason = "OnSchedule"
	ReasonScheduleMissed  Reason = "ScheduleMissed"
	ReasonScheduleSkipped Reason = "ScheduleSkipped"
)

// Reasons of a run that has not ended: Complete is False.
const (
	ReasonAccepted           Reason = "Accepted"
	ReasonTaskNotFound       Reason = "TaskNotFound"
	ReasonTaskNotReady       Reason = "TaskNotReady"
	ReasonTaskSuspended      Reason = "TaskSuspended"
	ReasonTaskHeld           Reason = "TaskHeld"
	ReasonWaitingForRun      Reason = "WaitingForRun"
	ReasonTooManyRuns        Reason = "TooManyRuns"
	ReasonWaitingForPod      Reason = "WaitingForPod"
	ReasonRunning            Reason = "Running"
	ReasonStopping           Reason = "Stopping"
	ReasonJobMissing         Reason = "JobMissing"
	ReasonNodeLost           Reason = "NodeLost"
	ReasonSettlingDoubt      Reason = "SettlingDoubt"
	ReasonDefinitionNotSaved Reason = "DefinitionNotSaved"
)

// Reasons of a run that has ended: Complete is True, and Succeeded says how.
const (
	ReasonSucceeded        Reason = "Succeeded"
	ReasonPartiallyFailed  Reason = "PartiallyFailed"
	ReasonFailed           Reason = "Failed"
	ReasonCancelled        Reason = "Cancelled"
	ReasonRestoredCopy     Reason = "RestoredCopy"
	ReasonTaskDeleted      Reason = "TaskDeleted"
	ReasonDeadlineExceeded Reason = "DeadlineExceeded"
	ReasonBackoffLimit     Reason = "BackoffLimitExceeded"
	ReasonGuardStopped     Reason = "GuardStopped"
	ReasonSourceEmpty      Reason = "SourceEmpty"
	ReasonBudgetExceeded   Reason = "BudgetExceeded"
	ReasonNewerSchema      Reason = "NewerSchema"
)

// Reasons of an export: Exported.
const (
	ReasonStored       Reason = "Stored"
	ReasonTooLarge     Reason = "TooLarge"
	ReasonNotRequested Reason = "NotRequested"
	ReasonExportFailed Reason = "ExportFailed"
	ReasonExportGone   Reason = "ExportRemoved"
)

// Reasons of what is left of a run's details: DetailsKept.
const (
	ReasonNoUpdateCounted Reason = "NoUpdateCounted"
	ReasonLimitReached    Reason = "LimitReached"
	ReasonExpired         Reason = "Expired"
	ReasonBudgetReached   Reason = "BudgetReached"
)

// ConditionMeaning explains one reason of one condition. docs/api.md shows all
// of them in a table.
type ConditionMeaning struct {
	// Kind of the object, and the Type of its condition.
	Kind, Type string
	// Status that the reason comes with.
	Status metav1.ConditionStatus
	// Reason in one word.
	Reason Reason
	// When it is set.
	When string
	// Do says what a person does.
	Do string
}
