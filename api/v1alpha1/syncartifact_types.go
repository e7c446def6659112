package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// SyncArtifact is storage for Sync Center, and not for people: a piece of a
// plan, of records, of a journal, of a definition or of the state. Its data may
// hold names and phones, so no aggregated role can read it.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource
// +kubebuilder:printcolumn:name="STREAM",type=string,JSONPath=".stream",description="The stream that the piece belongs to."
// +kubebuilder:printcolumn:name="TYPE",type=string,JSONPath=".type",description="Chunk, Manifest or Report."
// +kubebuilder:printcolumn:name="RUN",type=string,JSONPath=".writer.run",description="The run that wrote it last."
// +kubebuilder:printcolumn:name="AGE",type=date,JSONPath=".metadata.creationTimestamp",description="How long ago it was made."
// +kubebuilder:validation:XValidation:rule="self.stream == oldSelf.stream && self.type == oldSelf.type",message="stream and type of a SyncArtifact are immutable; make a new one"
type SyncArtifact struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata, with the labels
	// synccenter.dev/task, synccenter.dev/run and synccenter.dev/artifact.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// stream is the name of the stream that the piece belongs to. Example: records.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Stream string `json:"stream"`

	// type is Chunk (a part of a stream, never changed), Manifest (names the
	// chunks of a stream and makes them whole) or Report (what a runner tells
	// the manager). Manifests and reports are replaced.
	// +required
	Type ArtifactType `json:"type"`

	// writer is who wrote the piece last.
	// +required
	Writer ArtifactWriter `json:"writer"`

	// data is the content, at most about 1 MB.
	// +required
	// +kubebuilder:validation:MaxLength=1400000
	Data []byte `json:"data"`
}

// SyncArtifactList is a list of SyncArtifacts.
//
// +kubebuilder:object:root=true
type SyncArtifactList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []SyncArtifact `json:"items"`
}

// ArtifactType says what a piece is.
//
// +kubebuilder:validation:Enum=Chunk;Manifest;Report
type ArtifactType string

// The types of an artifact.
const (
	ArtifactChunk    ArtifactType = "Chunk"
	ArtifactManifest ArtifactType = "Manifest"
	ArtifactReport   ArtifactType = "Report"
)

// ArtifactWriter is the execution that wrote a piece.
type ArtifactWriter struct {
	// run is the name of the SyncRun. Example: hr-first.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Run string `json:"run"`
	// uid of the SyncRun, since a name may be used again.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	UID types.UID `json:"uid"`
	// attempt is the number of the run's Job; 0 is the manager itself. Example: 1.
	// +required
	// +kubebuilder:validation:Minimum=0
	Attempt int32 `json:"attempt"`
}
