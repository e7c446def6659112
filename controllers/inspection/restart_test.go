package inspection_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/inspection"
	"synccenter.dev/synccenter/test/apiserver"
)

// TestKilledAtEachWrite kills the manager at each of its writes about an
// inspection, before and after it takes effect, starts another one, and looks at
// what came of it.
func TestKilledAtEachWrite(t *testing.T) {
	t.Parallel()
	for name, life := range map[string]struct {
		live   func(w *world, dying client.Client)
		writes int
	}{
		"a check by itself":         {(*world).liveCheck, 8},
		"an explanation":            {(*world).liveExplanation, 5},
		"a check that is asked for": {(*world).liveRequest, 7},
		"a list whose pod dies":     {(*world).liveTrouble, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := &apiserver.Killer{}
			life.live(killedWorld(t, whole))
			if whole.Seen < life.writes {
				t.Fatalf("it takes %d writes; this test no longer sees them", whole.Seen)
			}
			for at := 1; at <= whole.Seen; at++ {
				for _, afterward := range []bool{false, true} {
					t.Run(fmt.Sprintf("write %d afterward %t", at, afterward), func(t *testing.T) {
						t.Parallel()
						life.live(killedWorld(t, &apiserver.Killer{At: at, Afterward: afterward}))
					})
				}
			}
		})
	}
}

// killedWorld is a world with a task whose definition is valid, and the client of a manager that is killed.
func killedWorld(t *testing.T, k *apiserver.Killer) (*world, client.Client) {
	t.Helper()
	w := newWorld(t)
	if err := judge(t.Context(), w.stored()); err != nil {
		t.Fatal(err)
	}
	return w, client.NewNamespacedClient(server.Killed(t, k), w.namespace)
}

// liveCheck checks a task, and an hour later again. Then the first check goes.
func (w *world) liveCheck(dying client.Client) {
	w.Helper()
	for range 2 {
		w.lookKilled(dying)
		w.answer(w.onlyJob(), v1alpha1.ReasonConnected, v1alpha1.ReasonConnected, "")
		w.lookKilled(dying)
		w.clock.SetTime(w.clock.Now().Add(61 * time.Minute))
	}
	w.lookKilled(dying) // the third is due
	w.answer(w.onlyJob(), v1alpha1.ReasonConnected, v1alpha1.ReasonConnected, "")
	w.lookKilled(dying)
	w.expectLeft(3, inspection.KindCheck)
}

// liveExplanation explains an entry. The answer goes after a day.
func (w *world) liveExplanation(dying client.Client) {
	w.Helper()
	w.hold()
	w.ask(`{"id": "aaaaaaaa", "explain": {"subject": "User", "entry": "li"}}`)
	w.lookKilled(dying)
	job := w.onlyJob()
	w.storeAnswer(job)
	w.answer(job, "", "", "")
	w.lookKilled(dying)
	w.expectOne("aaaaaaaa", inspection.KindExplain, false)
	w.clock.SetTime(w.clock.Now().Add(25 * time.Hour))
	w.lookKilled(dying)
	w.expectLeft(1)
}

// liveRequest checks a held task twice on request. Then the first check goes.
func (w *world) liveRequest(dying client.Client) {
	w.Helper()
	w.hold()
	for _, id := range []string{"bbbbbbbb", "cccccccc"} {
		w.ask(`{"id": "` + id + `", "check": true}`)
		w.lookKilled(dying)
		w.answer(w.onlyJob(), v1alpha1.ReasonConnected, v1alpha1.ReasonUnreachable, "the target is down")
		w.lookKilled(dying)
		w.expectOne(id, inspection.KindCheck, false)
		w.clock.SetTime(w.clock.Now().Add(11 * time.Minute))
	}
	w.lookKilled(dying)
	w.expectLeft(2, inspection.KindCheck)
}

// liveTrouble asks for a list, whose pod dies. What is said of it goes after a day.
func (w *world) liveTrouble(dying client.Client) {
	w.Helper()
	w.hold()
	w.ask(`{"id": "dddddddd", "unmanaged": true}`)
	w.lookKilled(dying)
	w.end(w.onlyJob(), batchv1.JobFailed, batchv1.JobFailureTarget, "DeadlineExceeded")
	w.lookKilled(dying)
	w.expectOne("dddddddd", inspection.KindUnmanaged, true)
	w.clock.SetTime(w.clock.Now().Add(25 * time.Hour))
	w.lookKilled(dying)
	w.expectLeft(1)
}

// hold lets the task be looked at on request only.
func (w *world) hold() {
	w.Helper()
	w.change(func(task *v1alpha1.SyncTask) {
		metav1.SetMetaDataAnnotation(&task.ObjectMeta, v1alpha1.AnnotationHold, "audit")
	})
}

// lookKilled reconciles until the manager is killed or waits, and then with
// another one that is not killed.
func (w *world) lookKilled(dying client.Client) {
	w.Helper()
	if err := w.lookAll(dying); err != nil && !errors.Is(err, apiserver.ErrKilled) {
		w.Fatal(err)
	}
	if err := w.lookAll(w.ofNamespace()); err != nil {
		w.Fatal(err)
	}
	if left := w.stored().Annotations[v1alpha1.AnnotationInspect]; left != "" {
		w.Errorf("the request %s is still there", left)
	}
}

// lookAll reconciles until nothing is to be done at once.
func (w *world) lookAll(c client.Client) error {
	for range 20 {
		result, err := w.looks(c).Reconcile(w.Context(), ctrl.Request{NamespacedName: w.key("hr")})
		if err != nil {
			return err
		}
		if result.RequeueAfter == 0 || result.RequeueAfter > atOnce {
			return nil
		}
	}
	return errors.New("the controller did not come to rest")
}

// storeAnswer plays the pod of a Job that stores an answer with names.
func (w *world) storeAnswer(job *batchv1.Job) {
	w.Helper()
	options, uid := w.options(job)
	writer, err := artifact.NewWriter(w.Context(), cluster.New(options), artifact.Scope{Run: uid}, inspection.AnswerStream, "")
	if err != nil {
		w.Fatal(err)
	}
	if _, err := writer.Write([]byte(`{"schemaVersion": 1}`)); err != nil {
		w.Fatal(err)
	}
	if _, _, err := writer.Commit(w.Context()); err != nil {
		w.Fatal(err)
	}
}

// expectOne wants one object that tells of a request, with the last word, and
// one Job that was made for it.
func (w *world) expectOne(id string, kind inspection.Kind, troubled bool) {
	w.Helper()
	uid := inspection.UID(string(w.stored().UID), id)
	name := inspection.Name("hr", kind, uid)
	var heads v1alpha1.SyncArtifactList
	var jobs batchv1.JobList
	ofRequest := client.MatchingLabels{v1alpha1.LabelRun: name}
	for _, list := range []client.ObjectList{&heads, &jobs} {
		if err := server.Client.List(w.Context(), list, client.InNamespace(w.namespace), ofRequest); err != nil {
			w.Fatal(err)
		}
	}
	told := 0
	for i := range heads.Items {
		if heads.Items[i].Labels[v1alpha1.LabelArtifact] != cluster.LabelValueInspection {
			continue // the stream of its answer
		}
		told++
		if head := cluster.HeadOf(&heads.Items[i]); head.Ended == nil || head.Troubled != troubled {
			w.Errorf("what is said of %s is %+v", name, head)
		}
	}
	if told != 1 || len(jobs.Items) != 1 {
		w.Errorf("%d objects tell of %s and %d Jobs were made for it, want one each", told, name, len(jobs.Items))
	}
}

// expectLeft wants that so many Jobs were made and nothing is left but what is
// said of some inspections, each with the last word.
func (w *world) expectLeft(made int, kinds ...inspection.Kind) {
	w.Helper()
	var left v1alpha1.SyncArtifactList
	var jobs batchv1.JobList
	for _, list := range []client.ObjectList{&left, &jobs} {
		if err := server.Client.List(w.Context(), list, client.InNamespace(w.namespace)); err != nil {
			w.Fatal(err)
		}
	}
	if len(jobs.Items) != made {
		w.Errorf("%d Jobs were made, want %d", len(jobs.Items), made)
	}
	var found []inspection.Kind
	for i := range left.Items {
		head := cluster.HeadOf(&left.Items[i])
		found = append(found, head.Kind)
		if head.Ended == nil {
			w.Errorf("%s has not ended", head.Name)
		}
	}
	if !slices.Equal(found, kinds) {
		w.Errorf("%v are left, want %v", found, kinds)
	}
}
