package v1alpha1

// Labels on what Sync Center creates. No label or annotation of a task is ever
// copied: a GitOps tool would prune by it.
const (
	// LabelTask names the SyncTask that an object belongs to.
	LabelTask = "synccenter.dev/task"
	// LabelRun names the SyncRun that wrote an object last.
	LabelRun = "synccenter.dev/run"
	// LabelArtifact says what a SyncArtifact holds, so that a cache can select by it.
	LabelArtifact = "synccenter.dev/artifact"
	// LabelInspection is on the Jobs, pods and artifacts of a look at a task's
	// directories: what is looked for. It is no run: LabelRun holds its own name.
	LabelInspection = "synccenter.dev/inspection"
	// LabelTrigger is on automatic runs alone: the mode that created them.
	LabelTrigger = "synccenter.dev/trigger"
)

// Annotations that Sync Center reads or writes.
const (
	// AnnotationAcceptedUID is the uid of the run that was accepted under this
	// name. A run that carries another uid than its own is a restored copy.
	AnnotationAcceptedUID = "synccenter.dev/accepted-uid"
	// AnnotationHold on a task stops it at once; its value is the reason.
	AnnotationHold = "synccenter.dev/hold"
	// AnnotationStop on the Lease of a task asks its runner to stop at a safe
	// point; its value is the reason.
	AnnotationStop = "synccenter.dev/stop"
	// AnnotationInspect on a task asks for a look at its directories. The plugin
	// writes it, and the manager takes it away when it has made the Job.
	AnnotationInspect = "synccenter.dev/inspect"
	// AnnotationKeep on a run keeps it from retention, whatever its value; the
	// same name as a label does too.
	AnnotationKeep = "synccenter.dev/keep"
)

// Finalizer on a task lets its execution end at a safe point before the task goes.
const Finalizer = "synccenter.dev/safe-point"
