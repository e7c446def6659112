package cluster

import (
	"fmt"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
)

// annotationStoredBytes is the size of an object's data, so that a list of metadata is enough to add up what is stored.
const annotationStoredBytes = "synccenter.dev/stored-bytes"

// The values of the label synccenter.dev/artifact. The manager's cache selects reports and nothing else. A report whose run has ended
// becomes a read one: it stays, and is looked for by its name.
const (
	LabelValueChunk      = "chunk"
	LabelValueManifest   = "manifest"
	LabelValueReport     = "report"
	LabelValueReadReport = "read-report"
	// LabelValueInspection is on the one object that tells of an inspection, beside the streams of its answer.
	LabelValueInspection = "inspection"
)

var labelValues = map[v1alpha1.ArtifactType]string{
	v1alpha1.ArtifactChunk:    LabelValueChunk,
	v1alpha1.ArtifactManifest: LabelValueManifest,
	v1alpha1.ArtifactReport:   LabelValueReport,
}

// objectName is the name of the object for a chunk, a manifest or a report. It follows from scope and name alone, and two never share one:
// the scope is a hash of 128 bits, and chunks and manifests have a word of their own.
func objectName(scope artifact.Scope, kind v1alpha1.ArtifactType, name string) (string, error) {
	key, err := scope.Key()
	if err != nil {
		return "", err
	}
	if err := artifact.CheckName(name); err != nil {
		return "", err
	}
	return key + "-" + labelValues[kind] + "-" + name, nil
}

// object builds the object for a chunk, a manifest or a report.
func (s *Store) object(scope artifact.Scope, kind v1alpha1.ArtifactType, name string, data []byte) (*v1alpha1.SyncArtifact, error) {
	objectName, err := objectName(scope, kind, name)
	if err != nil {
		return nil, err
	}
	stream := name
	if kind == v1alpha1.ArtifactChunk {
		stream = streamOf(name)
	}
	object := &v1alpha1.SyncArtifact{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.options.Namespace,
			Name:      objectName,
			Labels: map[string]string{
				v1alpha1.LabelTask:     s.options.Task,
				v1alpha1.LabelRun:      s.options.Writer.Run,
				v1alpha1.LabelArtifact: labelValues[kind],
			},
			Annotations: map[string]string{annotationStoredBytes: strconv.Itoa(len(data))},
		},
		Stream: stream,
		Type:   kind,
		Writer: s.options.Writer,
		Data:   data,
	}
	if scope.Run == "" {
		return object, nil
	}
	if types.UID(scope.Run) != s.options.Writer.UID {
		return nil, fmt.Errorf("writing to the streams of run %q: this store writes those of run %q", scope.Run, s.options.Writer.UID)
	}
	object.OwnerReferences = []metav1.OwnerReference{s.ownerReference()}
	if of := s.options.Inspection; of != nil {
		object.Labels[v1alpha1.LabelInspection] = of.Kind
	}
	return object, nil
}

// ownerReference makes an object go with its run; what an inspection leaves goes with its task.
func (s *Store) ownerReference() metav1.OwnerReference {
	owner := metav1.OwnerReference{
		APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.KindSyncRun, Controller: new(true),
		Name: s.options.Writer.Run, UID: s.options.Writer.UID,
	}
	if of := s.options.Inspection; of != nil {
		owner.Kind, owner.Name, owner.UID = v1alpha1.KindSyncTask, s.options.Task, of.TaskUID
	}
	return owner
}

// streamOf is the stream of a chunk named stream-version-index.
func streamOf(chunk string) string {
	for range 2 {
		if at := strings.LastIndexByte(chunk, '-'); at > 0 {
			chunk = chunk[:at]
		}
	}
	return chunk
}
