package syncrun_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// person types kubectl in the world's namespace.
type person struct {
	*world
	kubeconfig string
}

func newPerson(w *world) *person {
	w.Helper()
	file := filepath.Join(w.TempDir(), "kubeconfig")
	err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"test": {Server: server.Config.Host, CertificateAuthorityData: server.Config.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"test": {ClientCertificateData: server.Config.CertData, ClientKeyData: server.Config.KeyData}},
		Contexts:       map[string]*clientcmdapi.Context{"test": {Cluster: "test", AuthInfo: "test", Namespace: w.namespace}},
		CurrentContext: "test",
	}, file)
	if err != nil {
		w.Fatal(err)
	}
	return &person{w, file}
}

// kubectl gives a manifest to the real kubectl, and answers with all that it says.
func (p *person) kubectl(manifest string, arguments ...string) (string, error) {
	p.Helper()
	command := exec.CommandContext(p.Context(), filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kubectl"), append(arguments, "-f", "-")...)
	command.Env = append(os.Environ(), "KUBECONFIG="+p.kubeconfig, "HOME="+p.TempDir())
	command.Stdin = strings.NewReader(manifest)
	output, err := command.CombinedOutput()
	return string(output), err
}

// does is kubectl with a manifest that must be taken.
func (p *person) does(manifest string, arguments ...string) string {
	p.Helper()
	said, err := p.kubectl(manifest, arguments...)
	if err != nil {
		p.Fatalf("kubectl %s: %v: %s", strings.Join(arguments, " "), err, said)
	}
	return said
}

// jobs are the names of the Jobs in the namespace.
func (w *world) jobs() []string {
	w.Helper()
	var list batchv1.JobList
	if err := w.client.List(w.Context(), &list, client.InNamespace(w.namespace)); err != nil {
		w.Fatal(err)
	}
	var names []string
	for _, job := range list.Items {
		names = append(names, job.Name)
	}
	return names
}

const firstManifest = `
apiVersion: synccenter.dev/v1alpha1
kind: SyncRun
metadata:
  name: hr-first
spec:
  taskRef: {name: hr}
`

// TestApplyTwice applies one manifest again and again, before, while and after
// it is executed. Nothing comes of that, by either kind of apply.
func TestApplyTwice(t *testing.T) {
	t.Parallel()
	for name, apply := range map[string][]string{"kubectl apply": {"apply"}, "kubectl apply --server-side": {"apply", "--server-side"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPerson(newWorld(t))
			p.create(newTask("hr"))
			p.settleTask("hr")
			p.does(firstManifest, apply...)
			p.does(firstManifest, apply...)
			p.expect(p.settleRun("hr-first"), v1alpha1.PhasePending, v1alpha1.ReasonWaitingForPod)
			p.does(firstManifest, apply...)
			p.tell(p.settleRun("hr-first"), 1, success(p.clock.Now()))
			done := p.settleRun("hr-first")
			p.expect(done, v1alpha1.PhaseSucceeded, v1alpha1.ReasonSucceeded)

			if said := p.does(firstManifest, apply...); apply[len(apply)-1] == "apply" && !strings.Contains(said, "unchanged") {
				t.Errorf("kubectl says %q, want unchanged", said)
			}
			again := p.settleRun("hr-first")
			p.expect(again, v1alpha1.PhaseSucceeded, v1alpha1.ReasonSucceeded)
			if again.UID != done.UID || again.Generation != 1 || again.Annotations[v1alpha1.AnnotationAcceptedUID] != string(done.UID) {
				t.Errorf("the run after it was applied again: %+v", again.ObjectMeta)
			}
			if jobs := p.jobs(); len(jobs) != 1 {
				t.Errorf("there are the Jobs %v, want one", jobs)
			}
			if last := p.task("hr").Status.LastSequence; last != 1 {
				t.Errorf("the last sequence is %d, want 1", last)
			}
		})
	}
}

// TestApplyOfAChangedRun: a run executes once, so its manifest cannot change.
func TestApplyOfAChangedRun(t *testing.T) {
	t.Parallel()
	for name, apply := range map[string][]string{"kubectl apply": {"apply"}, "kubectl apply --server-side": {"apply", "--server-side"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPerson(newWorld(t))
			p.does(firstManifest, apply...)
			said, err := p.kubectl(firstManifest+"  guardOverride: {reason: reorganisation, removals: {count: 4000}}\n", apply...)
			if err == nil || !strings.Contains(said, "immutable but for cancel, since a run executes once; make a new SyncRun") {
				t.Errorf("a changed run was not refused with what to do: %v: %s", err, said)
			}
			p.does(firstManifest+"  cancel: true\n", apply...)
		})
	}
}

// TestCreateWithGenerateName: each create executes anew, and apply cannot.
func TestCreateWithGenerateName(t *testing.T) {
	t.Parallel()
	p := newPerson(newWorld(t))
	p.create(newTask("hr"))
	p.settleTask("hr")
	manifest := strings.Replace(firstManifest, "name: hr-first", "generateName: hr-", 1)
	if said, err := p.kubectl(manifest, "apply"); err == nil {
		t.Errorf("kubectl apply took generateName: %s", said)
	}
	for sequence := int64(1); sequence <= 2; sequence++ {
		name := strings.TrimPrefix(strings.TrimSpace(p.does(manifest, "create", "-o", "name")), "syncrun.synccenter.dev/")
		if !strings.HasPrefix(name, "hr-") {
			t.Fatalf("the run is named %q", name)
		}
		run := p.settleRun(name)
		if run.Status.Sequence != sequence {
			t.Fatalf("run %s has sequence %d, want %d", name, run.Status.Sequence, sequence)
		}
		p.tell(run, 1, success(p.clock.Now()))
		p.expect(p.settleRun(name), v1alpha1.PhaseSucceeded, v1alpha1.ReasonSucceeded)
	}
}

// TestDeleteAndApplyAgain executes again, under the same name and with nothing
// of the first run: its Job, its definition and its report are met by nobody.
func TestDeleteAndApplyAgain(t *testing.T) {
	t.Parallel()
	p := newPerson(newWorld(t))
	task := newTask("hr")
	p.create(task)
	p.settleTask("hr")
	p.does(firstManifest, "apply")
	first := p.settleRun("hr-first")
	p.tell(first, 1, success(p.clock.Now()))
	first = p.settleRun("hr-first")
	p.settleTask("hr")
	p.does(firstManifest, "delete")
	task = p.task("hr")
	p.update(task, func() { task.Spec.Execution.BackoffLimit = new(int32(5)) })
	p.settleTask("hr")

	// Nobody collects the garbage here, so the first run's Job and artifacts are still there.
	p.does(firstManifest, "apply")
	second := p.settleRun("hr-first")
	if second.UID == first.UID || second.Status.Sequence != 2 {
		t.Fatalf("the second run: uid %s, status %+v", second.UID, second.Status)
	}
	p.expect(second, v1alpha1.PhasePending, v1alpha1.ReasonWaitingForPod)
	if !strings.Contains(second.Status.Message, `Job "hr-first-1" exists and belongs to something else`) {
		t.Errorf("message %q does not say what the run waits for", second.Status.Message)
	}
	p.remove(p.job("hr-first", 1))
	second = p.settleRun("hr-first")
	job := p.job("hr-first", 1)
	if job == nil || job.OwnerReferences[0].UID != second.UID || *job.Spec.BackoffLimit != 5 {
		t.Fatalf("the second run does not execute its own definition: %+v", job)
	}
	if second.Status.Task == nil || second.Status.Task.Generation != task.Generation {
		t.Errorf("the second run says that it executes %+v, want generation %d", second.Status.Task, task.Generation)
	}
	p.tell(second, 1, success(p.clock.Now()))
	p.expect(p.settleRun("hr-first"), v1alpha1.PhaseSucceeded, v1alpha1.ReasonSucceeded)
	if executions := p.settleTask("hr").Status.RecentExecutions; len(executions) != 2 || executions[0].UID != second.UID {
		t.Errorf("the recent executions are %+v, want both", executions)
	}
}
