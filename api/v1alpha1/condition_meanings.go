package v1alpha1

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ConditionMeanings explains every reason of every condition. Nothing may set a
// condition that is not in it.
var ConditionMeanings = slices.Concat(
	taskMeanings,
	endpointMeanings(ConditionSourceReady, "source"),
	endpointMeanings(ConditionTargetReady, "target"),
	deletionMeanings,
	scheduleMeanings,
	waitingMeanings,
	endedMeanings,
	exportMeanings,
	detailMeanings,
	approvalMeanings,
)

var taskMeanings = []ConditionMeaning{
	{KindSyncTask, ConditionReady, metav1.ConditionTrue, ReasonReady,
		"the definition is valid and everything in it is served", "nothing: apply a SyncRun"},
	{KindSyncTask, ConditionReady, metav1.ConditionFalse, ReasonNotServed,
		"a field has a value that this version does not serve yet; the message names both", "remove the field, or upgrade"},
	{KindSyncTask, ConditionReady, metav1.ConditionFalse, ReasonInvalidDefinition,
		"a field has a value that cannot work: an expression, a filter, a time zone; the message names its path and what is wrong", "correct the field that the message names"},
	{KindSyncTask, ConditionReady, metav1.ConditionFalse, ReasonOwnerInUse,
		"an older task of the namespace has the same owner", "give one of the two tasks another `spec.owner`, or delete it"},
	{KindSyncTask, ConditionReconciling, metav1.ConditionTrue, ReasonProgressing,
		"the manager looks at a new generation", "nothing"},
	{KindSyncTask, ConditionStalled, metav1.ConditionTrue, ReasonNotServed,
		"as for Ready", "as for Ready"},
	{KindSyncTask, ConditionStalled, metav1.ConditionTrue, ReasonInvalidDefinition,
		"as for Ready", "as for Ready"},
	{KindSyncTask, ConditionStalled, metav1.ConditionTrue, ReasonOwnerInUse,
		"as for Ready", "as for Ready"},
}

// endpointMeanings are those of a source or target: one table for both ends.
func endpointMeanings(condition, end string) []ConditionMeaning {
	row := func(status metav1.ConditionStatus, reason Reason, when, do string) ConditionMeaning {
		return ConditionMeaning{KindSyncTask, condition, status, reason, when, do}
	}
	return []ConditionMeaning{
		row(metav1.ConditionTrue, ReasonConnected, "the last check, or the last run if that is newer, got all it needed from the "+end, "nothing"),
		row(metav1.ConditionUnknown, ReasonNotChecked, "neither a check nor a run has tried the "+end+" since the definition changed", "nothing: a check follows, unless the task is suspended or held"),
		row(metav1.ConditionUnknown, ReasonCheckFailed, "the pod of the last check could not start or did not answer; the message says why", "look at what the message names: an image, a quota, a node; the check repeats by itself"),
		row(metav1.ConditionFalse, ReasonInvalidDefinition, "a mapping, a matching rule, the scope or a filter does not fit what the directories have", "correct the row that the message names"),
		row(metav1.ConditionFalse, ReasonSecretMissing, "the Secret with the login, or a key of it, does not exist; the message says which", "create the Secret, or add the key, that the message names"),
		row(metav1.ConditionFalse, ReasonConfigMapMissing, "the ConfigMap with the certificates, or its key, does not exist; the message says which", "create the ConfigMap, or add the key, that the message names"),
		row(metav1.ConditionFalse, ReasonCredentialsRejected, "the login was refused", "correct the Secret that the message names"),
		row(metav1.ConditionFalse, ReasonUnreachable, "no server answered, or the connection broke", "look at the host and port in `urls`, at the server and at network policies; the next run tries again"),
		row(metav1.ConditionFalse, ReasonUntrustedCert, "the server's certificate, or its name, cannot be trusted", "put the certificate of its authority into `caBundleRef`, or use the name that the certificate carries"),
		row(metav1.ConditionFalse, ReasonPermissionDenied, "the login is fine, a right is missing", "grant the account the right that the message names"),
		row(metav1.ConditionFalse, ReasonBaseNotFound, "a base does not exist, or the account may not see it", "correct the `baseDN` that the message names"),
		row(metav1.ConditionFalse, ReasonInvalidConnection, "the server refuses the request itself: a filter, an attribute, an object class", "correct the field that the message names"),
		row(metav1.ConditionFalse, ReasonReadIncomplete, "the server gave a part of the whole: a limit, or a reference to another server", "raise the server's limit, or set `referrals: Ignore` if that part is not wanted"),
	}
}

var deletionMeanings = []ConditionMeaning{
	{KindSyncTask, ConditionDeletionsPending, metav1.ConditionTrue, ReasonHeld,
		"removals wait for a person; the message says how many and why", "look at the records with the status Held of the run that the message names"},
	{KindSyncTask, ConditionDeletionsPending, metav1.ConditionFalse, ReasonNonePending,
		"no removal waits", "nothing"},
}

var scheduleMeanings = []ConditionMeaning{
	{KindSyncTask, ConditionScheduled, metav1.ConditionTrue, ReasonOnSchedule,
		"the last scheduled time had its run, or none has come yet; `status.nextScheduleTime` is the next one", "nothing"},
	{KindSyncTask, ConditionScheduled, metav1.ConditionFalse, ReasonScheduleMissed,
		"scheduled times passed without a run, and it was too late to make up for one; the message says how many and why", "nothing: the next time has its run; apply a SyncRun if that is too late"},
	{KindSyncTask, ConditionScheduled, metav1.ConditionFalse, ReasonScheduleSkipped,
		"a scheduled time came while the run of an earlier one had not started yet", "nothing, once; if it happens often, runs take longer than the schedule gives them: name fewer times"},
	{KindSyncTask, ConditionScheduled, metav1.ConditionFalse, ReasonTaskSuspended,
		"the task is suspended; scheduled times pass", "set `spec.suspend` to false"},
	{KindSyncTask, ConditionScheduled, metav1.ConditionFalse, ReasonTaskHeld,
		"the task carries the annotation `synccenter.dev/hold`; scheduled times pass", "remove the annotation when its cause is gone"},
	{KindSyncTask, ConditionScheduled, metav1.ConditionFalse, ReasonTaskNotReady,
		"the definition is not valid, so nothing starts; scheduled times pass", "correct what Ready names"},
}

var waitingMeanings = []ConditionMeaning{
	waiting(ReasonAccepted, "the run was accepted and has its sequence; its Job is about to be made", "nothing"),
	waiting(ReasonTaskNotFound, "the task does not exist; it is waited for, ten minutes at most", "create the task, or correct `spec.taskRef`"),
	waiting(ReasonTaskNotReady, "the manager has not looked at the task's present generation yet", "nothing"),
	waiting(ReasonTaskSuspended, "the task is suspended", "set `spec.suspend` of the task to false"),
	waiting(ReasonTaskHeld, "the task carries the annotation `synccenter.dev/hold`; its value is in the message", "remove the annotation when its cause is gone"),
	waiting(ReasonWaitingForRun, "another run of the task is being executed; the message names it", "nothing: runs of a task start in the order of their creation"),
	waiting(ReasonTooManyRuns, "as many runs are being executed as the manager allows; the message says which place the run has in the queue", "nothing; `--max-concurrent-runs` of the manager sets the number"),
	waiting(ReasonWaitingForPod, "the Job has no pod that works, or its runner has not reported yet; the message says why as far as Kubernetes does", "if it stays, look at the Job's events"),
	waiting(ReasonRunning, "the runner is at work; `status.progress` says how far", "nothing"),
	waiting(ReasonStopping, "the runner was asked to stop and comes to a safe point", "nothing"),
	waiting(ReasonJobMissing, "the Job of a started run is gone and no outcome is stored", "nothing: the next Job finishes the same plan"),
	waiting(ReasonNodeLost, "the node of the pod no longer answers", "nothing: the next Job finishes the same plan"),
	waiting(ReasonSettlingDoubt, "attempts have run out; a last one finds out what was done and completes the records", "nothing"),
	waiting(ReasonDefinitionNotSaved, "the definition could not be stored", "look at the message; it is tried again"),
}

func waiting(reason Reason, when, do string) ConditionMeaning {
	return ConditionMeaning{KindSyncRun, ConditionComplete, metav1.ConditionFalse, reason, when, do}
}

var endedMeanings = slices.Concat(
	[]ConditionMeaning{
		{KindSyncRun, ConditionComplete, metav1.ConditionTrue, ReasonSucceeded, "every operation succeeded, or waits for a person", "nothing"},
		{KindSyncRun, ConditionSucceeded, metav1.ConditionTrue, ReasonSucceeded, "every operation succeeded, or waits for a person", "nothing"},
	},
	ended(ReasonPartiallyFailed, "every planned operation has its record, some failed", "read `kubectl synccenter details RUN --status failed`, mend, and run again"),
	ended(ReasonFailed, "the run could not go on; the message says why", "do what the message says, and run again"),
	ended(ReasonCancelled, "somebody set `spec.cancel`, or suspended or held the task; what had been done is recorded", "nothing"),
	ended(ReasonRestoredCopy, "the object is a copy of a run that was accepted under another uid: a restored backup", "nothing: it is never executed; delete it and make a new run to sync"),
	ended(ReasonTaskDeleted, "the task was deleted, or did not come within ten minutes", "nothing"),
	ended(ReasonNotServed, "a field of the run or of its task has a value that is not served yet; the message names both", "remove the field, and make a new run"),
	ended(ReasonInvalidDefinition, "the task's definition is invalid; the message is the task's own", "correct the task, and make a new run"),
	ended(ReasonOwnerInUse, "another task has the same owner; the message is the task's own", "correct the task, and make a new run"),
	ended(ReasonDeadlineExceeded, "the run took longer than `execution.activeDeadlineSeconds`", "run again: what is done stays done; raise the deadline if that was not enough"),
	ended(ReasonBackoffLimit, "pods failed more often than `execution.backoffLimit` allows", "look at the message and the pods' logs, and run again"),
	ended(ReasonGuardStopped, "the guard stopped the run before its first write; the message says what was found and the limit", "check the source; if all is right, raise the limit of `spec.guard` that the message names"),
	ended(ReasonSourceEmpty, "the source answered with nothing while links exist", "check the source, its filter and the account's rights"),
	ended(ReasonBudgetExceeded, "what the run would store does not fit; the message says how much is missing", "delete old runs, or raise the manager's limits"),
	ended(ReasonNewerSchema, "stored data was written by a newer version", "upgrade Sync Center to the version that wrote it"),
	ended(ReasonSecretMissing, "the Secret with the login of the source or target, or a key of it, does not exist; the message says which", "create the Secret, or add the key, that the message names, and run again"),
	ended(ReasonConfigMapMissing, "the ConfigMap with certificates of the source or target, or its key, does not exist; the message says which", "create the ConfigMap, or add the key, that the message names, and run again"),
	ended(ReasonCredentialsRejected, "the source or target refused the login", "correct the Secret that the message names, and run again"),
	ended(ReasonUnreachable, "the source or target could not be reached", "look at the server and at network policies, and run again"),
	ended(ReasonUntrustedCert, "the certificate of the source or target cannot be trusted", "correct `caBundleRef` or the URL, and run again"),
	ended(ReasonPermissionDenied, "the account lacks a right on the source or target", "grant the right that the message names, and run again"),
	ended(ReasonBaseNotFound, "a base of the source or target does not exist", "correct the `baseDN` that the message names, and run again"),
	ended(ReasonInvalidConnection, "the source or target refuses a request as it is", "correct the field that the message names, and run again"),
	ended(ReasonReadIncomplete, "the source or target gave a part of the whole, so nothing was planned", "raise the server's limit, or set `referrals: Ignore` if that part is not wanted"),
)

// ended are the two conditions of a run that did not succeed as a whole.
func ended(reason Reason, when, do string) []ConditionMeaning {
	return []ConditionMeaning{
		{KindSyncRun, ConditionComplete, metav1.ConditionTrue, reason, when, do},
		{KindSyncRun, ConditionSucceeded, metav1.ConditionFalse, reason, when, do},
	}
}

var exportMeanings = []ConditionMeaning{
	{KindSyncRun, ConditionExported, metav1.ConditionTrue, ReasonStored, "the log is stored; `status.export` says where", "nothing"},
	{KindSyncRun, ConditionExported, metav1.ConditionFalse, ReasonTooLarge, "the file does not fit into a ConfigMap", "`kubectl synccenter export RUN` builds it from the records"},
	{KindSyncRun, ConditionExported, metav1.ConditionFalse, ReasonNotRequested, "the task has no `spec.export`", "`kubectl synccenter export RUN` builds a file from the records"},
	{KindSyncRun, ConditionExported, metav1.ConditionFalse, ReasonExportFailed, "the file could not be built or stored; the message says why", "`kubectl synccenter export RUN` builds it from the records"},
	{KindSyncRun, ConditionExported, metav1.ConditionFalse, ReasonExportGone, "the file was removed with the details of the run", "nothing; `DetailsKept` says why"},
}

var detailMeanings = []ConditionMeaning{
	{KindSyncRun, ConditionDetailsKept, metav1.ConditionTrue, ReasonNoUpdateCounted, "the records of entries without a change are kept as a number, since a newer run has them one by one", "nothing; `history.noUpdate` of the task says so"},
	{KindSyncRun, ConditionDetailsKept, metav1.ConditionFalse, ReasonLimitReached, "the details were removed, since there are as many newer runs as the task keeps; the counts stay", "nothing; `history.limit` and `history.failedLimit` of the task set the number, the annotation `synccenter.dev/keep` keeps a run whole"},
	{KindSyncRun, ConditionDetailsKept, metav1.ConditionFalse, ReasonExpired, "the details were removed, since the run ended longer ago than the task keeps it; the counts stay", "nothing; `history.ttl` of the task sets the time"},
	{KindSyncRun, ConditionDetailsKept, metav1.ConditionFalse, ReasonBudgetReached, "the details were removed to make room for those of newer runs; the counts stay", "keep fewer runs or fewer records (`history`), or raise the manager's budgets"},
}

var approvalMeanings = []ConditionMeaning{
	{KindSyncApproval, ConditionAccepted, metav1.ConditionFalse, ReasonNotServed, "approvals are not served yet", "delete the SyncApproval"},
}
