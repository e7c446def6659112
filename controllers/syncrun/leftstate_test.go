package syncrun_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/lease"
)

// commandsOf are the blocks of shell commands below a heading of a page.
func commandsOf(t *testing.T, page, heading string) []string {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(data), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no heading %q", page, heading)
	}
	if next := regexp.MustCompile(`(?m)^#`).FindStringIndex(section); next != nil {
		section = section[:next[0]]
	}
	var blocks []string
	for _, match := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(section, -1) {
		blocks = append(blocks, match[1])
	}
	return blocks
}

// types runs shell commands in the world's namespace, as they stand on a page.
func (p *person) types(commands string) string {
	p.Helper()
	shell := exec.CommandContext(p.Context(), "sh", "-ec", commands)
	shell.Env = append(os.Environ(), "KUBECONFIG="+p.kubeconfig, "HOME="+p.TempDir(), "PATH="+os.Getenv("KUBEBUILDER_ASSETS")+string(filepath.ListSeparator)+os.Getenv("PATH"))
	output, err := shell.CombinedOutput()
	if err != nil {
		p.Fatalf("%s: %v: %s", commands, err, output)
	}
	return string(output)
}

// TestWhatDeletedTasksLeave types what docs/history.md says about the state of a
// deleted task: it is seen, and goes alone or with the history, and nothing of
// another task does.
func TestWhatDeletedTasksLeave(t *testing.T) {
	t.Parallel()
	blocks := commandsOf(t, "../../docs/history.md", "### What deleted tasks leave")
	if len(blocks) != 3 {
		t.Fatalf("docs/history.md has %d blocks of commands there, this test knows three", len(blocks))
	}
	see, removeAll, removeState := blocks[0], blocks[1], blocks[2]
	for _, test := range []struct {
		name, commands string
		runs, others   int
	}{
		{name: "all", commands: removeAll},
		{name: "the state alone", commands: removeState, runs: 1, others: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newPerson(newWorld(t))
			for _, name := range []string{"hr", "payroll"} {
				p.create(newTask(name))
				p.settleTask(name)
				p.create(newRun(name, name+"-first"))
				run := p.settleRun(name + "-first")
				p.tell(run, 1, success(p.clock.Now()))
				p.settleRun(run.Name)
				p.create(&coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: lease.Name(p.namespace + "/" + name), Labels: map[string]string{v1alpha1.LabelTask: name}}})
			}
			p.saveState(p.namespace+"/hr", []byte("links"))
			p.saveStateOf("payroll", p.namespace+"/payroll", []byte("links"))
			p.remove(p.task("hr"))
			p.settleDeleted("hr")

			if said := p.types(see); !strings.Contains(said, "owner-") || !strings.Contains(said, "run-") || !strings.Contains(said, "payroll") {
				t.Errorf("what is stored is seen as:\n%s", said)
			}
			before := p.stored("payroll")
			p.types(test.commands)
			if left := p.stateOf(p.namespace + "/hr"); left != 0 {
				t.Errorf("%d objects of the state are left", left)
			}
			if runs := p.runsOf("hr"); len(runs) != test.runs {
				t.Errorf("%d runs are left, want %d", len(runs), test.runs)
			}
			if left := p.stored("hr"); (left > 0) != (test.others > 0) {
				t.Errorf("%d objects of the deleted task are left", left)
			}
			if left := p.leasesOf("hr"); left != test.runs || p.leasesOf("payroll") != 1 {
				t.Errorf("%d Leases of the deleted task are left, want %d", left, test.runs)
			}
			if after := p.stored("payroll"); after != before || len(p.runsOf("payroll")) != 1 {
				t.Errorf("of another task %d objects are left, and there were %d", after, before)
			}
		})
	}
}

// leasesOf counts the Leases of a task.
func (w *world) leasesOf(task string) int {
	w.Helper()
	var leases coordinationv1.LeaseList
	if err := w.client.List(w.Context(), &leases, client.InNamespace(w.namespace), client.MatchingLabels{v1alpha1.LabelTask: task}); err != nil {
		w.Fatal(err)
	}
	return len(leases.Items)
}

// stored counts what is stored of a task.
func (w *world) stored(task string) int {
	w.Helper()
	count := 0
	err := cluster.Visit(w.Context(), w.client, w.namespace, func(cluster.Item) { count++ }, client.MatchingLabels{v1alpha1.LabelTask: task})
	if err != nil {
		w.Fatal(err)
	}
	return count
}
