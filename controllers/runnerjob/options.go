package runnerjob

import (
	corev1 "k8s.io/api/core/v1"

	"synccenter.dev/synccenter/internal/artifact"
)

// Options are what the manager's flags say about every Job.
type Options struct {
	// Image is the image of the runner, which is the manager's own.
	Image string
	// Resources are used where the task's podTemplate names none.
	Resources corev1.ResourceRequirements
	// Budget is handed to the runner, which must keep it.
	Budget artifact.Budget
}

// Attempt says which of a run's Jobs is built.
type Attempt struct {
	// Number counts the Jobs of a run, from 1.
	Number int32
	// SettleOnly makes it the last one: it writes nothing to the target, settles
	// what is in doubt and completes the records.
	SettleOnly bool
}
