package syncrun_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/report"
)

// What GitOps tools put on objects, and find those by that they may prune.
var (
	toolLabels = map[string]string{
		"app.kubernetes.io/instance": "company", "app.kubernetes.io/managed-by": "Helm", "argocd.argoproj.io/instance": "company",
		"kustomize.toolkit.fluxcd.io/name": "company", "kustomize.toolkit.fluxcd.io/namespace": "flux-system", "team": "hr",
	}
	toolAnnotations = map[string]string{
		"argocd.argoproj.io/tracking-id": "company:synccenter.dev/SyncTask:people/hr", "argocd.argoproj.io/sync-options": "Prune=true",
		"meta.helm.sh/release-name": "company", "kubectl.kubernetes.io/last-applied-configuration": "{}",
	}
)

// TestNothingCanBePruned looks at every object that comes of a task and a run
// with the labels and annotations of GitOps tools: none of them is on it, and
// nothing but what the design says owns it.
func TestNothingCanBePruned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task, run := newTask("hr"), newRun("hr", "hr-first")
	task.Labels, task.Annotations = toolLabels, toolAnnotations
	run.Labels, run.Annotations = toolLabels, toolAnnotations
	w.create(task)
	w.create(run)
	w.settleTask("hr")
	w.settleRun("hr-first")
	w.tell(w.run("hr-first"), 1, report.Report{Stage: report.Applying, Done: 1, Total: 2})
	w.cancel("hr-first") // so that the Lease is written, too
	w.settleRun("hr-first")

	seen := map[string]int{}
	for _, list := range []client.ObjectList{
		&batchv1.JobList{}, &v1alpha1.SyncArtifactList{}, &corev1.ServiceAccountList{}, &rbacv1.RoleBindingList{},
		&coordinationv1.LeaseList{}, &v1alpha1.SyncRunList{}, &corev1.ConfigMapList{},
	} {
		if err := w.client.List(t.Context(), list, client.InNamespace(w.namespace)); err != nil {
			t.Fatal(err)
		}
		err := meta.EachListItem(list, func(item runtime.Object) error {
			object := item.(client.Object)
			kind := reflect.TypeOf(item).Elem().Name()
			seen[kind]++
			w.checkOwner(kind, object)
			if kind != v1alpha1.KindSyncRun {
				w.checkMetadata(kind, object)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for kind, least := range map[string]int{"Job": 1, "SyncArtifact": 2, "ServiceAccount": 1, "RoleBinding": 1, "Lease": 1, "SyncRun": 1} {
		if seen[kind] < least {
			t.Errorf("%d objects of kind %s were made, want at least %d: this test looks at too little", seen[kind], kind, least)
		}
	}
}

// checkMetadata: nothing of a tool is on an object or on the pods made from it.
func (w *world) checkMetadata(kind string, object client.Object) {
	w.Helper()
	labels, annotations := object.GetLabels(), object.GetAnnotations()
	if job, ok := object.(*batchv1.Job); ok {
		template := job.Spec.Template
		for _, values := range []map[string]string{template.Labels, template.Annotations} {
			for key := range values {
				if !strings.HasPrefix(key, "synccenter.dev/") && !strings.Contains(key, "batch.kubernetes.io/") && key != "job-name" && key != "controller-uid" {
					w.Errorf("the pods of %s %s would carry %s", kind, object.GetName(), key)
				}
			}
		}
	}
	for _, values := range []map[string]string{labels, annotations} {
		for key := range values {
			_, label := toolLabels[key]
			_, annotation := toolAnnotations[key]
			if label || annotation {
				w.Errorf("%s %s carries %s, which a tool would prune by", kind, object.GetName(), key)
			}
		}
	}
}

// checkOwner: what a run makes goes with the run; the run itself, and what all
// runs of a namespace share, goes with nobody.
func (w *world) checkOwner(kind string, object client.Object) {
	w.Helper()
	owners := object.GetOwnerReferences()
	if slices.Contains([]string{"Job", "SyncArtifact", "ConfigMap"}, kind) && object.GetName() != "kube-root-ca.crt" {
		if len(owners) != 1 || owners[0].Kind != v1alpha1.KindSyncRun || owners[0].Name != "hr-first" || owners[0].BlockOwnerDeletion != nil {
			w.Errorf("%s %s is owned by %+v, want its run", kind, object.GetName(), owners)
		}
		return
	}
	if len(owners) != 0 {
		w.Errorf("%s %s is owned by %+v, want nobody", kind, object.GetName(), owners)
	}
}

// TestRunForATaskThatIsMadeAgain applies a task and a run while the first task
// of that name is still ending its execution, as a delete followed by an apply does.
// Whether the history of the first one goes with it makes no difference to that run.
func TestRunForATaskThatIsMadeAgain(t *testing.T) {
	t.Parallel()
	for policy, sequence := range map[v1alpha1.TaskDeletionPolicy]int64{v1alpha1.OnTaskDeletionKeep: 2, v1alpha1.OnTaskDeletionDelete: 1} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			replaceTask(t, policy, sequence)
		})
	}
}

func replaceTask(t *testing.T, policy v1alpha1.TaskDeletionPolicy, sequence int64) {
	w := newWorld(t)
	first := w.started("hr", "hr-first")
	w.tell(first, 1, report.Report{Stage: report.Applying, Done: 1, Total: 2})
	w.settleRun("hr-first")
	task := w.settleTask("hr")
	w.update(task, func() { task.Spec.History.OnTaskDeletion = policy })
	w.remove(task)
	w.settleDeleted("hr")

	// The API server stamps whole seconds.
	<-time.After(time.Until(w.task("hr").DeletionTimestamp.Add(time.Second)))
	w.create(newRun("hr", "hr-second"))
	second := w.settleRun("hr-second")
	w.expect(second, v1alpha1.PhasePending, v1alpha1.ReasonTaskNotFound)
	if !strings.Contains(second.Status.Message, "is being deleted") {
		t.Errorf("message %q does not say why the task is not found", second.Status.Message)
	}

	facts := success(w.clock.Now())
	facts.Outcome.Result, facts.Outcome.Reason = report.Cancelled, string(v1alpha1.ReasonTaskDeleted)
	w.tell(first, 1, facts)
	w.expect(w.settleRun("hr-first"), v1alpha1.PhaseCancelled, v1alpha1.ReasonTaskDeleted)
	w.settleDeleted("hr")
	if !w.exists(second) {
		t.Fatal("the run that waits for the next task of that name was deleted with the old task")
	}
	w.expect(w.settleRun("hr-second"), v1alpha1.PhasePending, v1alpha1.ReasonTaskNotFound)
	w.create(newTask("hr"))
	w.settleTask("hr")
	second = w.settleRun("hr-second")
	w.expect(second, v1alpha1.PhasePending, v1alpha1.ReasonWaitingForPod)
	if second.Status.Sequence != sequence {
		t.Errorf("the sequence is %d, want %d", second.Status.Sequence, sequence)
	}
}

// TestHoldWhereGitRevertsSuspend: the annotation stops a task for as long as it
// is there, whatever somebody does to the spec meanwhile.
func TestHoldWhereGitRevertsSuspend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.started("hr", "hr-first")
	w.tell(run, 1, report.Report{Stage: report.Applying, Done: 10, Total: 100})
	task := w.task("hr")
	w.update(task, func() {
		metav1.SetMetaDataAnnotation(&task.ObjectMeta, v1alpha1.AnnotationHold, "wrong filter")
		task.Spec.Suspend = true
	})
	w.expect(w.settleRun("hr-first"), v1alpha1.PhaseApplying, v1alpha1.ReasonStopping)
	w.update(task, func() { task.Spec.Suspend = false }) // this is what Git says
	w.expect(w.settleRun("hr-first"), v1alpha1.PhaseApplying, v1alpha1.ReasonStopping)
	facts := success(w.clock.Now())
	facts.Outcome = &report.Outcome{Result: report.Cancelled, Reason: string(v1alpha1.ReasonCancelled), Message: "10 of 100 operations were done.", EndTime: w.clock.Now()}
	w.tell(run, 1, facts)
	w.expect(w.settleRun("hr-first"), v1alpha1.PhaseCancelled, v1alpha1.ReasonCancelled)

	w.create(newRun("hr", "hr-second"))
	w.settleTask("hr")
	w.expect(w.settleRun("hr-second"), v1alpha1.PhasePending, v1alpha1.ReasonTaskHeld)
	if w.job("hr-second", 1) != nil {
		t.Fatal("a held task has started a Job")
	}
	w.update(task, func() { delete(task.Annotations, v1alpha1.AnnotationHold) })
	w.settleTask("hr")
	w.expect(w.settleRun("hr-second"), v1alpha1.PhasePending, v1alpha1.ReasonWaitingForPod)
}

// TestRunOfAnOlderGeneration: a run never starts from a definition that nobody
// has judged, also when the one before was fine.
func TestRunOfAnOlderGeneration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(newTask("hr"))
	task := w.settleTask("hr")
	w.update(task, func() { task.Spec.Execution.Approval = v1alpha1.ApprovalFourEyes })
	w.create(newRun("hr", "hr-first"))
	w.expect(w.settleRun("hr-first"), v1alpha1.PhasePending, v1alpha1.ReasonTaskNotReady)
	w.update(task, func() { task.Spec.Execution.Approval = v1alpha1.ApprovalNone })
	w.settleTask("hr")
	w.expect(w.settleRun("hr-first"), v1alpha1.PhasePending, v1alpha1.ReasonWaitingForPod)
	if got := w.run("hr-first").Status.Task.Generation; got != 3 {
		t.Errorf("generation %d was executed, want 3", got)
	}
}
