package inspection_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/test/apiserver"
)

// spoilt are the ways in which what is stored of an inspection may be unreadable.
var spoilt = map[string]struct {
	spoil func(t *testing.T, data []byte) []byte
	says  string
}{
	"a damaged document": {func(_ *testing.T, data []byte) []byte { return data[:len(data)/2] }, "cannot be read"},
	"a newer document": {func(_ *testing.T, data []byte) []byte {
		return bytes.Replace(data, []byte(`"schemaVersion":1`), []byte(`"schemaVersion":99`), 1)
	}, "schema version is 99"},
	"a damaged definition": {func(t *testing.T, data []byte) []byte {
		return changedDocument(t, data, func(i *inspection.Inspection) { i.Definition = i.Definition[:20] })
	}, "cannot be read"},
	"a newer definition": {func(t *testing.T, data []byte) []byte {
		return changedDocument(t, data, func(i *inspection.Inspection) {
			taken, err := i.TaskDefinition()
			if err != nil {
				t.Fatal(err)
			}
			taken.SchemaVersion = definition.SchemaVersion + 1
			newer, err := inspection.New(i.Request, taken, i.Begun)
			if err != nil {
				t.Fatal(err)
			}
			i.Definition = newer.Definition
		})
	}, "upgrade"},
}

func changedDocument(t *testing.T, data []byte, change func(*inspection.Inspection)) []byte {
	t.Helper()
	i, err := inspection.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	change(i)
	changed, err := json.Marshal(i)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// TestWhatCannotBeReadIsGivenUp spoils what the manager stored of a check, before
// its Job was made or after.
func TestWhatCannotBeReadIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, test := range spoilt {
		for when, writes := range map[string]int{"before the Job": 2, "beside the Job": 3} {
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				if err := judge(t.Context(), w.stored()); err != nil {
					t.Fatal(err)
				}
				dying := w.looks(server.Killed(t, &apiserver.Killer{At: writes}))
				_, _ = dying.Reconcile(t.Context(), ctrl.Request{NamespacedName: w.key("hr")}) // it may have been killed
				object := w.onlyHead()
				object.Data = test.spoil(t, object.Data)
				if err := server.Client.Update(t.Context(), object); err != nil {
					t.Fatal(err)
				}
				if jobs := w.jobs(); len(jobs) > 0 {
					w.end(&jobs[0], "Failed", "FailureTarget", "BackoffLimitExceeded")
				}
				w.expect(v1alpha1.ConditionSourceReady, metav1.ConditionUnknown, v1alpha1.ReasonCheckFailed, "The check could not be made. ")
				if when == "before the Job" {
					w.expect(v1alpha1.ConditionSourceReady, metav1.ConditionUnknown, v1alpha1.ReasonCheckFailed, test.says)
				}

				w.ask(`{"id": "0123456789", "explain": {"subject": "User", "entry": "li"}}`)
				w.settle()
				w.answer(w.onlyJob(), "", "", "")
				w.clock.SetTime(w.clock.Now().Add(6 * time.Minute))
				w.settle()
				w.answer(w.onlyJob(), v1alpha1.ReasonConnected, v1alpha1.ReasonConnected, "")
				w.expect(v1alpha1.ConditionSourceReady, metav1.ConditionTrue, v1alpha1.ReasonConnected, "")
				w.clock.SetTime(w.clock.Now().Add(11 * time.Minute))
				w.settle()
				if err := server.Client.Get(t.Context(), client.ObjectKeyFromObject(object), object); !apierrors.IsNotFound(err) {
					t.Errorf("what could not be read is still there: %v", err)
				}
			})
		}
	}
}

// TestARequestThatCannotBeReadIsGivenUp: who asked is told, and may ask again.
func TestARequestThatCannotBeReadIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hold()
	w.settle()
	w.ask(`{"id": "0123456789", "explain": {"subject": "User", "entry": "li"}}`)
	dying := w.looks(server.Killed(t, &apiserver.Killer{At: 2}))
	_, _ = dying.Reconcile(t.Context(), ctrl.Request{NamespacedName: w.key("hr")}) // it is killed
	object := w.onlyHead()
	object.Data = []byte("{")
	if err := server.Client.Update(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	if task := w.settle(); task.Annotations[v1alpha1.AnnotationInspect] != "" {
		t.Error("the request is still there")
	}
	told, err := cluster.DecodeInspection(w.onlyHead())
	if err != nil || told.Ended == nil || !strings.Contains(told.Trouble, "cannot be read") {
		t.Errorf("who asked is told %+v, %v", told, err)
	}
	w.ask(`{"id": "9876543210", "explain": {"subject": "User", "entry": "li"}}`)
	w.settle()
	w.answer(w.onlyJob(), "", "", "")
	w.clock.SetTime(w.clock.Now().Add(25 * time.Hour))
	w.expectKept("Explain", 0)
}

// onlyHead is the one object that tells of an inspection.
func (w *world) onlyHead() *v1alpha1.SyncArtifact {
	w.Helper()
	var heads v1alpha1.SyncArtifactList
	if err := server.Client.List(w.Context(), &heads, client.InNamespace(w.namespace), client.MatchingLabels{v1alpha1.LabelArtifact: cluster.LabelValueInspection}); err != nil {
		w.Fatal(err)
	}
	if len(heads.Items) != 1 {
		w.Fatalf("%d objects tell of inspections, want one", len(heads.Items))
	}
	return &heads.Items[0]
}

// TestAnAnswerThatCannotBeReadGoesToo: its pieces go with it, and it holds up no check.
func TestAnAnswerThatCannotBeReadGoesToo(t *testing.T) {
	t.Parallel()
	for name, manifest := range map[string]string{"damaged": "{", "newer": `{"schemaVersion": 99, "stream": "answer"}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.settle()
			w.answer(w.onlyJob(), v1alpha1.ReasonConnected, v1alpha1.ReasonConnected, "")
			w.ask(`{"id": "0123456789", "explain": {"subject": "User", "entry": "li"}}`)
			w.settle()
			job := w.onlyJob()
			w.storeAnswer(job)
			w.answer(job, "", "", "")
			options, uid := w.options(job)
			store, scope := cluster.New(options), artifact.Scope{Run: uid}
			if err := store.PutChunk(t.Context(), scope, "answer-1-0", []byte("names")); err != nil {
				t.Fatal(err)
			}
			_, revision, err := store.GetManifest(t.Context(), scope, inspection.AnswerStream)
			if err == nil {
				_, err = store.PutManifest(t.Context(), scope, inspection.AnswerStream, []byte(manifest), revision)
			}
			if err != nil {
				t.Fatal(err)
			}
			w.clock.SetTime(w.clock.Now().Add(25 * time.Hour))
			w.settle()
			w.answer(w.onlyJob(), v1alpha1.ReasonConnected, v1alpha1.ReasonConnected, "")
			w.expectKept("Explain", 0)
		})
	}
}
