package cli

import (
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// TestCancelIsNotTakenForKubectl looks at who the API server thinks has cancelled a run: Flux takes back what a manager whose name begins
// with kubectl has written (hack/gitops tries that), and the program's name is kubectl-synccenter.
func TestCancelIsNotTakenForKubectl(t *testing.T) {
	p := newPerson(t)
	run := p.run(t, "hr-1", "hr", working(v1alpha1.PhaseApplying, 1, 2))
	p.succeeds(t, "cancel", "hr-1")
	if err := server.Client.Get(t.Context(), client.ObjectKeyFromObject(run), run); err != nil {
		t.Fatal(err)
	}
	if !run.Spec.Cancel {
		t.Error("the run is not cancelled")
	}
	var managers []string
	for _, entry := range run.ManagedFields {
		if strings.Contains(entry.FieldsV1.GetRawString(), `"f:cancel"`) && entry.Manager == "synccenter-plugin" {
			return
		}
		managers = append(managers, entry.Manager)
	}
	t.Errorf("the plugin's name is not among those who wrote the run: %s", strings.Join(managers, ", "))
}
