package cluster

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
)

// Item is a stored object, as far as its metadata tells.
type Item struct {
	Namespace string
	Name      string
	UID       types.UID
	Created   time.Time
	// Writer is the name of the run that wrote it last.
	Writer string
	// Run owns the object; empty for what belongs to an owner and outlives runs. OwnerTask is the SyncTask that owns what an inspection
	// has stored. Others says whether something else owns the object.
	Run       types.UID
	OwnerTask types.UID
	Others    bool
	Task      string
	// Kind is what the label synccenter.dev/artifact says.
	Kind string
	// Inspection: it tells of a look at the directories, or is a piece of the answer. It counts in no budget of runs: the newest answers
	// of a task are kept, each within a bound of its own.
	Inspection bool
	// Bytes is the size of the data.
	Bytes int64
}

// Stream is the stream that the object is a piece of.
func (i Item) Stream() string {
	_, name, _ := strings.Cut(i.Name, "-"+i.Kind+"-")
	if i.Kind == LabelValueChunk {
		return streamOf(name)
	}
	return name
}

// IsOf says whether the object belongs to an owner, and to no run.
func (i Item) IsOf(owner string) bool {
	key, err := artifact.Scope{Owner: owner}.Key()
	return err == nil && i.Run == "" && strings.HasPrefix(i.Name, key+"-")
}

// RunKey tells of which run an object is: the names of all that a run stores begin with it, whatever became of labels and owners.
type RunKey [16]byte

// KeyOf is the key of the run with this uid.
func KeyOf(run types.UID) (RunKey, error) {
	key, err := artifact.Scope{Run: string(run)}.Key()
	if err != nil {
		return RunKey{}, err
	}
	parsed, ok := parseRunKey(key)
	if !ok {
		return RunKey{}, fmt.Errorf("the key %q of run %q is none of a run", key, run)
	}
	return parsed, nil
}

func parseRunKey(text string) (RunKey, bool) {
	digits, ofRun := strings.CutPrefix(text, "run-")
	raw, err := hex.DecodeString(digits)
	if !ofRun || err != nil || len(raw) != len(RunKey{}) {
		return RunKey{}, false
	}
	return RunKey(raw), true
}

// nameWords are what the name of an object says of its kind, after the key.
var nameWords = map[string]string{
	LabelValueChunk: LabelValueChunk, LabelValueManifest: LabelValueManifest, LabelValueReport: LabelValueReport, LabelValueReadReport: LabelValueReport,
	LabelValueInspection: LabelValueReport,
}

// RunKey is the key of the run that the object belongs to. There is none of what belongs to an owner or to an inspection, and of what this
// version does not know.
func (i Item) RunKey() (RunKey, bool) {
	if i.Inspection || i.OwnerTask != "" || i.Others {
		return RunKey{}, false
	}
	return i.key()
}

// key is the key that the name begins with: that of a run, or of an inspection, which is named in the same way.
func (i Item) key() (RunKey, bool) {
	word, known := nameWords[i.Kind]
	key, _, named := strings.Cut(i.Name, "-"+word+"-")
	if !known || !named {
		return RunKey{}, false
	}
	return parseRunKey(key)
}

// GoesWithTask says whether an inspection has stored the object, so that it goes with the SyncTask OwnerTask; without an owner it belongs
// to nobody. It does not speak of what something else owns, and of what this version does not know.
func (i Item) GoesWithTask() bool {
	_, known := i.key()
	return i.Inspection && known && i.Run == "" && !i.Others
}

// IsState says whether the object belongs to an owner, whoever that is.
func (i Item) IsState() bool { return i.Run == "" && strings.HasPrefix(i.Name, "owner-") }

// Visit shows every object of a namespace that the options select, page by page; without a namespace it is of all. The data stays on the
// server.
func Visit(ctx context.Context, reader client.Reader, namespace string, visit func(Item), selected ...client.ListOption) error {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(v1alpha1.KindSyncArtifact + "List"))
	for {
		options := append([]client.ListOption{client.InNamespace(namespace), client.Limit(pageSize), client.Continue(list.Continue)}, selected...)
		if err := retry(ctx, func() error { return reader.List(ctx, list, options...) }); err != nil {
			return fmt.Errorf("listing the SyncArtifacts of namespace %q: %w", namespace, err)
		}
		for i := range list.Items {
			visit(itemOf(&list.Items[i]))
		}
		if list.Continue == "" {
			return nil
		}
	}
}

func itemOf(object *metav1.PartialObjectMetadata) Item {
	item := Item{
		Namespace: object.Namespace, Name: object.Name, UID: object.UID, Created: object.CreationTimestamp.Time,
		Writer: object.Labels[v1alpha1.LabelRun], Task: object.Labels[v1alpha1.LabelTask],
		Kind:       object.Labels[v1alpha1.LabelArtifact],
		Inspection: object.Labels[v1alpha1.LabelInspection] != "", Bytes: storedBytes(object.Annotations),
	}
	for _, owner := range object.OwnerReferences {
		switch owner.Kind {
		case v1alpha1.KindSyncRun:
			item.Run = owner.UID
		case v1alpha1.KindSyncTask:
			item.OwnerTask = owner.UID
		default:
			item.Others = true
		}
	}
	return item
}

// Remove deletes an object that was seen, and no other of its name. One that is gone already is no error.
func Remove(ctx context.Context, writer client.Writer, namespace string, item Item) error {
	object := &v1alpha1.SyncArtifact{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: item.Name}}
	err := writer.Delete(ctx, object, client.Preconditions{UID: &item.UID})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("deleting SyncArtifact %s/%s: %w", namespace, item.Name, err)
	}
	return nil
}
