package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/inspection"
)

// inspectionStream is the stream name of the object that tells of an inspection.
const inspectionStream = "inspection"

// Annotations say of an inspection what the manager decides by, so that its cache can do without the rest.
const (
	annotationBegun   = "synccenter.dev/begun"
	annotationChecked = "synccenter.dev/checked"
	annotationEnded   = "synccenter.dev/ended"
	annotationTrouble = "synccenter.dev/trouble"
)

// Inspections keeps the documents of inspections, each in an object of its own that is replaced.
type Inspections struct{ store *Store }

// NewInspections makes the keeper of one inspection: the one whose Writer the options name.
func NewInspections(options Options) *Inspections { return &Inspections{New(options)} }

// OptionsOf are the options of the store of one inspection of a task.
func OptionsOf(c client.Client, task *v1alpha1.SyncTask, name, uid string, kind inspection.Kind) Options {
	return Options{
		Client: c, Namespace: task.Namespace, Task: task.Name,
		Writer:     v1alpha1.ArtifactWriter{Run: name, UID: types.UID(uid)},
		Inspection: &InspectionOf{Kind: string(kind), TaskUID: task.UID},
	}
}

// InspectionObject is the name of the object that tells of an inspection.
func InspectionObject(uid string) (string, error) {
	return objectName(artifact.Scope{Run: uid}, v1alpha1.ArtifactReport, inspectionStream)
}

// Create stores a new inspection. One that is there already stays as it is.
func (s *Inspections) Create(ctx context.Context, i *inspection.Inspection) error {
	object, err := s.object(i)
	if err == nil {
		_, err = s.store.create(ctx, object)
	}
	if errors.Is(err, artifact.ErrConflict) {
		return nil
	}
	return err
}

// Load reads the inspection, with the revision that Replace wants. That comes also with inspection.ErrUnreadable.
func (s *Inspections) Load(ctx context.Context) (*inspection.Inspection, string, error) {
	scope := artifact.Scope{Run: string(s.store.options.Writer.UID)}
	object, err := s.store.get(ctx, scope, v1alpha1.ArtifactReport, inspectionStream)
	if err != nil {
		return nil, "", err
	}
	i, err := DecodeInspection(object)
	return i, object.ResourceVersion, err
}

// Replace stores the inspection if its revision is still the given one, else it is artifact.ErrConflict.
func (s *Inspections) Replace(ctx context.Context, i *inspection.Inspection, revision string) error {
	object, err := s.object(i)
	if err != nil {
		return err
	}
	object.ResourceVersion = revision
	_, err = s.store.update(ctx, object)
	return err
}

// Delete removes the inspection and its answer, also one that cannot be read any more.
func (s *Inspections) Delete(ctx context.Context) error {
	scope := artifact.Scope{Run: string(s.store.options.Writer.UID)}
	err := artifact.Delete(ctx, s.store, scope, inspection.AnswerStream)
	if errors.Is(err, artifact.ErrCorrupt) || errors.Is(err, artifact.ErrNewer) {
		err = s.deletePieces(ctx)
	}
	if err != nil {
		return err
	}
	return s.store.delete(ctx, scope, v1alpha1.ArtifactReport, inspectionStream)
}

// deletePieces looks for the pieces of the answer by their labels, since nothing names them.
func (s *Inspections) deletePieces(ctx context.Context) error {
	options := s.store.options
	var pieces []Item
	err := Visit(ctx, options.Client, options.Namespace, func(item Item) {
		if item.Inspection && item.Kind != LabelValueInspection {
			pieces = append(pieces, item)
		}
	}, client.MatchingLabels{v1alpha1.LabelRun: options.Writer.Run, v1alpha1.LabelTask: options.Task})
	for _, piece := range pieces {
		if err == nil {
			err = Remove(ctx, options.Client, options.Namespace, piece)
		}
	}
	return err
}

func (s *Inspections) object(i *inspection.Inspection) (*v1alpha1.SyncArtifact, error) {
	data, err := i.Encode()
	if err != nil {
		return nil, err
	}
	object, err := s.store.object(artifact.Scope{Run: i.UID}, v1alpha1.ArtifactReport, inspectionStream, data)
	if err != nil {
		return nil, fmt.Errorf("storing inspection %s: %w", i.Name, err)
	}
	object.Labels[v1alpha1.LabelArtifact] = LabelValueInspection
	maps.Copy(object.Annotations, headOf(i))
	return object, nil
}

func headOf(i *inspection.Inspection) map[string]string {
	head := map[string]string{annotationChecked: i.Checked, annotationBegun: i.Begun.UTC().Format(time.RFC3339Nano)}
	if i.Ended != nil {
		head[annotationEnded] = i.Ended.UTC().Format(time.RFC3339)
	}
	if i.Trouble != "" {
		head[annotationTrouble] = "true"
	}
	return head
}

// DecodeInspection reads the object of an inspection.
func DecodeInspection(object *v1alpha1.SyncArtifact) (*inspection.Inspection, error) {
	i, err := inspection.Decode(object.Data)
	if err == nil && i.UID != string(object.Writer.UID) {
		err = fmt.Errorf("%w: it is about inspection %q", inspection.ErrUnreadable, i.UID)
	}
	if err != nil {
		return nil, fmt.Errorf("SyncArtifact %s: %w", object.Name, err)
	}
	return i, nil
}

// InspectionHead is what the object of an inspection tells without its data.
type InspectionHead struct {
	Name    string
	UID     string
	Kind    inspection.Kind
	Checked string
	Begun   time.Time
	// Ended is nil while the last word is waited for.
	Ended *time.Time
	// Troubled: there is no answer, and the document says why.
	Troubled bool
}

// HeadOf reads the head of an inspection. The data may have been left out.
func HeadOf(object *v1alpha1.SyncArtifact) InspectionHead {
	head := InspectionHead{
		Name: object.Writer.Run, UID: string(object.Writer.UID), Kind: inspection.Kind(object.Labels[v1alpha1.LabelInspection]),
		Checked:  object.Annotations[annotationChecked],
		Troubled: object.Annotations[annotationTrouble] != "",
	}
	if begun, err := time.Parse(time.RFC3339Nano, object.Annotations[annotationBegun]); err == nil {
		head.Begun = begun
	}
	if ended, err := time.Parse(time.RFC3339, object.Annotations[annotationEnded]); err == nil {
		head.Ended = &ended
	}
	return head
}
