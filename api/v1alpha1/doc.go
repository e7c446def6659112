// Package v1alpha1 holds the four kinds of synccenter.dev/v1alpha1, their
// markers and their defaults, and the contract of their conditions.
//
// A SyncTask says what to keep in step, a SyncRun executes it once and is its
// record in the history, a SyncApproval is a person's decision about a plan or
// about removals that wait, and a SyncArtifact stores what a run leaves behind.
// The package has no logic: what a schema cannot refuse is judged by
// internal/definition.
//
// +kubebuilder:object:generate=true
// +groupName=synccenter.dev
package v1alpha1
