//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// TestPodKilledWhileApplying loses the runner's pod at several points of a first load, by a crash and by a deletion without grace. The next pod
// finishes the same plan: each operation has one record, and everybody is there once.
func TestPodKilledWhileApplying(t *testing.T) {
	t.Parallel()
	const size = 60
	points := map[string]struct {
		people int
		kill   func(*world, *v1alpha1.SyncRun)
	}{
		"at-0":  {0, (*world).crash},
		"at-10": {size / 10, (*world).deletePod},
		"at-50": {size / 2, (*world).crash},
		"at-80": {size * 8 / 10, (*world).deletePod},
	}
	w := newWorld(t)
	w.directory("source", directoryOptions{ldif: crowd(size)})
	var names []string
	for name := range points {
		names = append(names, name)
	}
	target := w.directory("target", directoryOptions{ldif: bases(names...)})
	for name, point := range points {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{T: t, namespace: w.namespace}
			target := &directory{world: w, name: target.name}
			w.task("company.yaml", name, into(name), slowly(6))
			w.start(name, name)
			digest := w.awaitPeople(name, target, name, point.people)
			var run v1alpha1.SyncRun
			w.get(name, &run)
			first := w.podsOf(t.Context(), name)[0].Name
			point.kill(w, &run)

			records := w.succeeded(name)
			if !slices.ContainsFunc(w.podsOf(t.Context(), name), func(pod corev1.Pod) bool { return pod.Name != first }) {
				t.Errorf("run %s ended in its first pod: it was not killed in time", name)
			}
			w.expectTally(name, records, map[string]int{"CreateDepartment Succeeded": teams, "CreateUser Succeeded": size})
			w.get(name, &run)
			if run.Status.Plan.Digest != digest || run.Status.Plan.Operations != size+teams {
				t.Errorf("the plan is %+v, and was %s with %d operations before the pod was killed", run.Status.Plan, digest, size+teams)
			}
			if diff := cmp.Diff(logins(1, size), target.people(target.connect(), "ou="+name+","+suffix)); diff != "" {
				t.Errorf("people in the target (-want +got):\n%s", diff)
			}
		})
	}
}

// awaitPeople waits until a run has stored its plan and that many people are below a base of the target. It answers with the plan's digest.
func (w *world) awaitPeople(run string, target *directory, base string, people int) v1alpha1.Digest {
	w.Helper()
	applying := until(w, "run "+run+" to apply", run, &v1alpha1.SyncRun{}, func(r *v1alpha1.SyncRun) bool { return r.Status.Plan != nil })
	conn := target.connect()
	w.eventually(fmt.Sprintf("%d people of run %s in the target", people, run), func(context.Context) (bool, error) {
		return len(target.people(conn, "ou="+base+","+suffix)) >= people, nil
	})
	return applying.Status.Plan.Digest
}

// podsOf are the pods of a run that are still known.
func (w *world) podsOf(ctx context.Context, run string) []corev1.Pod {
	w.Helper()
	var pods corev1.PodList
	if err := cluster.client.List(ctx, &pods, client.InNamespace(w.namespace), client.MatchingLabels{v1alpha1.LabelRun: run}); err != nil {
		w.Fatalf("listing the pods of run %s: %v", run, err)
	}
	return pods.Items
}

// deletePod deletes a run's pod without grace: the next pod may begin while this one is still ending.
func (w *world) deletePod(run *v1alpha1.SyncRun) {
	w.Helper()
	for _, pod := range w.podsOf(w.Context(), run.Name) {
		if err := cluster.client.Delete(w.Context(), &pod, client.GracePeriodSeconds(0)); err != nil {
			w.Fatalf("deleting pod %s: %v", pod.Name, err)
		}
	}
}

// crash ends a run's process without a chance to say goodbye. The nodes of the test cluster are namespaces of this machine, so its process is
// one of ours; of a node elsewhere the pod is deleted.
func (w *world) crash(run *v1alpha1.SyncRun) {
	w.Helper()
	if os.Getenv("E2E_CLUSTER") == "" {
		w.deletePod(run)
		return
	}
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		w.Fatal(err)
	}
	for _, path := range commands {
		command, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(command, []byte("--run-uid="+string(run.UID)+"\x00")) {
			continue // another process, or one that has just ended
		}
		number, err := strconv.Atoi(strings.Split(path, "/")[2])
		if err == nil {
			err = syscall.Kill(number, syscall.SIGKILL)
		}
		if err != nil {
			w.Fatalf("killing the runner of %s, process %d: %v", run.Name, number, err)
		}
		return
	}
	w.Fatalf("no process of run %s on this machine", run.Name)
}
